"""What the room does. Starting and stopping go *intend* (a row) → *act* (the back-end, outside) → *record* (a row).

No operation asks permission: launches belong to submissions, and campaigns asks before it comes here.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import asdict
from datetime import timedelta

import structlog

from sutler.auth import SYSTEM
from sutler.base.errors import SutlerError
from sutler.base.events import Event
from sutler.database import Database, Tx
from sutler.launch import rules, store
from sutler.launch.backends.port import Backend
from sutler.launch.errors import (
    BatchJobNotFoundError,
    LaunchNotFailedError,
    LaunchNotFoundError,
    LaunchRefusedError,
    UnknownBackendError,
)
from sutler.launch.model import (
    BatchJob,
    JobOutput,
    JobStatus,
    Launch,
    LaunchEvent,
    LaunchPlan,
    LaunchState,
    Receipt,
)

Backends = Mapping[str, Backend]

OUTPUT_BYTES = 64 * 1024
FIRST_RETRY_PAUSE = timedelta(seconds=2)
LONGEST_RETRY_PAUSE = timedelta(minutes=2)

log = structlog.get_logger(__name__)


async def intend_in(tx: Tx, *, key: str, experiment_id: int, backend: str, plan: LaunchPlan) -> None:
    """Write a launch down; `submit_launch` carries it out after the commit.

    Raises InvalidPlanError; AlreadyExistsError for a key that was used before.
    """
    rules.check_plan(plan)
    await store.insert_launch(tx, key=key, experiment_id=experiment_id, backend=backend, plan=plan)
    facts: dict[str, object] = {"backend": backend, "count": plan.job_count, "retry": False}
    await tx.record(Event(LaunchEvent.LAUNCH_INTENDED, "launch", key, experiment_id, facts), SYSTEM)


async def retry_in(tx: Tx, *, key: str) -> None:
    """Let a launch that failed be submitted again, under the same key and with the same plan.

    `submit_launch` carries it out after the commit; a batch job that was started all the same is found, not started
    twice. Raises LaunchNotFoundError, LaunchNotFailedError.
    """
    launch = await _lock_launch(tx, key=key)
    if launch.state is not LaunchState.FAILED:
        raise LaunchNotFailedError(key, launch.state)
    await store.record_retry(tx, key=key)
    facts: dict[str, object] = {"backend": launch.backend, "count": launch.plan.job_count, "retry": True}
    await tx.record(Event(LaunchEvent.LAUNCH_INTENDED, "launch", key, launch.experiment_id, facts), SYSTEM)


async def submit_launch(db: Database, backends: Backends, *, key: str, secrets: Mapping[str, str]) -> Launch:
    """Hand an intended launch to its back-end and return it: submitted, or failed with the back-end's refusal.

    May be called again after a crash, and by many at once: what was started before is found, not started twice. A
    launch that is not waiting to be submitted comes back as it is.
    Raises LaunchNotFoundError; BackendFailedError when the back-end cannot answer now: the launch stays intended.
    """
    async with _hold(db, key):
        async with db.read() as tx:
            launch = await get_launch_in(tx, key=key)
        if launch.state is not LaunchState.INTENDED:
            return launch
        try:
            backend = get_backend(backends, launch.backend)
            receipt = await _act_submit(backend, launch, secrets)
        except (LaunchRefusedError, UnknownBackendError) as refusal:
            return await _record_refusal(db, key=key, reason=refusal.sentence)
        except SutlerError as trouble:
            async with db.write() as tx:
                await store.record_trouble(tx, key=key, failure=trouble.sentence)
                tx.notify("launch", key)
            raise
        return await _record_receipt(db, key=key, receipt=receipt)


async def claim_unsubmitted(db: Database, *, older_than: timedelta, count: int) -> list[str]:
    """Take launches that have been waiting for their submission for longer, at most `count`, and return their keys.

    Each is put off before it is tried, longer every time, so that those that cannot be submitted never stand in the way
    of the others.
    """
    async with db.write() as tx:
        return await store.claim_unsubmitted(
            tx,
            before=tx.now - older_than,
            count=count,
            first_pause=FIRST_RETRY_PAUSE,
            longest_pause=LONGEST_RETRY_PAUSE,
        )


async def poll_launches(db: Database, backends: Backends) -> int:
    """Ask every back-end once how its open batch jobs are, keep the news, and return how many jobs changed.

    A back-end that does not answer changes nothing. A stop that was cut short is repeated here.
    """
    async with db.read() as tx:
        launches = await store.list_open_launches(tx)
    changed = 0
    for name in sorted({launch.backend for launch in launches}):
        mine = [launch for launch in launches if launch.backend == name]
        try:
            changed += await _poll_backend(db, get_backend(backends, name), mine)
        except SutlerError as error:
            log.warning("launch_poll_failed", backend=name, launches=len(mine), code=error.code, reason=error.sentence)
    return changed


async def stop_launch(db: Database, backends: Backends, *, key: str, reason: str) -> Launch:
    """End the batch jobs of a launch, or keep it from being submitted; `poll_launches` records that they are over.

    The first reason stays. A launch that is over comes back as it is. A back-end that cannot answer now is asked again
    by `poll_launches`. Raises LaunchNotFoundError.
    """
    async with db.write() as tx:
        launch = await intend_stop_in(tx, key=key, reason=reason)
    if launch.state in (LaunchState.FAILED, LaunchState.ENDED):
        return launch
    try:
        await _act_stop(db, get_backend(backends, launch.backend), key=key)
    except SutlerError as error:
        log.warning("launch_stop_failed", key=key, backend=launch.backend, code=error.code, reason=error.sentence)
    async with db.read() as tx:
        return await get_launch_in(tx, key=key)


async def intend_stop_in(tx: Tx, *, key: str, reason: str) -> Launch:
    """Write down that the batch jobs of a launch shall end, unless it is over, and return it as it was.

    `stop_launch` tells them after the commit, and `poll_launches` if nobody does. The first reason stays.
    Raises LaunchNotFoundError.
    """
    launch = await _lock_launch(tx, key=key)
    if launch.state in (LaunchState.INTENDED, LaunchState.SUBMITTED):
        await store.record_stopping(tx, key=key, reason=reason)
        facts: dict[str, object] = {"reason": reason}
        await tx.record(Event(LaunchEvent.LAUNCH_STOPPING, "launch", key, launch.experiment_id, facts), SYSTEM)
    return launch


async def get_launch_in(tx: Tx, *, key: str) -> Launch:
    """Return the launch. Raises LaunchNotFoundError."""
    launch = await store.find_launch(tx, key=key)
    if launch is None:
        raise LaunchNotFoundError(key)
    return launch


async def list_jobs_in(tx: Tx, *, key: str) -> list[BatchJob]:
    """Return the batch jobs of a launch in order; none before it is submitted."""
    return await store.list_jobs(tx, key=key)


async def read_output(
    db: Database, backends: Backends, *, key: str, number: int, limit_bytes: int = OUTPUT_BYTES
) -> JobOutput:
    """Return the end of what a batch job has written so far.

    Raises LaunchNotFoundError, BatchJobNotFoundError, UnknownBackendError, BackendFailedError.
    """
    async with db.read() as tx:
        launch = await get_launch_in(tx, key=key)
        job = await store.find_job(tx, key=key, number=number)
    if job is None:
        raise BatchJobNotFoundError(f"{key}/{number}")
    return await get_backend(backends, launch.backend).output(job.batch_job_id, limit_bytes=limit_bytes)


def get_backend(backends: Backends, name: str) -> Backend:
    """Return the back-end of that name. Raises UnknownBackendError, which lists those there are."""
    if name not in backends:
        raise UnknownBackendError(name, backends)
    return backends[name]


@asynccontextmanager
async def _hold(db: Database, key: str) -> AsyncIterator[None]:
    """Be the only one who deals with the back-end for this launch. Not a transaction: outside calls may be slow."""
    async with db.lone_connection() as connection:
        await store.hold_launch(connection, key=key)
        yield


async def _lock_launch(tx: Tx, *, key: str) -> Launch:
    launch = await store.lock_launch(tx, key=key)
    if launch is None:
        raise LaunchNotFoundError(key)
    return launch


async def _act_submit(backend: Backend, launch: Launch, secrets: Mapping[str, str]) -> Receipt:
    found = await backend.find(launch.key)
    if found is not None and found.is_complete:
        return found
    return await backend.submit(launch.key, launch.plan, secrets)


async def _record_receipt(db: Database, *, key: str, receipt: Receipt) -> Launch:
    async with db.write() as tx:
        launch = await _lock_launch(tx, key=key)
        if launch.submitted_at is None:
            ids = receipt.batch_job_ids
            await store.insert_jobs(tx, key=key, experiment_id=launch.experiment_id, batch_job_ids=ids)
            await store.record_receipt(tx, key=key, output=receipt.output, waiting_count=len(ids))
            facts: dict[str, object] = {"batch_job_ids": list(ids)}
            await tx.record(Event(LaunchEvent.LAUNCH_SUBMITTED, "launch", key, launch.experiment_id, facts), SYSTEM)
        return await get_launch_in(tx, key=key)


async def _record_refusal(db: Database, *, key: str, reason: str) -> Launch:
    async with db.write() as tx:
        launch = await _lock_launch(tx, key=key)
        await store.record_failure(tx, key=key, failure=reason)
        facts: dict[str, object] = {"reason": reason}
        await tx.record(Event(LaunchEvent.LAUNCH_FAILED, "launch", key, launch.experiment_id, facts), SYSTEM)
        return await get_launch_in(tx, key=key)


async def _act_stop(db: Database, backend: Backend, *, key: str) -> None:
    """Tell the open batch jobs to end; those of a submission cut short are found first."""
    async with db.read() as tx:
        launch = await get_launch_in(tx, key=key)
    if launch.submitted_at is None:
        async with _hold(db, key):
            launch = await _find_what_was_started(db, backend, key=key)
    if launch.state is not LaunchState.STOPPING:
        return
    async with db.read() as tx:
        jobs = await store.list_open_jobs(tx, keys=[key])
    if jobs:
        await backend.stop([job.batch_job_id for job in jobs], launch.stop_reason or "")


async def _find_what_was_started(db: Database, backend: Backend, *, key: str) -> Launch:
    """Give a launch that is to be stopped its batch jobs, or end it when there are none."""
    receipt = await backend.find(key)
    if receipt is not None:
        return await _record_receipt(db, key=key, receipt=receipt)
    async with db.write() as tx:
        launch = await _lock_launch(tx, key=key)
        if launch.state is LaunchState.STOPPING and launch.submitted_at is None:
            await _record_end(tx, launch)
        return await get_launch_in(tx, key=key)


async def _poll_backend(db: Database, backend: Backend, launches: Sequence[Launch]) -> int:
    for launch in launches:
        if launch.state is LaunchState.STOPPING:
            await _act_stop(db, backend, key=launch.key)
    async with db.read() as tx:
        jobs = await store.list_open_jobs(tx, keys=[launch.key for launch in launches])
    if not jobs:
        return 0
    seen = {status.batch_job_id: status for status in await backend.look([job.batch_job_id for job in jobs])}
    changed = 0
    for key, mine in _group_by_launch(jobs).items():
        changed += await _record_look(db, key=key, jobs=mine, seen=seen)
    return changed


def _group_by_launch(jobs: Iterable[BatchJob]) -> dict[str, list[BatchJob]]:
    groups: dict[str, list[BatchJob]] = {}
    for job in jobs:
        groups.setdefault(job.launch_key, []).append(job)
    return groups


async def _record_look(db: Database, *, key: str, jobs: Sequence[BatchJob], seen: Mapping[str, JobStatus]) -> int:
    """Keep the news of one launch and return how many batch jobs changed. No transaction when there is no news."""
    now = db.clock.now()
    statuses = [rules.settle_status(job, seen.get(job.batch_job_id), now) for job in jobs]
    news = [status for job, status in zip(jobs, statuses, strict=True) if rules.is_news(job, status)]
    if not news:
        return 0
    async with db.write() as tx:
        launch = await _lock_launch(tx, key=key)
        changed = await store.update_jobs(tx, key=key, statuses=news)
        everything = await store.list_jobs(tx, key=key)
        counts = rules.count_jobs(everything)
        if counts != launch.counts:
            await store.record_counts(tx, key=key, counts=counts)
            facts: dict[str, object] = {name.removesuffix("_count"): count for name, count in asdict(counts).items()}
            await tx.record(Event(LaunchEvent.JOBS_CHANGED, "launch", key, launch.experiment_id, facts), SYSTEM)
        if launch.ended_at is None and all(job.state.is_final for job in everything):
            await _record_end(tx, await get_launch_in(tx, key=key))
        tx.notify("launch", key)
    return changed


async def _record_end(tx: Tx, launch: Launch) -> None:
    await store.record_end(tx, key=launch.key)
    facts: dict[str, object] = {"ended": launch.ended_count, "failed": launch.failed_count}
    await tx.record(Event(LaunchEvent.LAUNCH_ENDED, "launch", launch.key, launch.experiment_id, facts), SYSTEM)
