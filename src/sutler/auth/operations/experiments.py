"""Experiments and their members."""

from __future__ import annotations

from sutler.auth import store
from sutler.auth.errors import ExperimentExistsError, ExperimentNotFoundError, UserNotFoundError
from sutler.auth.model import SYSTEM, Action, AuthEvent, Experiment, Member, Principal, Role, Thing, TokenKind, User
from sutler.auth.permission import permit
from sutler.auth.rules import check_experiment_name
from sutler.base.events import Event
from sutler.database import Actor, Database, Tx

INSTALLATION = Thing("installation", None)


async def create_experiment(db: Database, who: Principal, *, name: str, full_name: str = "") -> Experiment:
    """Make an experiment; its maker becomes superuser of it.

    Raises NotPermittedError, InvalidInputError, ExperimentExistsError.
    """
    permit(who, Action.ADMINISTER, INSTALLATION)
    check_experiment_name(name)
    async with db.write() as tx:
        experiment = await create_experiment_in(tx, actor=who, name=name, full_name=full_name)
        if experiment is None:
            raise ExperimentExistsError(f"There is an experiment {name} already.", name=name)
        maker = None if who is SYSTEM else await store.find_user_by_id(tx, user_id=who.user_id)
        if maker is not None:
            await set_member_in(tx, actor=who, experiment=experiment, user=maker, role=Role.SUPERUSER)
        return experiment


async def create_experiment_in(tx: Tx, *, actor: Actor, name: str, full_name: str) -> Experiment | None:
    """Make an experiment without members. None if the name is taken."""
    experiment = await store.insert_experiment(tx, name=name, full_name=full_name)
    if experiment is not None:
        await tx.record(
            Event(
                kind=AuthEvent.EXPERIMENT_CREATED,
                subject_kind="experiment",
                subject_id=str(experiment.id),
                experiment_id=experiment.id,
                facts={"name": name},
            ),
            actor,
        )
    return experiment


async def list_experiments(db: Database, who: Principal) -> list[Experiment]:
    """Return the experiments that somebody is a member of, by name; all of them to an administrator."""
    async with db.read() as tx:
        return await list_experiments_in(tx, who)


async def list_experiments_in(tx: Tx, who: Principal) -> list[Experiment]:
    """As `list_experiments`, inside a transaction."""
    permit(who, Action.ANYONE if who.kind is not TokenKind.JOB else Action.VIEW, _of_list(who))
    found = await store.list_experiments(tx)
    return [experiment for experiment in found if who.is_admin or experiment.id in who.roles]


def _of_list(who: Principal) -> Thing:
    """A job may list its own experiment; everybody else any they are in."""
    experiment_id = next(iter(who.roles), None) if who.kind is TokenKind.JOB else None
    return Thing("list of experiments", experiment_id)


async def find_experiment_in(tx: Tx, *, name: str) -> Experiment | None:
    """Look an experiment up by name."""
    return await store.find_experiment(tx, name=name)


async def get_experiment_in(tx: Tx, *, name: str) -> Experiment:
    """Look an experiment up by name. Raises ExperimentNotFoundError."""
    experiment = await store.find_experiment(tx, name=name)
    if experiment is None:
        raise ExperimentNotFoundError("experiment", name)
    return experiment


async def list_members(db: Database, who: Principal, *, experiment: str) -> list[Member]:
    """Return the members of an experiment by name. Raises ExperimentNotFoundError, NotPermittedError."""
    async with db.read() as tx:
        found = await get_experiment_in(tx, name=experiment)
        permit(who, Action.VIEW, Thing("experiment", found.id))
        return await store.list_members(tx, experiment_id=found.id)


async def set_member(db: Database, who: Principal, *, experiment: str, username: str, role: Role | None) -> None:
    """Make a user a member in a role, or none at all with role None. Takes effect at once, for tokens given out too.

    Setting what is already so changes nothing. Raises ExperimentNotFoundError, NotPermittedError, UserNotFoundError.
    """
    async with db.write() as tx:
        found = await get_experiment_in(tx, name=experiment)
        permit(who, Action.MANAGE_MEMBERS, Thing("experiment", found.id))
        user = await store.find_user(tx, username=username)
        if user is None:
            raise UserNotFoundError("user", username)
        await set_member_in(tx, actor=who, experiment=found, user=user, role=role)


async def set_member_in(tx: Tx, *, actor: Actor, experiment: Experiment, user: User, role: Role | None) -> bool:
    """Make a user a member in a role, or none at all. False if nothing had to change."""
    if role is None:
        has_changed = await store.delete_membership(tx, experiment_id=experiment.id, user_id=user.id)
    else:
        has_changed = await store.set_membership(tx, experiment_id=experiment.id, user_id=user.id, role=role)
    if has_changed:
        await tx.record(
            Event(
                kind=AuthEvent.MEMBER_CHANGED,
                subject_kind="user",
                subject_id=str(user.id),
                experiment_id=experiment.id,
                facts={"username": user.username, "role": None if role is None else role.value},
            ),
            actor,
        )
    return has_changed
