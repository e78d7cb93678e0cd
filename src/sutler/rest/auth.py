"""Signing in, tokens, users, experiments, their members and the services that they use."""

from __future__ import annotations

from uuid import UUID

from fastapi import APIRouter

from sutler import auth
from sutler.rest import services as experiment_services
from sutler.rest.context import Here, Once, Open
from sutler.rest.showing import show, show_all
from sutler.wire import auth as wire
from sutler.wire.page import Page


def add_routes(router: APIRouter) -> None:
    """Add the routes of this room."""
    router.post("/tokens", status_code=201)(sign_in)
    router.get("/tokens")(list_tokens)
    router.delete("/tokens/current", status_code=204)(sign_out)
    router.delete("/tokens/{jti}", status_code=204)(revoke_token)
    router.post("/api_tokens", status_code=201)(create_token)
    router.get("/whoami")(whoami)
    router.get("/users")(list_users)
    router.post("/users", status_code=201)(create_user)
    router.post("/users/{username}/password", status_code=204)(change_password)
    router.get("/experiments")(list_experiments)
    router.post("/experiments", status_code=201)(create_experiment)
    router.get("/experiments/{name}/members")(list_members)
    router.put("/experiments/{name}/members/{username}", status_code=204)(set_member)
    router.delete("/experiments/{name}/members/{username}", status_code=204)(remove_member)
    experiment_services.add_routes(router)
    router.get("/groups")(list_groups)
    router.post("/groups", status_code=201)(create_group)
    router.put("/groups/{name}/members/{username}", status_code=204)(add_group_member)
    router.delete("/groups/{name}/members/{username}", status_code=204)(remove_group_member)


async def sign_in(services: Open, body: wire.SignIn) -> wire.IssuedToken:
    """Sign in with a password. The token is good for seven days."""
    issued = await auth.sign_in(services.db, services.signer, username=body.username, password=body.password)
    return _show_issued(issued)


async def list_tokens(here: Here) -> Page[wire.TokenRecord]:
    """List one's own tokens that are not expired, without their texts."""
    return Page(tuple(_show_token(record) for record in await auth.list_tokens(here.db, here.who)))


async def sign_out(here: Here) -> None:
    """Take back the token that the request carries."""
    await auth.sign_out(here.db, here.who)


async def revoke_token(here: Here, jti: UUID) -> None:
    """Take back a token."""
    await auth.revoke_token(here.db, here.who, jti=jti)


async def create_token(here: Here, body: wire.NewToken) -> wire.IssuedToken:
    """Make a token of one's own, for scripts."""
    issued = await auth.create_token(here.db, here.services.signer, here.who, label=body.label, days=body.days)
    return _show_issued(issued)


async def whoami(here: Here) -> wire.Identity:
    """Say who the token belongs to, with the roles held now."""
    who = here.who
    auth.permit(who, auth.Action.ANYONE, auth.Thing("own identity", None, owner_id=who.user_id))
    memberships = (wire.Membership(who.experiments[key], role) for key, role in who.roles.items())
    return show(
        wire.Identity,
        who,
        token_kind=who.kind,
        memberships=tuple(sorted(memberships, key=lambda membership: membership.experiment)),
        groups=tuple(sorted(who.groups)),
    )


async def list_users(here: Here) -> Page[wire.User]:
    """List all users."""
    return Page(show_all(wire.User, await auth.list_users(here.db, here.who)))


async def create_user(here: Here, body: wire.NewUser) -> wire.User:
    """Make a user, who is a member of no experiment yet."""
    return show(wire.User, await auth.create_user(here.db, here.who, **vars(body)))


async def change_password(here: Here, username: str, body: wire.NewPassword) -> None:
    """Set the password of a user."""
    await auth.change_password(here.db, here.who, username=username, **vars(body))


async def list_experiments(here: Here) -> Page[wire.Experiment]:
    """List the experiments that the caller is a member of; all of them for administrators."""
    return Page(show_all(wire.Experiment, await auth.list_experiments(here.db, here.who)))


async def create_experiment(here: Once, body: wire.NewExperiment) -> wire.Experiment:
    """Make an experiment. Its maker becomes superuser of it."""
    return show(wire.Experiment, await auth.create_experiment(here.db, here.who, **vars(body)))


async def list_members(here: Here, name: str) -> Page[wire.Member]:
    """List the members of an experiment."""
    return Page(show_all(wire.Member, await auth.list_members(here.db, here.who, experiment=name)))


async def set_member(here: Here, name: str, username: str, body: wire.NewRole) -> None:
    """Make a user a member of an experiment in a role, or change the role."""
    role = auth.Role(body.role)
    await auth.set_member(here.db, here.who, experiment=name, username=username, role=role)


async def remove_member(here: Here, name: str, username: str) -> None:
    """End a membership."""
    await auth.set_member(here.db, here.who, experiment=name, username=username, role=None)


async def list_groups(here: Here, experiment: str) -> Page[wire.Group]:
    """List the groups of an experiment with their members, those that follow from roles first."""
    return Page(show_all(wire.Group, await auth.list_groups(here.db, here.who, experiment=experiment)))


async def create_group(here: Once, body: wire.NewGroup) -> wire.Group:
    """Make a group of members of an experiment."""
    return show(wire.Group, await auth.create_group(here.db, here.who, **vars(body)))


async def add_group_member(here: Here, name: str, username: str) -> None:
    """Put a member of the experiment into a group."""
    await auth.set_group_member(here.db, here.who, name=name, username=username, is_member=True)


async def remove_group_member(here: Here, name: str, username: str) -> None:
    """Take a user out of a group."""
    await auth.set_group_member(here.db, here.who, name=name, username=username, is_member=False)


def _show_issued(issued: auth.IssuedToken) -> wire.IssuedToken:
    return show(wire.IssuedToken, issued, token=issued.text, jti=str(issued.jti))


def _show_token(record: auth.TokenRecord) -> wire.TokenRecord:
    return show(wire.TokenRecord, record, jti=str(record.jti))
