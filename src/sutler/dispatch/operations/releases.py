"""Taking leases back from workers that went silent or whose batch jobs are gone."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

from sutler.auth import SYSTEM
from sutler.database import Database, Tx, replayable
from sutler.dispatch import store
from sutler.dispatch.model import Outcome
from sutler.dispatch.operations.endings import end_lost_leases
from sutler.dispatch.rules import sentences


async def release_overdue(db: Database, *, limit: int = 500) -> int:
    """Take back leases that are past their end, at most `limit`, each project in its own transaction.

    Their files are tried again, or fail where the project says so; their attribute `timeouts` counts. Returns how many.
    A lease that is being renewed or reported at this moment is left alone: exactly one of a late
    `done` and the time-out counts.
    """
    async with db.read() as tx:
        project_ids = await store.list_overdue_projects(tx, count=limit)
    released = 0
    for project_id in project_ids:
        if released < limit:
            released += await _release_overdue(db, project_id=project_id, limit=limit - released)
    return released


@replayable
async def release_jobs(db: Database, *, batch_job_ids: Sequence[str], share_id: int | None = None) -> int:
    """Take back the leases of batch jobs that are known to be gone, and return how many there were.

    The numbers of jobs are those of one batch system: with a share, leases of others with the same numbers stay.
    """
    async with db.write() as tx:
        return await release_jobs_in(tx, batch_job_ids=batch_job_ids, share_id=share_id)


async def release_jobs_in(tx: Tx, *, batch_job_ids: Sequence[str], share_id: int | None) -> int:
    """Do what `release_jobs` does, in the transaction of a caller."""
    leases = await store.lock_leases_of_jobs(tx, batch_job_ids=batch_job_ids, share_id=share_id)
    released = 0
    for project_id, of_project in groupby(leases, key=lambda lease: lease.project_id):
        header = await store.find_header(tx, project_id=project_id)
        assert header is not None
        released += await end_lost_leases(
            tx,
            header=header,
            leases=list(of_project),
            outcome=Outcome.WORKER_LOST,
            reason=sentences.explain_job_loss(),
            actor=SYSTEM,
        )
    return released


@replayable
async def _release_overdue(db: Database, *, project_id: int, limit: int) -> int:
    async with db.write() as tx:
        leases = await store.lock_overdue_leases(tx, project_id=project_id, count=limit)
        header = await store.find_header(tx, project_id=project_id)
        if header is None:
            return 0
        count = await end_lost_leases(
            tx,
            header=header,
            leases=leases,
            outcome=Outcome.TIMED_OUT,
            reason=sentences.explain_timeout(tx.now),
            actor=SYSTEM,
            may_retry=header.retry_on_timeout,
        )
        if leases:
            await store.count_time_outs(tx, attempt_ids=[lease.attempt_id for lease in leases])
        return count
