"""Groups: some members of an experiment under one name."""

from __future__ import annotations

from collections.abc import Iterable

from sutler.auth import store
from sutler.auth.errors import GroupExistsError, GroupNotFoundError, UserNotFoundError
from sutler.auth.model import Action, AuthEvent, Group, Principal, Thing
from sutler.auth.operations.experiments import get_experiment_in
from sutler.auth.permission import permit
from sutler.auth.rules import check_group_name, list_computed_groups
from sutler.base.errors import InvalidInputError, Problem
from sutler.base.events import Event
from sutler.database import Database, Tx


async def create_group(db: Database, who: Principal, *, experiment: str, name: str, description: str = "") -> Group:
    """Make a group without members. Its name is unique in the installation.

    Raises ExperimentNotFoundError, NotPermittedError, InvalidInputError, GroupExistsError.
    """
    check_group_name(name)
    async with db.write() as tx:
        found = await get_experiment_in(tx, name=experiment)
        permit(who, Action.MANAGE_MEMBERS, Thing("experiment", found.id))
        group = await store.insert_group(tx, experiment_id=found.id, name=name, description=description)
        if group is None:
            raise GroupExistsError(f"There is a group {name} already.", name=name)
        await tx.record(Event(AuthEvent.GROUP_CREATED, "group", name, found.id, {"name": name}), who)
        return group


async def set_group_member(db: Database, who: Principal, *, name: str, username: str, is_member: bool) -> None:
    """Put a user into a group or take the user out. Takes effect at once, for tokens given out too.

    Only members of the experiment can be put into its groups, and count only as long as they are members of it.
    Setting what is already so changes nothing. Raises GroupNotFoundError, NotPermittedError, UserNotFoundError,
    InvalidInputError.
    """
    async with db.write() as tx:
        group = await store.find_group(tx, name=name)
        if group is None:
            raise GroupNotFoundError("group", name)
        permit(who, Action.MANAGE_MEMBERS, Thing("experiment", group.experiment_id))
        user = await store.find_user(tx, username=username)
        if user is None:
            raise UserNotFoundError("user", username)
        if is_member:
            await _check_membership(tx, group, username)
            has_changed = await store.insert_group_member(tx, name=name, user_id=user.id)
        else:
            has_changed = await store.delete_group_member(tx, name=name, user_id=user.id)
        if has_changed:
            facts: dict[str, object] = {"username": username, "group": name, "is_member": is_member}
            kind = AuthEvent.GROUP_MEMBER_CHANGED
            await tx.record(Event(kind, "user", str(user.id), group.experiment_id, facts), who)


async def list_groups(db: Database, who: Principal, *, experiment: str) -> list[Group]:
    """Return the groups of an experiment by name, those that follow from roles first.

    Raises ExperimentNotFoundError, NotPermittedError.
    """
    async with db.read() as tx:
        found = await get_experiment_in(tx, name=experiment)
        permit(who, Action.VIEW, Thing("experiment", found.id))
        members = await store.list_members(tx, experiment_id=found.id)
        return [*list_computed_groups(found, members), *await store.list_groups(tx, experiment_id=found.id)]


async def list_unknown_groups_in(tx: Tx, *, experiment_id: int, names: Iterable[str]) -> list[str]:
    """Return those names that are no groups of the experiment, computed or not, in order."""
    experiments = [found for found in await store.list_experiments(tx) if found.id == experiment_id]
    known = {group.name for found in experiments for group in list_computed_groups(found, [])}
    known |= {group.name for group in await store.list_groups(tx, experiment_id=experiment_id)}
    return sorted(set(names) - known)


async def _check_membership(tx: Tx, group: Group, username: str) -> None:
    members = await store.list_members(tx, experiment_id=group.experiment_id)
    if username not in {member.username for member in members}:
        what = f"{username} is no member of the experiment that the group {group.name} belongs to"
        raise InvalidInputError([Problem("username", what)])
