"""What pages and answers show of handles."""

from __future__ import annotations

from collections.abc import Sequence

from sutler.base.did import Did
from sutler.database import Tx, into, into_list, into_optional, load_statements
from sutler.dispatch.model import (
    Attempt,
    Handle,
    HeldHandle,
    Pace,
    ProducedFile,
)

_SQL = load_statements("sutler.dispatch.store", "reading.sql")


async def find_handle(tx: Tx, *, project_id: int, position: int | None, did: Did | None) -> Handle | None:
    """Return a handle by its position or by its file."""
    row = await tx.row(
        _SQL.find_handle,
        project_id=project_id,
        position=position,
        namespace=None if did is None else did.namespace,
        name=None if did is None else did.name,
    )
    return into_optional(Handle, row)


async def find_held_handle(tx: Tx, *, project_id: int, did: Did, worker_id: str | None) -> HeldHandle | None:
    """Return a handle with its lease, and how the last attempt of this worker at it ended."""
    row = await tx.row(
        _SQL.find_held_handle, project_id=project_id, namespace=did.namespace, name=did.name, worker_id=worker_id
    )
    return into_optional(HeldHandle, row)


async def list_next_handles(tx: Tx, *, project_id: int, after: int, count: int) -> list[Handle]:
    """Return the next handles of a project behind a place, in order."""
    rows = await tx.rows(_SQL.list_next_handles, project_id=project_id, after=after, count=count)
    return into_list(Handle, rows)


async def list_attempts(tx: Tx, *, project_id: int, position: int) -> list[Attempt]:
    """Return the attempts of a handle, the newest first, with the one that runs."""
    return into_list(Attempt, await tx.rows(_SQL.list_attempts, project_id=project_id, position=position))


async def list_outputs(tx: Tx, *, share_id: int, name_like: str) -> list[ProducedFile]:
    """Return what a share produced, by a name pattern of SQL."""
    return into_list(ProducedFile, await tx.rows(_SQL.list_outputs, share_id=share_id, name_like=name_like))


async def list_pictures(tx: Tx, *, share_id: int) -> list[ProducedFile]:
    """Return the pictures that a share produced."""
    return into_list(ProducedFile, await tx.rows(_SQL.list_pictures, share_id=share_id))


async def count_unlocated_copies(
    tx: Tx, *, project_id: int, share_id: int | None, limit: int
) -> list[tuple[list[tuple[int, bool]], int]]:
    """Return groups of files without usable copy: their copies (storage element, whether staged) and how many."""
    given = {"project_id": project_id, "share_id": share_id, "limit": limit}
    rows = await tx.rows(_SQL.count_unlocated_copies, **given)
    return [(list(zip(row["rse_ids"] or (), row["are_staged"] or (), strict=True)), row["count"]) for row in rows]


async def count_ready_at(
    tx: Tx, *, project_id: int, share_id: int | None, location_ids: Sequence[int], limit: int
) -> dict[int, int]:
    """Return how many handles are ready at each location, as far as the first `limit` say."""
    rows = await tx.rows(
        _SQL.count_ready_at, project_id=project_id, share_id=share_id, location_ids=list(location_ids), limit=limit
    )
    return {row["location_id"]: row["count"] for row in rows}


async def find_pace(tx: Tx, *, project_id: int) -> Pace:
    """Return how long files of a project take."""
    return into(Pace, await tx.row(_SQL.find_pace, project_id=project_id) or {"count": 0, "nine_of_ten": None})
