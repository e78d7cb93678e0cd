"""Ending the pauses of handles whose attempts failed."""

from __future__ import annotations

from sutler.auth import SYSTEM
from sutler.base.events import Event
from sutler.database import Database, replayable
from sutler.dispatch import store
from sutler.dispatch.model import DispatchEvent


async def wake_handles(db: Database, *, limit: int = 10_000) -> int:
    """Make ready the handles that have paused for long enough, at most `limit`; return how many.

    Each project is a transaction of its own.
    """
    async with db.read() as tx:
        project_ids = await store.list_rested_projects(tx, count=limit)
    woken = 0
    for project_id in project_ids:
        if woken < limit:
            woken += await _wake(db, project_id=project_id, limit=limit - woken)
    return woken


@replayable
async def _wake(db: Database, *, project_id: int, limit: int) -> int:
    async with db.write() as tx:
        header = await store.find_header(tx, project_id=project_id)
        if header is None:
            return 0
        count, share_ids = await store.wake_handles(tx, project_id=project_id, until=tx.now, count=limit)
        if count:
            for share_id in share_ids:
                tx.notify("share", share_id)
            tx.notify("ready", project_id)
            kind = DispatchEvent.HANDLES_RESTED
            await tx.record(Event(kind, "project", str(project_id), header.experiment_id, {"count": count}), SYSTEM)
        return count
