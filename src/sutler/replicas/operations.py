"""The verbs of the room."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from sutler.auth import SYSTEM, Action, Principal, Role, Thing, get_experiment_in, may, permit
from sutler.base.did import Did
from sutler.base.events import Event
from sutler.database import Actor, Database, Tx
from sutler.replicas import store
from sutler.replicas.errors import RseExistsError, RseInUseError, RseNotFoundError
from sutler.replicas.model import NewReplica, Proximity, Replica, ReplicaEvent, Rse, Staging
from sutler.replicas.rules import check_replicas, check_rse, parse_proximity

MOST_COUNTED = 10_000


async def create_rse(
    db: Database,
    who: Principal,
    *,
    experiment: str,
    name: str,
    description: str = "",
    url_prefix: str = "",
    is_tape: bool = False,
    preference: int = 0,
    pin_url: str | None = None,
    poll_url: str | None = None,
    remove_prefix: str | None = None,
    add_prefix: str | None = None,
    pin_prefix: str | None = None,
    interface: str | None = None,
) -> Rse:
    """Make a storage element, enabled and available. It takes the role production.

    Raises ExperimentNotFoundError, NotPermittedError, InvalidInputError, RseExistsError.
    """
    async with db.write() as tx:
        experiment_id = (await get_experiment_in(tx, name=experiment)).id
        permit(who, Action.EDIT, _name_rse(experiment_id))
        check_rse(name, url_prefix)
        rse = await store.insert_rse(
            tx,
            experiment_id=experiment_id,
            name=name,
            description=description,
            url_prefix=url_prefix,
            is_tape=is_tape,
            preference=preference,
            staging=Staging(pin_url, poll_url, remove_prefix, add_prefix, pin_prefix, interface),
        )
        if rse is None:
            raise RseExistsError(f"The experiment {experiment} has a storage element {name} already.", name=name)
        await tx.record(_describe(ReplicaEvent.RSE_CREATED, rse, {"name": name}), who)
        tx.notify("neighbourhood", experiment_id)
        return rse


async def find_rse_in(tx: Tx, *, experiment_id: int, name: str) -> Rse | None:
    """Return the storage element of that name, or None."""
    return await store.find_rse(tx, experiment_id=experiment_id, name=name)


async def get_rse(db: Database, who: Principal, *, experiment: str, name: str) -> Rse:
    """Return a storage element. Raises ExperimentNotFoundError, NotPermittedError, RseNotFoundError."""
    async with db.read() as tx:
        experiment_id = (await get_experiment_in(tx, name=experiment)).id
        permit(who, Action.VIEW, Thing("experiment", experiment_id))
        rse = await store.find_rse(tx, experiment_id=experiment_id, name=name)
        if rse is None:
            raise RseNotFoundError("storage element", name)
        return rse


async def count_replicas(
    db: Database, who: Principal, *, experiment: str, name: str, at_most: int = MOST_COUNTED
) -> int:
    """Return how many replicas are on a storage element, counted no further than `at_most`.

    Raises ExperimentNotFoundError, NotPermittedError, RseNotFoundError.
    """
    async with db.read() as tx:
        experiment_id = (await get_experiment_in(tx, name=experiment)).id
        permit(who, Action.VIEW, Thing("experiment", experiment_id))
        rse = await store.find_rse(tx, experiment_id=experiment_id, name=name)
        if rse is None:
            raise RseNotFoundError("storage element", name)
        return await store.count_replicas(tx, rse_id=rse.id, at_most=at_most)


async def delete_rse(db: Database, who: Principal, *, experiment: str, name: str) -> None:
    """Delete a storage element without replicas. It takes the role production.

    Raises ExperimentNotFoundError, NotPermittedError, RseNotFoundError, RseInUseError.
    """
    async with db.write() as tx:
        experiment_id = (await get_experiment_in(tx, name=experiment)).id
        permit(who, Action.EDIT, _name_rse(experiment_id))
        rse = await store.lock_rse(tx, experiment_id=experiment_id, name=name)
        if rse is None:
            raise RseNotFoundError("storage element", name)
        # Whoever records a replica meanwhile waits for the lock, and then finds no storage element.
        if await store.has_replicas(tx, rse_id=rse.id):
            raise RseInUseError(name=name)
        await store.delete_rse(tx, rse_id=rse.id)
        await tx.record(_describe(ReplicaEvent.RSE_DELETED, rse, {"name": name}), who)
        tx.notify("neighbourhood", experiment_id)


async def set_proximity(db: Database, who: Principal, *, experiment: str, text: str) -> int:
    """Replace the map of distances of an experiment by one of lines `site,rse,number`; return how many pairs it has.

    Smaller is nearer, a negative number says never; DEFAULT stands for every site or storage element that has no line.
    Blank lines and lines that begin with # are passed over. It takes the role production.
    Raises ExperimentNotFoundError, NotPermittedError, and InvalidProximityError, which names the lines that are wrong;
    then the old map stays.
    """
    entries = parse_proximity(text)
    async with db.write() as tx:
        experiment_id = (await get_experiment_in(tx, name=experiment)).id
        permit(who, Action.EDIT, Thing("map of distances", experiment_id, owner_role=Role.PRODUCTION))
        await store.delete_proximity(tx, experiment_id=experiment_id)
        await store.insert_proximity(tx, experiment_id=experiment_id, entries=entries)
        facts: dict[str, object] = {"count": len(entries)}
        kind = ReplicaEvent.PROXIMITY_CHANGED
        await tx.record(Event(kind, "experiment", str(experiment_id), experiment_id, facts), who)
        tx.notify("neighbourhood", experiment_id)
        return len(entries)


async def list_proximity(db: Database, who: Principal, *, experiment: str) -> list[Proximity]:
    """Return how far the storage elements of an experiment are from its sites.

    Raises ExperimentNotFoundError, NotPermittedError.
    """
    async with db.read() as tx:
        experiment_id = (await get_experiment_in(tx, name=experiment)).id
        permit(who, Action.VIEW, Thing("experiment", experiment_id))
        return await store.list_proximity(tx, experiment_id=experiment_id)


async def update_rse(
    db: Database,
    who: Principal,
    *,
    experiment: str,
    name: str,
    description: str | None = None,
    url_prefix: str | None = None,
    is_enabled: bool | None = None,
    is_available: bool | None = None,
    is_tape: bool | None = None,
    preference: int | None = None,
    pin_url: str | None = None,
    poll_url: str | None = None,
    remove_prefix: str | None = None,
    add_prefix: str | None = None,
    pin_prefix: str | None = None,
    interface: str | None = None,
) -> Rse:
    """Change what is given and leave the rest. Returns the storage element as it is now.

    Disabling it, or saying that it is not available, makes all its replicas unusable at once.
    Raises ExperimentNotFoundError, NotPermittedError, RseNotFoundError, InvalidInputError.
    """
    wishes = {
        "description": description,
        "url_prefix": url_prefix,
        "is_enabled": is_enabled,
        "is_available": is_available,
        "is_tape": is_tape,
        "preference": preference,
        "pin_url": pin_url,
        "poll_url": poll_url,
        "remove_prefix": remove_prefix,
        "add_prefix": add_prefix,
        "pin_prefix": pin_prefix,
        "interface": interface,
    }
    async with db.write() as tx:
        experiment_id = (await get_experiment_in(tx, name=experiment)).id
        permit(who, Action.EDIT, _name_rse(experiment_id))
        check_rse(name, url_prefix or "")
        rse = await store.lock_rse(tx, experiment_id=experiment_id, name=name)
        if rse is None:
            raise RseNotFoundError("storage element", name)
        changed = _change(rse, wishes)
        if changed != rse:
            await store.update_rse(tx, rse=changed)
            facts = {"name": name, "is_enabled": changed.is_enabled, "is_available": changed.is_available}
            await tx.record(_describe(ReplicaEvent.RSE_CHANGED, changed, facts), who)
            tx.notify("neighbourhood", rse.experiment_id)
        return changed


async def list_rses(db: Database, who: Principal, *, experiment: str) -> list[Rse]:
    """Return the storage elements of an experiment, the preferred first.

    Raises ExperimentNotFoundError, NotPermittedError.
    """
    async with db.read() as tx:
        experiment_id = (await get_experiment_in(tx, name=experiment)).id
        permit(who, Action.VIEW, Thing("experiment", experiment_id))
        return await store.list_rses(tx, experiment_id=experiment_id)


async def list_usable_rse_ids_in(tx: Tx) -> frozenset[int]:
    """Return by number the storage elements, of all experiments, that can be read now."""
    return await store.list_usable_rse_ids(tx)


async def add_replicas(db: Database, who: Principal, *, experiment: str, replicas: Sequence[NewReplica]) -> int:
    """Record copies of files, all or none. Returns how many are new or changed.

    Every member may add copies; to change one that is recorded with another URL takes the role production.
    Raises ExperimentNotFoundError, NotPermittedError, InvalidReplicaError.
    """
    async with db.write() as tx:
        experiment_id = (await get_experiment_in(tx, name=experiment)).id
        permit(who, Action.DECLARE, Thing("experiment", experiment_id, owner_role=Role.ANALYSIS))
        recorded = Thing("recorded replica", experiment_id, owner_role=Role.PRODUCTION)
        may_change = may(who, Action.EDIT, recorded)
        wanted, rse_ids = await _check(tx, experiment_id, replicas)
        stored = await _store(tx, experiment_id, wanted, rse_ids, may_change=may_change, actor=who)
        # Asked after storing, so that a replica recorded by somebody else in between is seen as well.
        if not may_change and await store.count_differing(tx, replicas=wanted, rse_ids=rse_ids):
            permit(who, Action.EDIT, recorded)
        return stored


async def add_replicas_in(tx: Tx, *, experiment_id: int, replicas: Sequence[NewReplica], actor: Actor = SYSTEM) -> int:
    """Record copies of files, or change those that are recorded. Returns how many are new or changed.

    Asks for no permission. Raises InvalidReplicaError.
    """
    wanted, rse_ids = await _check(tx, experiment_id, replicas)
    return await _store(tx, experiment_id, wanted, rse_ids, may_change=True, actor=actor)


async def list_replicas(db: Database, who: Principal, *, dids: Sequence[Did]) -> list[Replica]:
    """Return the copies of files in the experiments that somebody may see, in the order of the files.

    Of one file the preferred copy comes first. Files without copies are simply not there.
    """
    everything = may(who, Action.ADMINISTER, Thing("installation", None))
    visible = [key for key in who.roles if may(who, Action.VIEW, Thing("experiment", key))]
    async with db.read() as tx:
        return await list_replicas_in(tx, dids=dids, experiment_ids=None if everything else visible)


async def list_replicas_in(
    tx: Tx, *, dids: Sequence[Did], experiment_ids: Sequence[int] | None = None
) -> list[Replica]:
    """Return the copies of files in the order of the files, the preferred first; all experiments unless named."""
    return await store.list_replicas(tx, dids=dids, experiment_ids=experiment_ids)


async def _check(tx: Tx, experiment_id: int, replicas: Sequence[NewReplica]) -> tuple[list[NewReplica], list[int]]:
    names = sorted({replica.rse for replica in replicas})
    rses = {rse.name: rse for rse in await store.list_rses_named(tx, experiment_id=experiment_id, names=names)}
    wanted = check_replicas(replicas, rses)
    return wanted, [rses[replica.rse].id for replica in wanted]


async def _store(
    tx: Tx,
    experiment_id: int,
    wanted: Sequence[NewReplica],
    rse_ids: Sequence[int],
    *,
    may_change: bool,
    actor: Actor,
) -> int:
    stored = await store.upsert_replicas(
        tx,
        experiment_id=experiment_id,
        replicas=wanted,
        rse_ids=rse_ids,
        may_change=may_change,
        actor=actor.username,
    )
    for rse in stored:
        tx.notify("rse", rse)
    return sum(stored.values())


def _change(rse: Rse, wishes: dict[str, str | bool | int | None]) -> Rse:
    given = {name: wish for name, wish in wishes.items() if wish is not None}
    return dataclasses.replace(rse, **given)  # type: ignore[arg-type]  # each name comes with its own type


def _name_rse(experiment_id: int) -> Thing:
    return Thing("storage element", experiment_id, owner_role=Role.PRODUCTION)


def _describe(kind: ReplicaEvent, rse: Rse, facts: dict[str, object]) -> Event:
    return Event(kind=kind, subject_kind="rse", subject_id=rse.name, experiment_id=rse.experiment_id, facts=facts)
