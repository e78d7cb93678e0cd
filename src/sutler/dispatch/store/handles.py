"""Handles that no worker has: adding, removing, putting back, waking and locating them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sutler.base.did import Did
from sutler.database import Tx, into_list, load_statements
from sutler.dispatch.model import (
    FileColumns,
    HandleState,
    LockedHandle,
    ProjectHeader,
    Relocation,
    Remainder,
    RestartedHandles,
)

_SQL = load_statements("sutler.dispatch.store", "handles.sql")


async def insert_handles(
    tx: Tx,
    *,
    project_id: int,
    share_id: int | None,
    experiment_id: int,
    is_virtual: bool,
    first_position: int,
    files: FileColumns,
) -> tuple[int, int]:
    """Add handles to a project, numbered on from `first_position`, but none of a file that it holds.

    Returns how many, and how many of them have no usable replica.
    """
    row = await tx.row(
        _SQL.insert_handles,
        project_id=project_id,
        share_id=share_id,
        experiment_id=experiment_id,
        is_virtual=is_virtual,
        first_position=first_position,
        now=tx.now,
        **vars(files),
    )
    assert row is not None
    return row["count"], row["unlocated_count"]


async def ensure_locations(tx: Tx, *, experiment_id: int, files: FileColumns) -> None:
    """Enter the locations of files that are new."""
    given = {"experiment_id": experiment_id, "namespaces": files.namespaces, "names": files.names}
    await tx.run(_SQL.ensure_locations, **given)


async def copy_handles(
    tx: Tx,
    *,
    source_id: int,
    header: ProjectHeader,
    share_id: int,
    attributes: dict[str, object],
    after: int,
    count: int,
) -> tuple[int, int, int | None]:
    """Copy the next handles of a project; return how many, how many without usable replica, and the last place."""
    row = await tx.row(
        _SQL.copy_handles,
        source_id=source_id,
        project_id=header.project_id,
        share_id=share_id,
        experiment_id=header.experiment_id,
        is_virtual=header.is_virtual,
        attributes=attributes,
        after=after,
        count=count,
        now=tx.now,
    )
    assert row is not None
    return row["count"], row["unlocated_count"], row["last"]


async def restart_handles(tx: Tx, *, header: ProjectHeader, positions: Sequence[int]) -> list[RestartedHandles]:
    """Put locked done and failed handles back, and return how many by share; they are still to be counted."""
    rows = await tx.rows(
        _SQL.restart_handles,
        project_id=header.project_id,
        experiment_id=header.experiment_id,
        is_virtual=header.is_virtual,
        positions=list(positions),
        now=tx.now,
    )
    return into_list(RestartedHandles, rows)


async def count_restarted(tx: Tx, *, project_id: int, restarted: Sequence[RestartedHandles]) -> list[int]:
    """Count handles that were put back in project and shares, open the project, and return the shares that changed."""
    row = await tx.row(
        _SQL.count_restarted,
        project_id=project_id,
        share_ids=[of_share.share_id for of_share in restarted],
        counts=[of_share.count for of_share in restarted],
        unlocated_counts=[of_share.unlocated_count for of_share in restarted],
        done_counts=[of_share.done_count for of_share in restarted],
        failed_counts=[of_share.failed_count for of_share in restarted],
        now=tx.now,
    )
    return [] if row is None else list(row["share_ids"])


async def list_held_files(tx: Tx, *, project_id: int, dids: Sequence[Did]) -> set[Did]:
    """Return those among the files that a project holds."""
    rows = await tx.rows(_SQL.list_held_files, project_id=project_id, **_list_columns(dids))
    return {Did(row["namespace"], row["name"]) for row in rows}


async def find_next_position(tx: Tx, *, project_id: int) -> int:
    """Return the first place of a project that was never used."""
    return int(await tx.value(_SQL.find_next_position, project_id=project_id))


async def lock_ready(tx: Tx, *, project_id: int, is_all: bool, dids: Sequence[Did] = ()) -> int:
    """Keep ready handles of a project from being given out: all, or the named files. Returns how many."""
    given = {"project_id": project_id, "is_all": is_all, **_list_columns(dids)}
    return int(await tx.value(_SQL.lock_ready, **given))


async def lock_named_handles(tx: Tx, *, project_id: int, dids: Sequence[Did]) -> list[LockedHandle]:
    """Lock the named handles of a project; files that it does not hold are left out."""
    rows = await tx.rows(_SQL.lock_named_handles, project_id=project_id, **_list_columns(dids))
    return into_list(LockedHandle, rows)


async def remove_handles(tx: Tx, *, project_id: int, positions: Sequence[int]) -> list[Remainder]:
    """Take locked initial handles out of a project; return how open it is then, once for every share that changed."""
    rows = await tx.rows(_SQL.remove_handles, project_id=project_id, positions=list(positions))
    return into_list(Remainder, rows)


async def lock_ended_handles(
    tx: Tx, *, project_id: int, states: Sequence[HandleState], dids: Sequence[Did]
) -> list[int]:
    """Lock done and failed handles that are in one of the states or among the named files; return their positions."""
    rows = await tx.rows(
        _SQL.lock_ended_handles,
        project_id=project_id,
        states=[state.value for state in states],
        namespaces=[did.namespace for did in dids],
        names=[did.name for did in dids],
    )
    return [row["position"] for row in rows]


async def wake_handles(
    tx: Tx,
    *,
    project_id: int,
    until: datetime | None = None,
    is_all: bool = False,
    dids: Sequence[Did] = (),
    positions: Sequence[int] = (),
    count: int | None = None,
) -> tuple[int, list[int]]:
    """End pauses of handles, at most `count`: those that end until then, of the named files, at the places, or all.

    Returns how many there were, and the shares that changed.
    """
    given = {"project_id": project_id, "until": until, "is_all": is_all, "count": count, "positions": list(positions)}
    row = await tx.row(_SQL.wake_handles, **given, **_list_columns(dids))
    return (0, []) if row is None else (row["count"], list(row["share_ids"]))


async def list_rested_projects(tx: Tx, *, count: int) -> list[int]:
    """Return the projects of handles that have paused for long enough."""
    rows = await tx.rows(_SQL.list_rested_projects, now=tx.now, count=count)
    return [row["project_id"] for row in rows]


async def list_locatable_handles(
    tx: Tx, *, after: tuple[int, int], count: int
) -> tuple[dict[int, list[int]], tuple[int, int] | None]:
    """Look at the next `count` handles put aside, behind a project and a position of it.

    Returns the positions of those with a usable replica now, by project, and the project and position of the last one
    that was looked at; None when it was the very last.
    """
    rows = await tx.rows(_SQL.list_locatable_handles, after_project_id=after[0], after_position=after[1], count=count)
    is_full = sum(row["count"] for row in rows) == count
    last = (rows[-1]["project_id"], rows[-1]["last_position"]) if rows and is_full else None
    return {row["project_id"]: list(row["positions"]) for row in rows if row["positions"]}, last


async def list_turned_up_handles(tx: Tx, *, experiment_id: int, dids: Sequence[Did]) -> dict[int, dict[int, Did]]:
    """Return those handles of files that were put aside and have a usable replica now: by project and position."""
    found: dict[int, dict[int, Did]] = {}
    given = {"experiment_id": experiment_id, **_list_columns(dids)}
    for row in await tx.rows(_SQL.list_turned_up_handles, **given):
        found.setdefault(row["project_id"], {})[row["position"]] = Did(row["namespace"], row["name"])
    return found


async def locate_handles(
    tx: Tx, *, project_id: int, experiment_id: int, positions: Sequence[int]
) -> tuple[list[int], list[int]]:
    """Make ready what was put aside, has a usable replica now and is held by nobody.

    Returns the positions of what was made ready, and the shares that changed.
    """
    given = {"project_id": project_id, "experiment_id": experiment_id, "positions": list(positions)}
    row = await tx.row(_SQL.locate_handles, **given)
    return ([], []) if row is None else (list(row["positions"]), list(row["share_ids"]))


async def list_projects_holding(tx: Tx, *, experiment_id: int, dids: Sequence[Did]) -> list[int]:
    """Return the projects of an experiment that hold one of the files as a handle that is not final."""
    given = {"experiment_id": experiment_id, **_list_columns(dids)}
    return [row["project_id"] for row in await tx.rows(_SQL.list_projects_holding, **given)]


async def relocate_handles(tx: Tx, *, project_id: int, experiment_id: int, dids: Sequence[Did]) -> Relocation:
    """Move handles of files to where their copies are now."""
    given = {"project_id": project_id, "experiment_id": experiment_id, "now": tx.now, **_list_columns(dids)}
    row = await tx.row(_SQL.relocate_handles, **given)
    assert row is not None
    left = tuple(Did(*file) for file in row["left_files"])
    return Relocation(row["count"], row["unlocated_count"], tuple(row["share_ids"]), left)


def _list_columns(dids: Sequence[Did]) -> dict[str, object]:
    return {"namespaces": [did.namespace for did in dids], "names": [did.name for did in dids]}
