"""Statements of the room, one function each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any

from sutler.database import Row, Tx, into_list, into_optional, load_statements
from sutler.launch.model import BatchJob, JobCounts, JobStatus, Launch, LaunchPlan, decode_plan, encode_plan

_SQL = load_statements("sutler.launch")


async def insert_launch(tx: Tx, *, key: str, experiment_id: int, backend: str, plan: LaunchPlan) -> None:
    """Write a launch down as intended."""
    kept = encode_plan(plan)
    await tx.run(_SQL.insert_launch, key=key, experiment_id=experiment_id, backend=backend, plan=kept, now=tx.now)


async def find_launch(tx: Tx, *, key: str) -> Launch | None:
    """Return the launch, or None."""
    return _into_launch(await tx.row(_SQL.find_launch, key=key))


async def lock_launch(tx: Tx, *, key: str) -> Launch | None:
    """Return the launch with its row locked, or None."""
    return _into_launch(await tx.row(_SQL.lock_launch, key=key))


async def hold_launch(connection: Any, *, key: str) -> None:  # noqa: ANN401 - the driver has no types
    """Wait for the right to deal with the back-end for a launch; it ends with the connection."""
    await connection.execute(_SQL.hold_launch.text, *_SQL.hold_launch.arguments({"key": key}))


async def claim_unsubmitted(
    tx: Tx, *, before: datetime, count: int, first_pause: timedelta, longest_pause: timedelta
) -> list[str]:
    """Take launches that were intended before an instant, are so still and due, and put them off; return their keys."""
    rows = await tx.rows(
        _SQL.claim_unsubmitted,
        before=before,
        now=tx.now,
        count=count,
        first_pause=first_pause,
        longest_pause=longest_pause,
    )
    return [row["key"] for row in rows]


async def list_open_launches(tx: Tx) -> list[Launch]:
    """Return the launches that are submitted or being stopped."""
    found = [_into_launch(row) for row in await tx.rows(_SQL.list_open_launches)]
    return [launch for launch in found if launch is not None]


async def list_open_jobs(tx: Tx, *, keys: Sequence[str]) -> list[BatchJob]:
    """Return the batch jobs of some launches that are not over."""
    return into_list(BatchJob, await tx.rows(_SQL.list_open_jobs, keys=list(keys)))


async def list_jobs(tx: Tx, *, key: str) -> list[BatchJob]:
    """Return the batch jobs of a launch in order."""
    return into_list(BatchJob, await tx.rows(_SQL.list_jobs, key=key))


async def find_job(tx: Tx, *, key: str, number: int) -> BatchJob | None:
    """Return one batch job of a launch, or None."""
    return into_optional(BatchJob, await tx.row(_SQL.find_job, key=key, number=number))


async def insert_jobs(tx: Tx, *, key: str, experiment_id: int, batch_job_ids: Sequence[str]) -> None:
    """Enter the batch jobs of a receipt as waiting."""
    await tx.run(_SQL.insert_jobs, key=key, experiment_id=experiment_id, batch_job_ids=list(batch_job_ids), now=tx.now)


async def update_jobs(tx: Tx, *, key: str, statuses: Sequence[JobStatus]) -> int:
    """Keep what a look showed; return how many batch jobs of the launch that changed."""
    return await tx.run(
        _SQL.update_jobs,
        key=key,
        now=tx.now,
        batch_job_ids=[status.batch_job_id for status in statuses],
        states=[status.state.value for status in statuses],
        exit_codes=[status.exit_code for status in statuses],
        signals=[status.signal for status in statuses],
        reasons=[status.reason for status in statuses],
        hosts=[status.host for status in statuses],
        started_ats=[status.started_at for status in statuses],
        ended_ats=[status.ended_at for status in statuses],
        causes=[status.cause.value for status in statuses],
        peaks=[status.peak_memory_bytes for status in statuses],
    )


async def record_receipt(tx: Tx, *, key: str, output: str, waiting_count: int) -> None:
    """Keep that the back-end took the launch."""
    await tx.run(_SQL.record_receipt, key=key, output=output, waiting_count=waiting_count, now=tx.now)


async def record_failure(tx: Tx, *, key: str, failure: str) -> None:
    """Keep that the back-end refused the launch."""
    await tx.run(_SQL.record_failure, key=key, failure=failure, now=tx.now)


async def record_retry(tx: Tx, *, key: str) -> None:
    """Keep that the launch, which failed, is to be submitted again."""
    await tx.run(_SQL.record_retry, key=key, now=tx.now)


async def record_trouble(tx: Tx, *, key: str, failure: str) -> None:
    """Keep why the launch could not be submitted yet."""
    await tx.run(_SQL.record_trouble, key=key, failure=failure)


async def record_stopping(tx: Tx, *, key: str, reason: str) -> None:
    """Keep that the launch shall end."""
    await tx.run(_SQL.record_stopping, key=key, reason=reason)


async def record_counts(tx: Tx, *, key: str, counts: JobCounts) -> None:
    """Keep the batch jobs of the launch by state."""
    await tx.run(_SQL.record_counts, key=key, **asdict(counts))


async def record_end(tx: Tx, *, key: str) -> None:
    """Keep that all batch jobs of the launch are over."""
    await tx.run(_SQL.record_end, key=key, now=tx.now)


def _into_launch(row: Row | None) -> Launch | None:
    return into_optional(Launch, None if row is None else {**row, "plan": decode_plan(row["plan"])})
