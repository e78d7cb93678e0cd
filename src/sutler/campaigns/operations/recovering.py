"""Recoveries: which files each kind takes, and launching one, by itself or by hand."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from sutler import auth, launch
from sutler.auth import Action, Principal, may, permit
from sutler.base.errors import NotPermittedError
from sutler.campaigns import store
from sutler.campaigns.errors import LaunchKeyTakenError, NotPossibleError, StageHeldError
from sutler.campaigns.model import (
    Cause,
    IntentionRow,
    IntentionState,
    Launched,
    LaunchOutcome,
    Methodology,
    Parameters,
    RecoveryRequest,
    RecoveryType,
    Stage,
    StageType,
    SubmissionRow,
)
from sutler.campaigns.operations.creating import InShare, Order, OwnProject, create_submission_in
from sutler.campaigns.operations.holds import find_hold_in
from sutler.campaigns.operations.launching import Launcher, carry_out_launch
from sutler.campaigns.operations.loading import (
    get_handler_of,
    load_stage,
    load_submission,
    thing_of,
    thing_of_submission,
)
from sutler.campaigns.operations.moving import read_setting, require_following_in
from sutler.campaigns.operations.outputs import FamilyFile, find_orphans_in, list_family_files_in, list_shares
from sutler.campaigns.operations.planning import Site
from sutler.campaigns.operations.queueing import queue_launch_in
from sutler.campaigns.operations.settling import postpone_in, settle_in
from sutler.campaigns.rules import merge_parameters
from sutler.campaigns.store import followers as store_followers
from sutler.catalog import Selection
from sutler.database import Database, Tx, replayable
from sutler.dispatch import HandleState, NewHandle

DESCRIPTIONS: Final = {
    RecoveryType.STATE_FAILED: "Files that failed.",
    RecoveryType.STATE_NOT_DONE: "Files that are not done: failed, still reserved, or never taken.",
    RecoveryType.REPROCESS_ORPHANS: "Files that are done or failed and have no output.",
    RecoveryType.REPROCESS_ALL: "All files once more, whatever became of them.",
    RecoveryType.ADDED_FILES: "Files that its query finds now and that it did not have.",
}
"""Which files each kind of recovery takes, in words."""

_STATES: Final = {
    RecoveryType.STATE_FAILED: (HandleState.FAILED,),
    RecoveryType.STATE_NOT_DONE: (HandleState.INITIAL, HandleState.RESERVED, HandleState.FAILED),
    RecoveryType.REPROCESS_ALL: None,
}

_WITHOUT: Final = {
    RecoveryType.STATE_FAILED: "No file failed.",
    RecoveryType.STATE_NOT_DONE: "All files are done.",
    RecoveryType.REPROCESS_ORPHANS: "Every file that is done or failed has an output.",
    RecoveryType.REPROCESS_ALL: "It has no files.",
    RecoveryType.ADDED_FILES: "Its query finds no file that it did not have.",
}


@dataclass(frozen=True)
class RecoveryPreview:
    """What a kind of recovery would take now. `refusal` says why there is nothing to launch; else it is empty."""

    recovery_type: RecoveryType
    file_count: int
    description: str
    refusal: str


@dataclass(frozen=True)
class Chosen:
    """The files of a recovery, those of the submission and new ones, or why there are none."""

    files: tuple[FamilyFile, ...] = ()
    added: tuple[NewHandle, ...] = ()
    refusal: str = ""

    @property
    def count(self) -> int:
        """How many there are."""
        return len(self.files) + len(self.added)


@dataclass(frozen=True)
class _Plan:
    """What a recovery is launched with."""

    recovery_type: RecoveryType
    key: str
    methodology: Methodology
    parameter_overrides: Parameters


@replayable  # the key makes it one recovery
async def recover_submission(
    db: Database,
    launcher: Launcher,
    who: Principal,
    *,
    submission_id: int,
    recovery_type: RecoveryType,
    key: str,
    methodology: Methodology | None = None,
    parameter_overrides: Parameters = (),
) -> LaunchOutcome:
    """Launch a recovery of a submission by hand, once per key; it belongs to the submission like those that come alone.

    In one project the files go on where they are; otherwise, and for added files, they get a project of their own.
    None takes what the submission was launched with. A recovery of a recovery is one of the original submission. While
    launches of the stage are on hold it waits in the queue; its files are chosen when it is launched. Raises
    NotFoundError, NotPermittedError, NotPossibleError with the reason why there is nothing to recover,
    LaunchKeyTakenError, and what making a submission raises.
    """
    async with db.write() as tx:
        original_id = await _find_original(tx, submission_id)
        stage = await load_stage(tx, (await load_submission(tx, original_id)).stage_id, lock=True)
        original = await load_submission(tx, original_id, lock=True)
        permit(who, Action.LAUNCH, thing_of("stage", stage))
        present = await find_present_in(tx, key=key, stage=stage)
        if present is not None:
            return present
        held = await find_launch_hold_in(tx, stage)
        if held is not None:
            request = RecoveryRequest(
                stage.id, key, original_id, recovery_type, methodology, parameter_overrides=parameter_overrides
            )
            return await queue_launch_in(tx, who, stage=stage, request=request, reason=held)
        family = await store.list_family(tx, original_id=original_id)
        chosen = await choose_files_in(tx, original, family, recovery_type)
        if not chosen.count:
            raise NotPossibleError(chosen.refusal, submission_id=original_id, recovery_type=recovery_type.value)
        plan = _Plan(recovery_type, key, methodology or get_methodology(original), parameter_overrides)
        made = await _create_recovery(tx, launcher.site, who, stage, original, family, chosen, plan)
    # A back-end that is away has been noted with its reason; the launch stays intended and is taken up again.
    with suppress(launch.BackendFailedError):
        await carry_out_launch(db, launcher, key=key)
    return Launched(made)


async def preview_recovery(db: Database, who: Principal, *, submission_id: int) -> list[RecoveryPreview]:
    """Return for each kind of recovery how many files it would take now, or why there are none.

    Raises NotFoundError, NotPermittedError.
    """
    async with db.read() as tx:
        original = await load_submission(tx, await _find_original(tx, submission_id))
        permit(who, Action.VIEW, thing_of_submission(original))
        family = await store.list_family(tx, original_id=original.id)
        previews = []
        for recovery_type in DESCRIPTIONS:
            chosen = await choose_files_in(tx, original, family, recovery_type)
            description = DESCRIPTIONS[recovery_type]
            previews.append(RecoveryPreview(recovery_type, chosen.count, description, chosen.refusal))
        return previews


async def settle_recovery_in(tx: Tx, launcher: Launcher, intention: IntentionRow) -> None:
    """Launch a recovery that follows by itself; if no files are left for it, what follows is decided once more."""
    stage = await load_stage(tx, (await load_submission(tx, intention.submission_id)).stage_id, lock=True)
    original = await load_submission(tx, intention.submission_id, lock=True)
    if original.batch_status.is_called_off:
        reason = f"submission {original.id} was {original.batch_status.value.lower()}"
        await settle_in(tx, intention, IntentionState.REFUSED, reason)
        return
    family = await store.list_family(tx, original_id=original.id)
    waits_for = await find_hold_in(tx, stage=stage) or _find_open(family)
    if waits_for is not None:
        await postpone_in(tx, intention, waits_for)
        return
    plan = _read_plan(intention)
    chosen = await choose_files_in(tx, original, family, plan.recovery_type)
    if not chosen.count:
        await settle_in(tx, intention, IntentionState.NOTHING_TO_DO, chosen.refusal)
        await require_following_in(tx, family[-1])
        return
    who = await load_launcher_in(tx, original, stage)
    made = await _create_recovery(tx, launcher.site, who, stage, original, family, chosen, plan)
    await settle_in(tx, intention, IntentionState.DONE, f"{chosen.count} files", made)


async def choose_files_in(
    tx: Tx, original: SubmissionRow, family: Sequence[SubmissionRow], recovery_type: RecoveryType
) -> Chosen:
    """Return the files that a recovery takes: of the submission and its recoveries, as each file turned out best."""
    refusal = _find_obstacle(original, family, recovery_type)
    if refusal is not None:
        return Chosen(refusal=refusal)
    if recovery_type is RecoveryType.ADDED_FILES:
        return await _choose_added(tx, original, family)
    if recovery_type is RecoveryType.REPROCESS_ORPHANS:
        files = await find_orphans_in(tx, original, family)
    else:
        files = await list_family_files_in(tx, family, states=_STATES[recovery_type])
    return Chosen(files=tuple(files), refusal="" if files else _WITHOUT[recovery_type])


async def load_launcher_in(tx: Tx, original: SubmissionRow, stage: Stage) -> Principal:
    """Return as whom the followers of a submission run: who launched it, if that is permitted still, else whoever said
    that it is complete, or recovered it last. Raises NotPermittedError when none of them may.
    """
    for user_id in await store_followers.list_askers(tx, submission_id=original.id):
        with suppress(auth.UserNotFoundError):
            who = await auth.get_principal_in(tx, user_id=user_id)
            if may(who, Action.LAUNCH, thing_of("stage", stage)):
                return who
    username = await store.get_username(tx, user_id=original.launched_by)
    raise NotPermittedError(
        f"{username}, who launched submission {original.id}, may not launch stage {stage.name}. Whoever may can go on "
        f"by calling submission {original.id} complete.",
        stage_id=stage.id,
    )


async def find_present_in(tx: Tx, *, key: str, stage: Stage) -> Launched | None:
    """Return what a launch key has made before. Raises LaunchKeyTakenError if that is of another stage."""
    present = await store.find_submission_by_key(tx, launch_key=key)
    if present is None:
        return None
    submission_id, stage_id = present
    if stage_id != stage.id:
        raise LaunchKeyTakenError(key=key, stage=stage_id)
    return Launched(submission_id)


async def find_launch_hold_in(tx: Tx, stage: Stage) -> str | None:
    """Say what holds the launches of a stage; None if nothing does. Raises NotPossibleError for one that is gone."""
    if stage.removed_at is not None:
        raise NotPossibleError(f"Stage {stage.name} was removed from its campaign.", stage_id=stage.id)
    return await find_hold_in(tx, stage=stage)


async def refuse_held_in(tx: Tx, stage: Stage) -> None:
    """Go on when nothing holds the launches of a stage that is still there. Raises StageHeldError, NotPossibleError."""
    held = await find_launch_hold_in(tx, stage)
    if held is not None:
        raise StageHeldError(held, stage_id=stage.id)


def get_methodology(row: SubmissionRow) -> Methodology:
    """Return whether a submission was launched to be recovered in its project or in new ones."""
    return Methodology(str(read_setting(row, "methodology", Methodology.STANDARD.value)))


async def _find_original(tx: Tx, submission_id: int) -> int:
    row = await load_submission(tx, submission_id)
    return row.original_id or row.id


def _find_open(family: Sequence[SubmissionRow]) -> str | None:
    still = [row.id for row in family if row.ended_at is None]
    return f"submission {still[0]} has not ended" if still else None


def _find_obstacle(original: SubmissionRow, family: Sequence[SubmissionRow], recovery_type: RecoveryType) -> str | None:
    if original.project_id is None:
        return (
            f"Recoveries of submission {original.id} are not possible: it has no project, as its query was handed to "
            "its jobs, and what became of its files is not known here."
        )
    if recovery_type.is_of_old_handler:
        return f"Files by {recovery_type} were known to the old data handler alone."
    if read_setting(original, "stage_type", "") == StageType.APPROVAL.value:
        return "An approval stage runs nothing, so there is nothing to recover."
    still = _find_open(family)
    if still is not None and recovery_type is RecoveryType.STATE_NOT_DONE:
        return f"{still[0].upper()}{still[1:]}, so its files may still be processed. Wait, or cancel it first."
    return None


async def _choose_added(tx: Tx, original: SubmissionRow, family: Sequence[SubmissionRow]) -> Chosen:
    if not original.dataset_query:
        return Chosen(refusal="It was not launched on a query, so no files can have been added.")
    if original.slice_number is not None:
        return Chosen(refusal="Its stage is split: the next slices take files that were added.")
    handler = get_handler_of(original)
    if await handler.needs_asking_in(tx, experiment_id=original.experiment_id):
        return Chosen(
            refusal="Its catalogue is elsewhere and cannot be asked in a recovery. Launch the stage again instead."
        )
    selection = Selection(original.dataset_query, original.experiment_id)
    found = await handler.resolve_in(tx, selection=selection, ledger_id=None, prepared=None)
    known = await handler.list_handles_in(tx, share_ids=list_shares(family))
    names = {(file.namespace, file.name) for file in known}
    added = tuple(file for file in found if (file.namespace, file.name) not in names)
    return Chosen(added=added, refusal="" if added else _WITHOUT[RecoveryType.ADDED_FILES])


async def _create_recovery(  # noqa: PLR0917
    tx: Tx,
    site: Site,
    who: Principal,
    stage: Stage,
    original: SubmissionRow,
    family: Sequence[SubmissionRow],
    chosen: Chosen,
    plan: _Plan,
) -> int:
    order = Order(
        stage=stage,
        key=plan.key,
        cause=Cause.RECOVERY,
        work=await _make_work(tx, who, original, family, chosen, plan),
        dataset_query=original.dataset_query,
        original_id=original.id,
        recovery_type=plan.recovery_type,
        recovery_number=len(family),
        is_test=original.is_test,
        parameter_overrides=merge_parameters(_pair(original.parameter_overrides), plan.parameter_overrides),
    )
    return await create_submission_in(tx, site, who, order=order)


async def _make_work(  # noqa: PLR0917
    tx: Tx,
    who: Principal,
    original: SubmissionRow,
    family: Sequence[SubmissionRow],
    chosen: Chosen,
    plan: _Plan,
) -> OwnProject | InShare:
    """The files in a new project, or in a new share of the one where all of them are."""
    handles = [*(file.make_handle() for file in chosen.files), *chosen.added]
    if plan.methodology is Methodology.STANDARD or chosen.added:
        return OwnProject(handles)
    places = {
        place.position for file in chosen.files for place in file.places if place.project_id == original.project_id
    }
    if len(places) < len(chosen.files):
        return OwnProject(handles)
    assert original.project_id is not None
    shares = [row for row in family if row.project_id == original.project_id]
    share = await get_handler_of(original).restart_in(
        tx,
        who,
        project_id=original.project_id,
        positions=sorted(places),
        # What became done since it was chosen stays done.
        states=_STATES.get(plan.recovery_type),
        from_share_ids=list_shares(shares),
    )
    return InShare(share.project_id, share.share_id, share.handle_count)


def _read_plan(intention: IntentionRow) -> _Plan:
    facts = intention.facts
    overrides = facts.get("parameter_overrides")
    return _Plan(
        RecoveryType(str(facts["recovery_type"])),
        intention.key,
        Methodology(str(facts["methodology"])),
        _pair(overrides if isinstance(overrides, list) else ()),
    )


def _pair(pairs: Sequence[Sequence[str]]) -> Parameters:
    return tuple((key, value) for key, value in pairs)
