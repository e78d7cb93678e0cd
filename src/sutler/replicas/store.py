"""The statements of the room, one function each."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from sutler.base.did import Did
from sutler.database import Tx, into_list, into_optional, load_statements
from sutler.replicas.model import CopyChange, NewReplica, Proximity, Replica, Rse, Staging

_SQL = load_statements("sutler.replicas")


async def insert_rse(
    tx: Tx,
    *,
    experiment_id: int,
    name: str,
    url_prefix: str,
    description: str = "",
    is_tape: bool = False,
    preference: int = 0,
    staging: Staging | None = None,
) -> Rse | None:
    """Make a storage element. None if the experiment has one of that name."""
    row = await tx.row(
        _SQL.insert_rse,
        experiment_id=experiment_id,
        name=name,
        description=description,
        url_prefix=url_prefix,
        is_tape=is_tape,
        preference=preference,
        now=tx.now,
        **dataclasses.asdict(staging or Staging()),
    )
    return into_optional(Rse, row)


async def find_rse(tx: Tx, *, experiment_id: int, name: str) -> Rse | None:
    """Look a storage element up by name."""
    return into_optional(Rse, await tx.row(_SQL.find_rse, experiment_id=experiment_id, name=name))


async def lock_rse(tx: Tx, *, experiment_id: int, name: str) -> Rse | None:
    """Look a storage element up by name and keep others from changing it."""
    return into_optional(Rse, await tx.row(_SQL.lock_rse, experiment_id=experiment_id, name=name))


async def list_rses(tx: Tx, *, experiment_id: int) -> list[Rse]:
    """Return the storage elements of an experiment, the preferred first."""
    return into_list(Rse, await tx.rows(_SQL.list_rses, experiment_id=experiment_id))


async def list_rses_named(tx: Tx, *, experiment_id: int, names: Sequence[str]) -> list[Rse]:
    """Return those storage elements of an experiment that have one of these names."""
    return into_list(Rse, await tx.rows(_SQL.list_rses_named, experiment_id=experiment_id, names=names))


async def update_rse(tx: Tx, *, rse: Rse) -> None:
    """Store everything about a storage element but its name."""
    await tx.run(
        _SQL.update_rse,
        rse_id=rse.id,
        description=rse.description,
        url_prefix=rse.url_prefix,
        is_enabled=rse.is_enabled,
        is_available=rse.is_available,
        is_tape=rse.is_tape,
        preference=rse.preference,
        pin_url=rse.pin_url,
        poll_url=rse.poll_url,
        remove_prefix=rse.remove_prefix,
        add_prefix=rse.add_prefix,
        pin_prefix=rse.pin_prefix,
        interface=rse.interface,
    )


async def has_replicas(tx: Tx, *, rse_id: int) -> bool:
    """Whether there is any replica on a storage element."""
    return bool(await tx.value(_SQL.has_replicas, rse_id=rse_id))


async def count_replicas(tx: Tx, *, rse_id: int, at_most: int) -> int:
    """Return how many replicas are on a storage element, but no more than `at_most`."""
    return int(await tx.value(_SQL.count_replicas, rse_id=rse_id, at_most=at_most))


async def delete_rse(tx: Tx, *, rse_id: int) -> None:
    """Delete a storage element without replicas."""
    await tx.run(_SQL.delete_rse, rse_id=rse_id)


async def list_usable_rse_ids(tx: Tx) -> frozenset[int]:
    """Return the storage elements of all experiments that can be read now."""
    return frozenset(row["id"] for row in await tx.rows(_SQL.list_usable_rse_ids))


async def list_proximity(tx: Tx, *, experiment_id: int) -> list[Proximity]:
    """Return how far the storage elements of an experiment are from its sites, by site and name."""
    return into_list(Proximity, await tx.rows(_SQL.list_proximity, experiment_id=experiment_id))


async def delete_proximity(tx: Tx, *, experiment_id: int) -> int:
    """Forget how far the storage elements of an experiment are from its sites. Returns how many pairs there were."""
    return await tx.run(_SQL.delete_proximity, experiment_id=experiment_id)


async def insert_proximity(tx: Tx, *, experiment_id: int, entries: Sequence[Proximity]) -> None:
    """Note how far storage elements are from sites."""
    await tx.run(
        _SQL.insert_proximity,
        experiment_id=experiment_id,
        sites=[entry.site for entry in entries],
        rses=[entry.rse for entry in entries],
        distances=[entry.distance for entry in entries],
    )


async def upsert_replicas(
    tx: Tx,
    *,
    experiment_id: int,
    replicas: Sequence[NewReplica],
    rse_ids: Sequence[int],
    may_change: bool,
    actor: str,
) -> dict[str, int]:
    """Record replicas, none twice, with their events. Returns how many were new or changed, by storage element."""
    rows = await tx.rows(
        _SQL.upsert_replicas,
        **_list_columns(replicas, rse_ids),
        experiment_id=experiment_id,
        may_change=may_change,
        actor=actor,
        now=tx.now,
    )
    return {row["rse"]: row["stored_count"] for row in rows}


async def count_differing(tx: Tx, *, replicas: Sequence[NewReplica], rse_ids: Sequence[int]) -> int:
    """Count the replicas that are recorded in another way than given here."""
    return int(await tx.value(_SQL.count_differing, **_list_columns(replicas, rse_ids)))


async def list_replicas(tx: Tx, *, dids: Sequence[Did], experiment_ids: Sequence[int] | None) -> list[Replica]:
    """Return the replicas of files in the order of the files; `experiment_ids` None means those of all experiments."""
    rows = await tx.rows(
        _SQL.list_replicas,
        namespaces=[did.namespace for did in dids],
        names=[did.name for did in dids],
        experiment_ids=experiment_ids,
    )
    return into_list(Replica, rows)


async def note_horizons(tx: Tx, *, count: int) -> None:
    """Note on the oldest changes who may have looked before them."""
    await tx.run(_SQL.note_horizons, count=count)


async def list_changes(tx: Tx, *, count: int) -> list[CopyChange]:
    """Return those of the oldest changes that nobody who looked before them is still working on."""
    return into_list(CopyChange, await tx.rows(_SQL.list_changes, count=count))


async def delete_changes(tx: Tx, *, seqs: Sequence[int]) -> None:
    """Forget changes."""
    await tx.run(_SQL.delete_changes, seqs=list(seqs))


async def postpone_changes(tx: Tx, *, seqs: Sequence[int]) -> None:
    """Put changes behind all others."""
    await tx.run(_SQL.postpone_changes, seqs=list(seqs))


def _list_columns(replicas: Sequence[NewReplica], rse_ids: Sequence[int]) -> dict[str, object]:
    return {
        "namespaces": [replica.did.namespace for replica in replicas],
        "names": [replica.did.name for replica in replicas],
        "rse_ids": list(rse_ids),
        "urls": [replica.url for replica in replicas],
        "staged": [replica.is_staged for replica in replicas],
    }
