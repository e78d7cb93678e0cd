"""What people decide of a submission by hand: that it is complete, that its outputs are there, that it is approved."""

from __future__ import annotations

from collections.abc import Mapping

from sutler import dispatch, launch
from sutler.auth import Action, Principal, permit
from sutler.base.events import Event
from sutler.campaigns import rules
from sutler.campaigns.errors import NotPossibleError
from sutler.campaigns.model import (
    BatchStatus,
    CampaignEvent,
    IntentionKind,
    IntentionState,
    SubmissionRow,
    SubmissionStatus,
)
from sutler.campaigns.operations.completion import call_off_in, note_launch
from sutler.campaigns.operations.loading import find_launch, load_submission, thing_of_submission
from sutler.campaigns.operations.moving import Words, count_own_in, move_in, require_following_in
from sutler.campaigns.store import followers as store_followers
from sutler.database import Database, Tx, replayable
from sutler.launch import LaunchState

_STOPPABLE = (LaunchState.INTENDED, LaunchState.SUBMITTED)


async def complete_submission(
    db: Database, backends: Mapping[str, launch.Backend], who: Principal, *, submission_id: int, reason: str = ""
) -> None:
    """Call a submission Completed as it is, whatever its word was below that, or Removed or Cancelled before.

    Jobs that still run are stopped, and what follows goes on, dependants however few files are done. Raises
    NotFoundError, NotPermittedError, NotPossibleError for one that is Completed and over, or Located.
    """
    async with db.write() as tx:
        row = await _lock(tx, who, submission_id)
        if row.batch_status is BatchStatus.LOCATED:
            raise NotPossibleError(f"Submission {row.id} is {row.batch_status} already.", submission_id=row.id)
        if row.batch_status is BatchStatus.AWAITING_APPROVAL:
            raise NotPossibleError(f"Submission {row.id} waits for its approval. Approve it.", submission_id=row.id)
        await store_followers.forget_calling_off(tx, submission_id=row.id)
        why = _explain("completed", who, reason)
        row = await _end_as(tx, row, who, BatchStatus.COMPLETED, why)
        await _vouch(tx, row, who, why)
        await require_following_in(tx, row)
        known = await find_launch(tx, key=row.launch_key)
        is_under_way = known is not None and known.state in _STOPPABLE
        if is_under_way:
            # Written down here, so that its jobs are told to end even if this server does not come to that.
            await launch.intend_stop_in(tx, key=row.launch_key, reason=why)
    if is_under_way:
        await launch.stop_launch(db, backends, key=row.launch_key, reason=why)
        await note_launch(db, key=row.launch_key)


async def locate_submission(db: Database, who: Principal, *, submission_id: int, reason: str = "") -> None:
    """Call a Completed submission Located: nobody waits for its outputs any more, and what follows goes on.

    Raises NotFoundError, NotPermittedError, NotPossibleError for one that is not Completed and over.
    """
    async with db.write() as tx:
        row = await _lock(tx, who, submission_id)
        is_done = row.batch_status in (BatchStatus.COMPLETED, BatchStatus.FAILED) or row.ended_at is not None
        if row.ended_at is None or not is_done or row.batch_status.is_called_off:
            raise NotPossibleError(
                f"Submission {row.id} is {row.batch_status}, and only what is Completed and over can be Located.",
                submission_id=row.id,
            )
        why = _explain("located", who, reason)
        row = await move_in(tx, row, Words(row.status, BatchStatus.LOCATED, why), who, by_hand=True)
        await store_followers.close_intentions(
            tx,
            submission_id=row.original_id or row.id,
            kind=IntentionKind.LOCATE,
            state=IntentionState.DONE,
            reason=why,
        )
        await require_following_in(tx, row)


@replayable
async def approve_submission(db: Database, who: Principal, *, submission_id: int, reason: str = "") -> None:
    """Approve what an approval stage waits for: what came in is done and goes on to its dependants.

    Raises NotFoundError, NotPermittedError, NotPossibleError for one that does not wait for that.
    """
    async with db.write() as tx:
        row = await _lock_awaiting(tx, who, submission_id)
        why = _explain("approved", who, reason)
        if row.share_id is not None:
            await dispatch.finish_share_in(tx, share_id=row.share_id, actor=who, reason=why)
        row = await _end_as(tx, row, who, BatchStatus.COMPLETED, why)
        await store_followers.vouch_for(tx, submission_id=row.id, user_id=who.user_id)
        await require_following_in(tx, row)


@replayable
async def unapprove_submission(db: Database, who: Principal, *, submission_id: int, reason: str = "") -> None:
    """Refuse what an approval stage waits for: it is Removed with its project, and nothing follows.

    Raises NotFoundError, NotPermittedError, NotPossibleError for one that does not wait for that.
    """
    async with db.write() as tx:
        row = await _lock_awaiting(tx, who, submission_id)
        await call_off_in(tx, row, who, reason=reason, mark=BatchStatus.REMOVED)


async def _vouch(tx: Tx, row: SubmissionRow, who: Principal, why: str) -> None:
    """Note that the submission, or the one that it recovers, is complete as it is; no recovery is made any more."""
    original_id = row.original_id or row.id
    await store_followers.vouch_for(tx, submission_id=original_id, user_id=who.user_id)
    await store_followers.close_intentions(
        tx, submission_id=original_id, kind=IntentionKind.RECOVERY, state=IntentionState.REFUSED, reason=why
    )


async def _lock(tx: Tx, who: Principal, submission_id: int) -> SubmissionRow:
    row = await load_submission(tx, submission_id, lock=True)
    permit(who, Action.LAUNCH, thing_of_submission(row))
    return row


async def _lock_awaiting(tx: Tx, who: Principal, submission_id: int) -> SubmissionRow:
    row = await _lock(tx, who, submission_id)
    if row.batch_status is not BatchStatus.AWAITING_APPROVAL or row.ended_at is not None:
        raise NotPossibleError(
            f"Submission {row.id} does not wait for an approval: it is {row.batch_status}.", submission_id=row.id
        )
    return row


async def _end_as(tx: Tx, row: SubmissionRow, who: Principal, word: BatchStatus, why: str) -> SubmissionRow:
    """Write the word, and end the submission with its files as they are if it goes on."""
    if row.ended_at is not None:
        return await move_in(tx, row, Words(row.status, word, why), who, by_hand=True)
    counts = await count_own_in(tx, row)
    status = SubmissionStatus.COMPLETED
    if counts is not None:
        status = rules.decide_completion(counts, jobs_are_over=True) or status
    row = await move_in(tx, row, Words(status, word, why), who, is_end=True, by_hand=True)
    if row.share_id is not None:
        await dispatch.close_share_in(tx, share_id=row.share_id)
    facts: dict[str, object] = {"status": status.value}
    kind = CampaignEvent.SUBMISSION_COMPLETED
    await tx.record(Event(kind, "submission", str(row.id), row.experiment_id, facts), who)
    return row


def _explain(what: str, who: Principal, reason: str) -> str:
    return f"{what} by {who.username}" + (f": {reason}" if reason else "")
