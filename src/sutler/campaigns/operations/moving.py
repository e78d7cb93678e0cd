"""Changing the words of a submission, with history and events, and ending it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from sutler import dispatch
from sutler.auth import SYSTEM
from sutler.base.events import Event
from sutler.campaigns import rules, store
from sutler.campaigns.model import (
    BatchStatus,
    CampaignEvent,
    CompletionType,
    IntentionKind,
    IntentionState,
    Side,
    SubmissionRow,
    SubmissionStatus,
)
from sutler.campaigns.operations.loading import load_submission
from sutler.campaigns.rules import following, statuses
from sutler.campaigns.store import followers as store_followers
from sutler.database import Actor, Tx

SETTLED: Final = (IntentionState.DONE, IntentionState.NOTHING_TO_DO, IntentionState.REFUSED)


@dataclass(frozen=True)
class Words:
    """The words of a submission that may change together."""

    status: SubmissionStatus
    batch_status: BatchStatus
    reason: str


def read_setting(row: SubmissionRow, name: str, default: object) -> object:
    """Return a setting of the stage as the submission was launched with it."""
    settings = row.config.get("stage")
    found = settings.get(name) if isinstance(settings, Mapping) else None
    return default if found is None else found


def get_completion_pct(row: SubmissionRow) -> float:
    """Return how many percent of the files the stage asked for when the submission was launched."""
    found = read_setting(row, "completion_pct", 95.0)
    return float(found) if isinstance(found, int | float) else 95.0


def name_stage(row: SubmissionRow) -> str:
    """Return the name of the stage as the submission was launched with it."""
    return str(read_setting(row, "name", row.stage_id))


async def count_own_in(tx: Tx, row: SubmissionRow) -> dispatch.Counts | None:
    """Return the files of a submission by state; None if they are known to its jobs alone."""
    return None if row.share_id is None else await dispatch.get_share_counts_in(tx, share_id=row.share_id)


async def move_in(
    tx: Tx, row: SubmissionRow, words: Words, actor: Actor, *, is_end: bool = False, by_hand: bool = False
) -> SubmissionRow:
    """Write changed words with their history and event, and return the submission; nothing when nothing changed.

    A word that cannot follow the present one stays as it is.
    """
    words = _keep_words(row, words, by_hand=by_hand)
    if words == Words(row.status, row.batch_status, row.reason) and not is_end:
        return row
    await store.move_submission(
        tx,
        submission_id=row.id,
        status=words.status,
        batch_status=words.batch_status,
        reason=words.reason,
        ended_at=tx.now if is_end else None,
    )
    changed = ((Side.JOBS, words.batch_status, row.batch_status), (Side.FILES, words.status, row.status))
    for side, new, old in changed:
        if new != old:
            await remember_in(tx, row, side, new.value, words.reason, actor)
    await note_change_in(tx, row, words, actor)
    return await load_submission(tx, row.id)


def _keep_words(row: SubmissionRow, words: Words, *, by_hand: bool) -> Words:
    status, batch_status = row.status, row.batch_status
    if statuses.may_become(row.status, words.status):
        status = words.status
    if statuses.may_become(row.batch_status, words.batch_status, by_hand=by_hand):
        batch_status = words.batch_status
    return Words(status, batch_status, words.reason)


async def note_change_in(tx: Tx, row: SubmissionRow, words: Words, actor: Actor) -> None:
    """Record that the words of a submission changed, and wake whoever looks at its stage or campaign."""
    facts: dict[str, object] = {
        "status": words.status.value,
        "batch_status": words.batch_status.value,
        "reason": words.reason,
    }
    await tx.record(Event(CampaignEvent.SUBMISSION_CHANGED, "submission", str(row.id), row.experiment_id, facts), actor)
    tx.notify("stage", row.stage_id)
    tx.notify("campaign", row.campaign_id)


async def remember_in(  # noqa: PLR0917
    tx: Tx, row: SubmissionRow, side: Side, status: str, reason: str, actor: Actor
) -> None:
    """Append to the history of a submission."""
    await store.add_history(
        tx,
        submission_id=row.id,
        experiment_id=row.experiment_id,
        side=side,
        status=status,
        reason=reason,
        actor=actor.username,
    )


async def complete_in(tx: Tx, row: SubmissionRow, *, jobs_are_over: bool, actor: Actor = SYSTEM) -> SubmissionRow:
    """End a submission if its files or its jobs are over: let others take what is left, and note what must follow."""
    if row.ended_at is not None:
        return row
    counts = await count_own_in(tx, row)
    # Files that went on in another share are not waited for, though they count as not processed here.
    is_over = jobs_are_over or await _has_no_open_file(tx, row)
    status = _decide_status(row, counts, jobs_are_over=is_over)
    if status is None:
        return row
    reason = _explain_end(row, counts)
    row = await move_in(tx, row, Words(status, _decide_word(row, counts), reason), actor, is_end=True)
    if row.share_id is not None:
        await dispatch.close_share_in(tx, share_id=row.share_id)
    facts: dict[str, object] = {"status": status.value}
    await tx.record(
        Event(CampaignEvent.SUBMISSION_COMPLETED, "submission", str(row.id), row.experiment_id, facts), actor
    )
    called_off_as = await store_followers.find_called_off(tx, submission_id=row.id)
    is_called_off = called_off_as is not None or row.batch_status.is_called_off
    if not is_called_off or row.original_id is not None:
        # Without a recovery that was called off, what follows the original is decided by what there is.
        await require_following_in(tx, row)
    return row


async def require_following_in(tx: Tx, row: SubmissionRow) -> None:
    """Note that what follows an ended submission is to be decided, again if it was before.

    First its outputs have to be there, if the stage asked for that and nobody says that they are.
    """
    completion_type = read_setting(row, "completion_type", CompletionType.COMPLETE.value)
    word = row.batch_status
    is_there = row.share_id is None or word is BatchStatus.LOCATED or word.is_called_off
    needs_outputs = completion_type == CompletionType.LOCATED.value and not is_there
    kind = IntentionKind.LOCATE if needs_outputs else IntentionKind.FOLLOW
    key = following.name_locate(row.id) if needs_outputs else following.name_follow(row.id)
    facts: dict[str, object] = {"ended": row.id}
    original_id = row.original_id or row.id
    is_new = await store_followers.renew_intention(
        tx,
        experiment_id=row.experiment_id,
        key=key,
        kind=kind,
        submission_id=original_id,
        facts=facts,
        states=SETTLED,
    )
    if not is_new:
        await store_followers.hurry_intentions(tx, submission_id=original_id, kind=kind)


async def _has_no_open_file(tx: Tx, row: SubmissionRow) -> bool:
    if row.share_id is None:
        return False
    return await dispatch.get_share_open_count_in(tx, share_id=row.share_id) == 0


def _decide_status(
    row: SubmissionRow, counts: dispatch.Counts | None, *, jobs_are_over: bool
) -> SubmissionStatus | None:
    if counts is not None:
        return rules.decide_completion(counts, jobs_are_over=jobs_are_over)
    if not jobs_are_over:
        return None
    is_clean = row.batch_status in (BatchStatus.COMPLETED, BatchStatus.LOCATED)
    return SubmissionStatus.COMPLETED if is_clean else SubmissionStatus.COMPLETED_WITH_FAILURES


def _decide_word(row: SubmissionRow, counts: dispatch.Counts | None) -> BatchStatus:
    """The word of the jobs that may still be winding up when the files are over."""
    if counts is not None and statuses.has_enough(counts, completion_pct=get_completion_pct(row)):
        return BatchStatus.COMPLETED
    return row.batch_status


def _explain_end(row: SubmissionRow, counts: dispatch.Counts | None) -> str:
    if counts is None:
        reason = "its jobs are over; its files are known to them alone"
    else:
        left = counts.total_count - counts.done_count - counts.failed_count
        reason = f"{counts.done_count} of {counts.total_count} files done, {counts.failed_count} failed"
        reason += f", {left} not processed" if left else ""
    return f"{row.reason}; {reason}" if row.batch_status.is_called_off else reason
