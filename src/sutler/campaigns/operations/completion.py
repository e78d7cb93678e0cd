"""What happens to a submission after its launch: batch words, cancelling, its end, and that something must follow."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from sutler import dispatch, launch
from sutler.auth import SYSTEM, Action, Principal, permit
from sutler.base.events import Event
from sutler.campaigns import rules, store
from sutler.campaigns.errors import SubmissionOverError
from sutler.campaigns.model import (
    BatchStatus,
    CampaignEvent,
    Overlooked,
    Side,
    SubmissionStatus,
)
from sutler.campaigns.operations.loading import load_submission, thing_of_submission
from sutler.campaigns.store import SubmissionRow
from sutler.database import Actor, Database, Tx, replayable


@dataclass(frozen=True)
class _Words:
    """The words of a submission that may change together."""

    status: SubmissionStatus
    batch_status: BatchStatus
    reason: str


@replayable
async def note_launch(db: Database, *, key: str) -> None:
    """Take over what the launch room knows of a launch; ends the submission when no job is left. Safe to repeat."""
    async with db.write() as tx:
        row = await store.lock_submission_of_key(tx, launch_key=key)
        if row is None:
            return
        known = await launch.get_launch_in(tx, key=key)
        is_over = known.state is launch.LaunchState.ENDED
        if is_over and row.ended_at is None:
            jobs = await launch.list_jobs_in(tx, key=key)
            ids = [job.batch_job_id for job in jobs]
            await dispatch.release_jobs_in(tx, batch_job_ids=ids, share_id=row.share_id)
        # What ended before its jobs were stopped was not cancelled, and keeps the reason it ended for.
        ended_first = row.ended_at is not None and row.batch_status is not BatchStatus.CANCELLED
        is_cancelled = known.stop_reason is not None and not ended_first
        batch_status = rules.decide_batch_status(known, is_cancelled=is_cancelled)
        is_settled = row.ended_at is not None or known.state is launch.LaunchState.INTENDED
        reason = row.reason if is_settled else known.failure or known.stop_reason or ""
        await _move(tx, row, _Words(row.status, batch_status, reason), SYSTEM)
        if is_over:
            await _complete(tx, await load_submission(tx, row.id, lock=True), jobs_are_over=True)


async def note_trouble(db: Database, *, key: str, reason: str) -> None:
    """Keep why a launch could not be handed over yet, where the page of its submission says what it waits for."""
    async with db.write() as tx:
        row = await store.lock_submission_of_key(tx, launch_key=key)
        if row is not None and row.ended_at is None:
            await _move(tx, row, _Words(row.status, row.batch_status, reason), SYSTEM)


@replayable
async def complete_share(db: Database, *, share_id: int) -> None:
    """End the submission that owns a share if all its files are final. Safe to repeat."""
    async with db.write() as tx:
        row = await store.lock_submission_of_share(tx, share_id=share_id)
        if row is not None:
            await _complete(tx, row, jobs_are_over=False)


async def cancel_submission(
    db: Database, backends: Mapping[str, launch.Backend], who: Principal, *, submission_id: int, reason: str
) -> None:
    """Stop the jobs of a submission and give out no more of its files. It ends when the last job is gone.

    Raises NotFoundError, NotPermittedError, SubmissionOverError.
    """
    async with db.write() as tx:
        row = await load_submission(tx, submission_id, lock=True)
        permit(who, Action.LAUNCH, thing_of_submission(row))
        if row.ended_at is not None:
            raise SubmissionOverError(
                f"Submission {submission_id} has ended: {row.status}.", submission_id=submission_id
            )
        why = rules.explain_cancellation(who.username, reason)
        await dispatch.cancel_project_in(tx, project_id=row.project_id, reason=reason, actor=who)
        await _move(tx, row, _Words(row.status, row.batch_status, why), who)
        await _remember(tx, row, Side.JOBS, "Cancelling", why, who)
        known = await launch.get_launch_in(tx, key=row.launch_key)
        if known.state is launch.LaunchState.FAILED:
            await _move(tx, row, _Words(row.status, BatchStatus.CANCELLED, why), who)
            await _complete(tx, await load_submission(tx, row.id, lock=True), jobs_are_over=True)
            return
    await _stop(db, backends, key=row.launch_key, reason=why)


async def stop_cancelled(
    db: Database, backends: Mapping[str, launch.Backend], *, project_id: int, cancelled_by: str, reason: str
) -> None:
    """Stop the jobs of a project that was cancelled, by itself or with its submission. Safe to repeat.

    This is what ends the jobs when the server dies between the two steps of `cancel_submission`.
    """
    async with db.read() as tx:
        keys = await store.list_running_keys(tx, project_id=project_id)
    for key in keys:
        await _stop(db, backends, key=key, reason=rules.explain_cancellation(cancelled_by, reason))


async def find_overlooked(db: Database, *, older_than: timedelta, count: int) -> list[Overlooked]:
    """Return submissions that go on although their files or jobs are over: the event that says so was lost on somebody.

    At most `count`, oldest first. `note_launch` and `complete_share` make up for it.
    """
    async with db.read() as tx:
        return await store.list_overlooked(tx, before=tx.now - older_than, count=count)


async def _stop(db: Database, backends: Mapping[str, launch.Backend], *, key: str, reason: str) -> None:
    await launch.stop_launch(db, backends, key=key, reason=reason)
    await note_launch(db, key=key)


async def _complete(tx: Tx, row: SubmissionRow, *, jobs_are_over: bool) -> None:
    if row.ended_at is not None:
        return
    counts = await dispatch.get_share_counts_in(tx, share_id=row.share_id)
    status = rules.decide_completion(counts, jobs_are_over=jobs_are_over)
    if status is None:
        return
    left = counts.total_count - counts.done_count - counts.failed_count
    reason = f"{counts.done_count} of {counts.total_count} files done, {counts.failed_count} failed"
    reason += f", {left} not processed" if left else ""
    if row.batch_status is BatchStatus.CANCELLED:
        reason = f"{row.reason}; {reason}"
    await _move(tx, row, _Words(status, row.batch_status, reason), SYSTEM, is_end=True)
    await tx.record(
        Event(
            CampaignEvent.SUBMISSION_COMPLETED, "submission", str(row.id), row.experiment_id, {"status": status.value}
        ),
        SYSTEM,
    )
    for dependency in await store.list_dependencies(tx, campaign_id=row.campaign_id):
        if dependency.upstream_stage_id == row.stage_id:
            await store.create_intention(
                tx,
                experiment_id=row.experiment_id,
                key=rules.name_dependant(submission_id=row.id, dependency_id=dependency.id),
                submission_id=row.id,
                dependency_id=dependency.id,
            )


async def _move(tx: Tx, row: SubmissionRow, words: _Words, actor: Actor, *, is_end: bool = False) -> None:
    """Write changed words with their history and event; nothing when nothing changed."""
    if words == _Words(row.status, row.batch_status, row.reason) and not is_end:
        return
    await store.move_submission(
        tx,
        submission_id=row.id,
        status=words.status,
        batch_status=words.batch_status,
        reason=words.reason,
        ended_at=tx.now if is_end else None,
    )
    changed = (
        (Side.JOBS, words.batch_status, row.batch_status),
        (Side.FILES, words.status, row.status),
    )
    for side, new, old in changed:
        if new != old:
            await _remember(tx, row, side, new.value, words.reason, actor)
    facts: dict[str, object] = {
        "status": words.status.value,
        "batch_status": words.batch_status.value,
        "reason": words.reason,
    }
    await tx.record(Event(CampaignEvent.SUBMISSION_CHANGED, "submission", str(row.id), row.experiment_id, facts), actor)
    tx.notify("stage", row.stage_id)
    tx.notify("campaign", row.campaign_id)


async def _remember(  # noqa: PLR0917
    tx: Tx, row: SubmissionRow, side: Side, status: str, reason: str, actor: Actor
) -> None:
    await store.add_history(
        tx,
        submission_id=row.id,
        experiment_id=row.experiment_id,
        side=side,
        status=status,
        reason=reason,
        actor=actor.username,
    )
