"""What happens to a submission after its launch: words of the batch side, being called off, its end."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from sutler import dispatch, launch
from sutler.auth import SYSTEM, Action, Principal, permit
from sutler.base.errors import InvalidInputError, Problem
from sutler.campaigns import rules, store
from sutler.campaigns.errors import SubmissionOverError
from sutler.campaigns.model import BatchStatus, Overlooked, Side, SubmissionRow
from sutler.campaigns.operations.loading import find_launch, load_submission, thing_of_submission
from sutler.campaigns.operations.moving import (
    Words,
    complete_in,
    count_own_in,
    get_completion_pct,
    move_in,
    name_stage,
    remember_in,
)
from sutler.campaigns.rules import statuses
from sutler.campaigns.store import followers as store_followers
from sutler.database import Database, Tx, replayable

_UNFINISHED_WORDS = {BatchStatus.CANCELLED: "Cancelling", BatchStatus.REMOVED: "Removing"}


@replayable
async def note_launch(db: Database, *, key: str) -> None:
    """Take over what the launch room knows of a launch; ends the submission when no job is left. Safe to repeat.

    Enough done files make the word of the jobs Completed while they still run.
    """
    async with db.write() as tx:
        row = await store.lock_submission_of_key(tx, launch_key=key)
        if row is None:
            return
        known = await launch.get_launch_in(tx, key=key)
        is_over = known.state is launch.LaunchState.ENDED
        jobs = await launch.list_jobs_in(tx, key=key) if is_over else []
        if is_over and row.ended_at is None and row.share_id is not None:
            ids = [job.batch_job_id for job in jobs]
            await dispatch.release_jobs_in(tx, batch_job_ids=ids, share_id=row.share_id)
        counts = await count_own_in(tx, row)
        called_off_as = await _find_called_off(tx, row, known)
        word = statuses.decide_word(
            known,
            job_states=[job.state for job in jobs],
            called_off_as=called_off_as,
            counts=counts,
            completion_pct=get_completion_pct(row),
            is_recovery=row.original_id is not None,
        )
        reason = _explain(row, known, counts, word)
        is_by_hand = called_off_as is not None and word is called_off_as
        row = await move_in(tx, row, Words(row.status, word, reason), SYSTEM, by_hand=is_by_hand)
        if is_over:
            await complete_in(tx, row, jobs_are_over=True)


async def note_trouble(db: Database, *, key: str, reason: str) -> None:
    """Keep why a launch could not be handed over yet, where the page of its submission says what it waits for."""
    async with db.write() as tx:
        row = await store.lock_submission_of_key(tx, launch_key=key)
        if row is not None and row.ended_at is None:
            await move_in(tx, row, Words(row.status, row.batch_status, reason), SYSTEM)


@replayable
async def complete_share(db: Database, *, share_id: int) -> None:
    """End the submission that owns a share if all its files are final. Safe to repeat.

    Of one that has ended, whose files were begun anew since, the failed ones are counted once more.
    """
    async with db.write() as tx:
        row = await store.lock_submission_of_share(tx, share_id=share_id)
        if row is not None:
            await complete_in(tx, row, jobs_are_over=False)
            await store.recount_failed_files(tx, submission_id=row.id)


async def cancel_submission(
    db: Database,
    backends: Mapping[str, launch.Backend],
    who: Principal,
    *,
    submission_id: int,
    reason: str,
    mark: BatchStatus = BatchStatus.CANCELLED,
) -> None:
    """Stop the jobs of a submission and give out no more of its files. It ends when the last job is gone.

    Then its word is `mark`, Cancelled or Removed, and nothing follows. On a project that others work on, too, its files
    go back to them. Raises NotFoundError, NotPermittedError, SubmissionOverError, InvalidInputError.
    """
    if not mark.is_called_off:
        raise InvalidInputError([Problem("mark", f"must be Cancelled or Removed, not {mark}")])
    async with db.write() as tx:
        row = await load_submission(tx, submission_id, lock=True)
        permit(who, Action.LAUNCH, thing_of_submission(row))
        if row.ended_at is not None:
            raise SubmissionOverError(
                f"Submission {submission_id} has ended: {row.status}.", submission_id=submission_id
            )
        is_over = await call_off_in(tx, row, who, reason=reason, mark=mark)
    if not is_over:
        await _stop(db, backends, key=row.launch_key, reason=statuses.explain_calling_off(mark, who.username, reason))


async def call_off_in(tx: Tx, row: SubmissionRow, who: Principal, *, reason: str, mark: BatchStatus) -> bool:
    """Give out no more files of an open submission, which is locked, and end it if no job can be there. True then."""
    why = statuses.explain_calling_off(mark, who.username, reason)
    await store_followers.call_off(tx, submission_id=row.id, word=mark)
    await _give_back(tx, row, who, reason)
    row = await move_in(tx, row, Words(row.status, row.batch_status, why), who)
    known = await find_launch(tx, key=row.launch_key)
    if known is not None and known.state is not launch.LaunchState.FAILED:
        await remember_in(tx, row, Side.JOBS, _UNFINISHED_WORDS[mark], why, who)
        return False
    row = await move_in(tx, row, Words(row.status, mark, why), who, by_hand=True)
    await complete_in(tx, row, jobs_are_over=True)
    return True


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


async def stop_called_off(db: Database, backends: Mapping[str, launch.Backend], *, count: int) -> int:
    """Stop the jobs of submissions that were called off when the server died before it could. Returns how many."""
    async with db.read() as tx:
        found = await store_followers.list_unstopped(tx, count=count)
    for key, reason in found:
        await _stop(db, backends, key=key, reason=reason)
    return len(found)


async def find_overlooked(db: Database, *, older_than: timedelta, count: int) -> list[Overlooked]:
    """Return submissions that go on although their files or jobs are over: the event that says so was lost on somebody.

    At most `count`, oldest first. `note_launch` and `complete_share` make up for it.
    """
    async with db.read() as tx:
        return await store.list_overlooked(tx, before=tx.now - older_than, count=count)


async def find_enough_done(db: Database, *, count: int) -> list[Overlooked]:
    """Return submissions with jobs under way of which enough files are done; `note_launch` makes them Completed."""
    async with db.read() as tx:
        return await store_followers.list_enough_done(tx, count=count)


async def _stop(db: Database, backends: Mapping[str, launch.Backend], *, key: str, reason: str) -> None:
    await launch.stop_launch(db, backends, key=key, reason=reason)
    await note_launch(db, key=key)


async def _give_back(tx: Tx, row: SubmissionRow, who: Principal, reason: str) -> None:
    """Let nobody work on the files of a submission, or let others do it where there are others."""
    if row.project_id is None or row.share_id is None:
        return
    others = await store_followers.count_on_project(tx, project_id=row.project_id) - 1
    if row.is_shared or others:
        await dispatch.close_share_in(tx, share_id=row.share_id)
    else:
        await dispatch.cancel_project_in(tx, project_id=row.project_id, reason=reason, actor=who)


async def _find_called_off(tx: Tx, row: SubmissionRow, known: launch.Launch) -> BatchStatus | None:
    """What somebody wants it to be called; what ended before its jobs were stopped was not called off."""
    word = await store_followers.find_called_off(tx, submission_id=row.id)
    if word is None and row.ended_at is None and known.stop_reason is not None:
        return BatchStatus.CANCELLED
    return word


def _explain(row: SubmissionRow, known: launch.Launch, counts: dispatch.Counts | None, word: BatchStatus) -> str:
    if row.ended_at is not None or known.state is launch.LaunchState.INTENDED:
        return row.reason
    why = known.failure or known.stop_reason or ""
    is_enough = word is BatchStatus.COMPLETED and known.state is not launch.LaunchState.ENDED
    if why or counts is None or not is_enough:
        return why
    return statuses.explain_enough(counts, stage=name_stage(row), completion_pct=get_completion_pct(row))
