"""Launching a submission once more: on the same files, in the same project, or the very launch that failed."""

from __future__ import annotations

from contextlib import suppress
from typing import Final

from sutler import dispatch, launch
from sutler.auth import Action, Principal, permit
from sutler.campaigns import store
from sutler.campaigns.errors import NotPossibleError
from sutler.campaigns.model import (
    BatchStatus,
    Cause,
    Launched,
    LaunchOutcome,
    RelaunchRequest,
    Side,
    Stage,
    SubmissionRow,
    SubmissionStatus,
)
from sutler.campaigns.operations.creating import InShare, JobOnly, Order, OwnProject, Work, create_submission_in
from sutler.campaigns.operations.launching import Launcher, carry_out_launch
from sutler.campaigns.operations.loading import (
    get_handler_of,
    load_stage,
    load_submission,
    thing_of,
    thing_of_submission,
)
from sutler.campaigns.operations.moving import Words, note_change_in, remember_in
from sutler.campaigns.operations.queueing import queue_launch_in
from sutler.campaigns.operations.recovering import find_launch_hold_in, find_present_in, refuse_held_in
from sutler.campaigns.operations.slicing import claim_share_in
from sutler.campaigns.store import followers as store_followers
from sutler.database import Database, Tx, replayable
from sutler.dispatch import HandleState, NewHandle

_UNFINISHED: Final = (HandleState.INITIAL, HandleState.RESERVED)


@replayable  # the key makes it one launch
async def relaunch_submission(
    db: Database, launcher: Launcher, who: Principal, *, submission_id: int, key: str, same_project: bool = False
) -> LaunchOutcome:
    """Launch the stage of a submission again on its files, once per key. The split of the stage does not move.

    The files get a new project, in which all are initial. With `same_project` those of its share that are neither done
    nor failed go on where they are. A stage that works on a project always takes what is left there. While launches
    of the stage are on hold it waits in the queue. Raises NotFoundError, NotPermittedError, NotPossibleError,
    LaunchKeyTakenError, NothingToClaimError when no file is left, and what making a submission raises.
    """
    async with db.write() as tx:
        stage = await load_stage(tx, (await load_submission(tx, submission_id)).stage_id, lock=True)
        row = await load_submission(tx, submission_id, lock=True)
        permit(who, Action.LAUNCH, thing_of("stage", stage))
        present = await find_present_in(tx, key=key, stage=stage)
        if present is not None:
            return present
        held = await find_launch_hold_in(tx, stage)
        if held is not None:
            request = RelaunchRequest(stage.id, key, row.id, same_project=same_project)
            return await queue_launch_in(tx, who, stage=stage, request=request, reason=held)
        work = await _make_work(tx, who, stage, row, same_project=same_project)
        order = Order(
            stage=stage,
            key=key,
            cause=Cause.RELAUNCH,
            work=work,
            dataset_query=row.dataset_query,
            slice_number=row.slice_number,
            slice_note=row.slice_note,
            upstream_submission_id=row.id,
            is_test=row.is_test,
            parameter_overrides=tuple((name, value) for name, value in row.parameter_overrides),
            parameter=None if isinstance(work, JobOnly) else row.job_data,
        )
        made = await create_submission_in(tx, launcher.site, who, order=order)
    # A back-end that is away has been noted with its reason; the launch stays intended and is taken up again.
    with suppress(launch.BackendFailedError):
        await carry_out_launch(db, launcher, key=key)
    return Launched(made)


async def retry_launch(db: Database, launcher: Launcher, who: Principal, *, submission_id: int) -> None:
    """Hand a launch that failed to its back-end once more: the same submission, files, plan and key.

    Raises NotFoundError, NotPermittedError, StageHeldError, NotPossibleError if the launch did not fail.
    """
    async with db.write() as tx:
        stage = await load_stage(tx, (await load_submission(tx, submission_id)).stage_id)
        row = await load_submission(tx, submission_id, lock=True)
        permit(who, Action.LAUNCH, thing_of_submission(row))
        await refuse_held_in(tx, stage)
        if row.batch_status is not BatchStatus.LAUNCH_FAILED:
            raise NotPossibleError(
                f"The launch of submission {row.id} did not fail: its word is {row.batch_status}.", submission_id=row.id
            )
        await launch.retry_in(tx, key=row.launch_key)
        if row.share_id is not None:
            await dispatch.reopen_share_in(tx, share_id=row.share_id)
        await store.reopen_submission(tx, submission_id=row.id)
        await store_followers.forget_calling_off(tx, submission_id=row.id)
        await store_followers.vouch_for(tx, submission_id=row.id, user_id=None)
        reason = f"its launch is tried once more by {who.username}"
        await remember_in(tx, row, Side.JOBS, BatchStatus.NEW.value, reason, who)
        await note_change_in(tx, row, Words(SubmissionStatus.CREATED, BatchStatus.NEW, reason), who)
    with suppress(launch.BackendFailedError):
        await carry_out_launch(db, launcher, key=row.launch_key)


async def _make_work(tx: Tx, who: Principal, stage: Stage, row: SubmissionRow, *, same_project: bool) -> Work:
    if stage.project_id is not None:
        share = await claim_share_in(tx, who, stage, project_id=stage.project_id)
        return InShare(share.project_id, share.share_id, share.handle_count)
    if row.share_id is None or row.project_id is None:
        if same_project:
            raise NotPossibleError(
                f"Submission {row.id} has no project: its files are known to its jobs alone.", submission_id=row.id
            )
        return JobOnly(row.job_data or "", is_query=row.dataset_query is not None)
    if not same_project:
        files = await get_handler_of(row).list_handles_in(tx, share_ids=[row.share_id])
        return OwnProject([NewHandle(f.namespace, f.name, f.fid, f.size_bytes, f.attributes) for f in files])
    if row.ended_at is None:
        raise NotPossibleError(
            f"Submission {row.id} has not ended; its files are still being worked on.", submission_id=row.id
        )
    share = await get_handler_of(row).restart_in(
        tx,
        who,
        project_id=row.project_id,
        positions=None,
        states=_UNFINISHED,
        from_share_ids=[row.share_id],
    )
    return InShare(share.project_id, share.share_id, share.handle_count)
