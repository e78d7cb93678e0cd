"""Workers whose calls about a project were refused."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sutler.database import Tx, into_list, load_statements
from sutler.dispatch.model import NewRefusal, RecentRefusals, Refusal

_SQL = load_statements("sutler.dispatch.store", "refusals.sql")


async def lock_refusals(tx: Tx) -> None:
    """Wait until no other transaction notes refusals."""
    await tx.row(_SQL.lock_refusals)


async def note_refusals(
    tx: Tx, *, refusals: Sequence[NewRefusal], room: int, others: str, others_reason: str
) -> set[int]:
    """Add to the refusals of projects that are there and return these projects.

    A project names at most `room`; the rest goes to `others`.
    """
    rows = await tx.rows(
        _SQL.note_refusals,
        project_ids=[refusal.project_id for refusal in refusals],
        worker_ids=[refusal.worker_id for refusal in refusals],
        reasons=[refusal.reason for refusal in refusals],
        times=[refusal.times for refusal in refusals],
        first_at=[refusal.first_at for refusal in refusals],
        last_at=[refusal.last_at for refusal in refusals],
        room=room,
        others=others,
        others_reason=others_reason,
    )
    return {row["project_id"] for row in rows}


async def list_refusals(tx: Tx, *, project_id: int, count: int) -> list[Refusal]:
    """Return the refusals of a project, the newest first."""
    return into_list(Refusal, await tx.rows(_SQL.list_refusals, project_id=project_id, count=count))


async def list_recent_refusals(tx: Tx, *, project_id: int, since: datetime, count: int) -> RecentRefusals:
    """Return how many workers were refused since an instant, and the last of them."""
    rows = await tx.rows(_SQL.list_recent_refusals, project_id=project_id, since=since, count=count)
    return RecentRefusals(rows[0]["worker_count"] if rows else 0, tuple(into_list(Refusal, rows)))
