"""What happens to a submission after its launch: batch words, its end, and what follows from it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from sutler import auth, dispatch, launch
from sutler.auth import SYSTEM, Action, Principal, permit
from sutler.base.events import Event
from sutler.campaigns import rules, store
from sutler.campaigns.errors import SubmissionOverError
from sutler.campaigns.model import (
    BatchStatus,
    CampaignEvent,
    Cause,
    IntentionState,
    Side,
    Stage,
    SubmissionStatus,
)
from sutler.campaigns.operations.creating import Order, Site, create_submission_in
from sutler.campaigns.operations.loading import load_stage, load_submission, thing_of_submission
from sutler.campaigns.store import IntentionRow, SubmissionRow
from sutler.database import Actor, Database, Tx

HELD_STAGE_PAUSE = timedelta(seconds=30)


@dataclass(frozen=True)
class _Words:
    """The words of a submission that may change together."""

    status: SubmissionStatus
    batch_status: BatchStatus
    reason: str


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
            await dispatch.release_jobs_in(tx, batch_job_ids=[job.batch_job_id for job in jobs])
        batch_status = rules.decide_batch_status(known, is_cancelled=known.stop_reason is not None)
        reason = known.failure or known.stop_reason or row.reason
        await _move(tx, row, _Words(row.status, batch_status, reason), SYSTEM)
        if is_over:
            await _complete(tx, await load_submission(tx, row.id, lock=True), jobs_are_over=True)


async def complete_share(db: Database, *, share_id: int) -> None:
    """End the submission that owns a share if all its files are final. Safe to repeat."""
    async with db.write() as tx:
        row = await store.lock_submission_of_share(tx, share_id=share_id)
        if row is not None:
            await _complete(tx, row, jobs_are_over=False)


async def settle_due_intention(db: Database, site: Site) -> str | None:
    """Carry out the oldest intention that is due, once, whatever crashes: the new submission and the mark that it is
    done are one transaction. Returns its key, or None when nothing is due.

    The launch itself is carried out by whoever takes up unsubmitted launches.
    """
    async with db.write() as tx:
        intention = await store.lock_due_intention(tx)
        if intention is None:
            return None
        await _settle(tx, site, intention)
        return intention.key


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
        why = f"cancelled by {who.username}" + (f": {reason}" if reason else "")
        await dispatch.cancel_project_in(tx, project_id=row.project_id, reason=why, actor=who)
        await _move(tx, row, _Words(row.status, row.batch_status, why), who)
        await _remember(tx, row, Side.JOBS, "Cancelling", why, who)
        known = await launch.get_launch_in(tx, key=row.launch_key)
        if known.state is launch.LaunchState.FAILED:
            cancelled = _Words(SubmissionStatus.COMPLETED_WITH_FAILURES, BatchStatus.CANCELLED, why)
            await _move(tx, row, cancelled, who, is_end=True)
            return
    await launch.stop_launch(db, backends, key=row.launch_key, reason=why)
    await note_launch(db, key=row.launch_key)


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
                key=f"{row.id}/dependency/{dependency.id}",
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


async def _settle(tx: Tx, site: Site, intention: IntentionRow) -> None:
    upstream = await load_submission(tx, intention.submission_id)
    if intention.dependency_id is None:
        await _close(tx, intention, IntentionState.REFUSED, "the dependency was deleted", None)
        return
    dependency = await store.get_dependency(tx, dependency_id=intention.dependency_id)
    stage = await load_stage(tx, dependency.downstream_stage_id, lock=True)
    refusal = await _find_refusal(tx, upstream)
    if refusal is not None:
        await _close(tx, intention, IntentionState.REFUSED, refusal, None)
        return
    if stage.held_at is not None:
        await store.postpone_intention(
            tx, intention_id=intention.id, reason=f"stage {stage.name} is on hold", pause=HELD_STAGE_PAUSE
        )
        return
    outputs = await dispatch.list_outputs_in(tx, share_id=upstream.share_id, name_like=dependency.file_pattern)
    if not outputs:
        reason = f"submission {upstream.id} has no output that matches {dependency.file_pattern!r}"
        await _close(tx, intention, IntentionState.NOTHING_TO_DO, reason, None)
        return
    submission_id = await _launch_dependant(tx, site, intention, stage, upstream, outputs)
    await _close(tx, intention, IntentionState.DONE, f"{len(outputs)} files", submission_id)


async def _find_refusal(tx: Tx, upstream: SubmissionRow) -> str | None:
    counts = await dispatch.get_share_counts_in(tx, share_id=upstream.share_id)
    upstream_stage = await load_stage(tx, upstream.stage_id)
    if upstream.batch_status is BatchStatus.CANCELLED:
        return f"submission {upstream.id} was cancelled"
    if rules.may_feed_dependants(counts, completion_pct=upstream_stage.completion_pct):
        return None
    return (
        f"only {counts.done_count} of {counts.total_count} files of submission {upstream.id} are done, "
        f"and stage {upstream_stage.name} asks for {upstream_stage.completion_pct:g} %"
    )


async def _launch_dependant(  # noqa: PLR0917
    tx: Tx,
    site: Site,
    intention: IntentionRow,
    stage: Stage,
    upstream: SubmissionRow,
    outputs: list[dispatch.ProducedFile],
) -> int:
    who = await auth.get_principal_in(tx, user_id=upstream.launched_by)
    order = Order(
        stage=stage,
        key=intention.key,
        cause=Cause.DEPENDENCY,
        handles=[dispatch.NewHandle(f.namespace, f.name, f.fid, f.size_bytes) for f in outputs],
        upstream_submission_id=upstream.id,
    )
    return await create_submission_in(tx, site, who, order=order)


async def _close(
    tx: Tx, intention: IntentionRow, state: IntentionState, reason: str, submission_id: int | None
) -> None:
    await store.settle_intention(tx, intention_id=intention.id, state=state, reason=reason)
    facts: dict[str, object] = {
        "key": intention.key,
        "state": state.value,
        "reason": reason,
        "submission": submission_id,
    }
    await tx.record(
        Event(
            CampaignEvent.DEPENDANT_SETTLED, "submission", str(intention.submission_id), intention.experiment_id, facts
        ),
        SYSTEM,
    )
