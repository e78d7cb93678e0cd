"""What must follow the end of a submission, each piece exactly once, whatever crashes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Final

from sutler import catalog
from sutler.base.errors import SutlerError
from sutler.campaigns import rules, store
from sutler.campaigns.model import (
    Cause,
    HoldKind,
    IntentionKind,
    IntentionRow,
    IntentionState,
    LaunchRequest,
    Stage,
    SubmissionRow,
)
from sutler.campaigns.operations.continuing import read_ended, settle_follow_in, settle_locate_in
from sutler.campaigns.operations.creating import Order, OwnProject, create_submission_in
from sutler.campaigns.operations.holds import find_hold_in
from sutler.campaigns.operations.launching import Launcher
from sutler.campaigns.operations.loading import load_submission
from sutler.campaigns.operations.moving import require_following_in
from sutler.campaigns.operations.outputs import find_outputs_in, list_shares
from sutler.campaigns.operations.recovering import load_launcher_in, settle_recovery_in
from sutler.campaigns.operations.settling import postpone_in, settle_in
from sutler.campaigns.operations.slicing import Nothing, prepare_slice, take_slice_in
from sutler.catalog import PreparedSelection
from sutler.database import Database, DatabaseUnreachableError, Tx
from sutler.dispatch import NewHandle

UNDECLARED_PAUSE: Final = timedelta(seconds=5)


@dataclass(frozen=True)
class SettledIntention:
    """A piece that was tried. `submission_id` is what it made, now or before: the launch with its key is to be handed
    over; None if it made nothing.
    """

    key: str
    submission_id: int | None


async def claim_due_intentions(db: Database, *, count: int) -> list[IntentionRow]:
    """Take the oldest pieces that are due, at most `count`, to be settled one by one.

    They are put off before they are tried, longer each time, so that one that cannot succeed, whatever the cause, never
    stands in the way of the others.
    """
    async with db.write() as tx:
        return await store.claim_due_intentions(
            tx, count=count, first_pause=rules.FIRST_RETRY_PAUSE, longest_pause=rules.LONGEST_RETRY_PAUSE
        )


async def settle_intention(db: Database, launcher: Launcher, *, intention: IntentionRow) -> SettledIntention:
    """Carry out a piece that was taken, once, whatever crashes: what it makes and the mark that it is done are one
    transaction.

    A refusal stays with it as the reason, and it is tried again: nothing is lost when somebody repairs the cause.
    Whoever takes up unsubmitted launches carries the launch out. Raises DatabaseUnreachableError.
    """
    try:
        await _settle(db, launcher, intention)
    except DatabaseUnreachableError:
        raise
    except SutlerError as refusal:
        async with db.write() as tx:
            await postpone_in(tx, intention, refusal.sentence, rules.decide_retry_pause(intention.tries))
    async with db.read() as tx:
        made = await store.find_submission_by_key(tx, launch_key=intention.key)
    return SettledIntention(intention.key, None if made is None else made[0])


async def _settle(db: Database, launcher: Launcher, intention: IntentionRow) -> None:
    """A catalogue elsewhere is asked for the next slice of a stage that feeds itself before anything is locked."""
    prepared = None
    request = await _find_request(db, intention)
    if request is not None:
        prepared = await prepare_slice(db, launcher.catalogues, request=request)
    try:
        async with db.write() as tx:
            await _lock(tx, intention)
            if not await store.lock_pending_intention(tx, intention_id=intention.id):
                return
            match intention.kind:
                case IntentionKind.LOCATE:
                    await settle_locate_in(tx, intention)
                case IntentionKind.FOLLOW:
                    await settle_follow_in(tx, intention)
                case IntentionKind.RECOVERY:
                    await _settle_held(tx, launcher, intention)
                case IntentionKind.DEPENDANT:
                    await _settle_dependant(tx, launcher, intention, request, prepared)
    finally:
        if prepared is not None:
            await catalog.discard_selection(db, selection_id=prepared.id)


async def _lock(tx: Tx, intention: IntentionRow) -> None:
    """Lock what a piece is about, in the order of everybody: stage, original, recovery; the piece itself comes last."""
    if intention.kind is IntentionKind.DEPENDANT:
        await store.lock_stage(tx, stage_id=_read_downstream(intention))
    if intention.kind is IntentionKind.RECOVERY:
        await store.lock_stage(tx, stage_id=(await load_submission(tx, intention.submission_id)).stage_id)
    await load_submission(tx, intention.submission_id, lock=True)
    if intention.kind is IntentionKind.LOCATE:
        await load_submission(tx, read_ended(intention), lock=True)


async def _settle_held(tx: Tx, launcher: Launcher, intention: IntentionRow) -> None:
    original = await load_submission(tx, intention.submission_id)
    stage = await store.get_stage(tx, stage_id=original.stage_id)
    if stage is None or stage.removed_at is not None:
        await settle_in(tx, intention, IntentionState.REFUSED, "its stage was removed")
        await require_following_in(tx, original)
        return
    held = await find_hold_in(tx, stage=stage, kind=HoldKind.FOLLOWERS)
    if held is not None:
        await postpone_in(tx, intention, held)
        return
    await settle_recovery_in(tx, launcher, intention)


async def _find_request(db: Database, intention: IntentionRow) -> LaunchRequest | None:
    """The launch of the next slice, if that is what must follow."""
    if intention.kind is not IntentionKind.DEPENDANT:
        return None
    async with db.read() as tx:
        original = await load_submission(tx, intention.submission_id)
    if _read_downstream(intention) != original.stage_id:
        return None
    return LaunchRequest(original.stage_id, intention.key, is_test=original.is_test, cause=Cause.DEPENDENCY)


async def _settle_dependant(
    tx: Tx,
    launcher: Launcher,
    intention: IntentionRow,
    request: LaunchRequest | None,
    prepared: PreparedSelection | None,
) -> None:
    stage = await store.get_stage(tx, stage_id=_read_downstream(intention))
    original = await load_submission(tx, intention.submission_id)
    refusal = _find_refusal(stage, original, intention)
    if refusal is not None or stage is None:
        await settle_in(tx, intention, IntentionState.REFUSED, refusal or "its stage was removed")
        return
    held = await find_hold_in(tx, stage=stage, kind=HoldKind.FOLLOWERS) or await find_hold_in(tx, stage=stage)
    if held is not None:
        await postpone_in(tx, intention, held)
        return
    if request is not None:
        await _launch_next_slice(tx, launcher, intention, stage, original, request, prepared)
        return
    await _launch_on_outputs(tx, launcher, intention, stage, original)


def _find_refusal(stage: Stage | None, original: SubmissionRow, intention: IntentionRow) -> str | None:
    if stage is None or stage.removed_at is not None:
        return f"stage {intention.facts.get('downstream_stage')} was removed"
    if original.batch_status.is_called_off:
        return f"submission {original.id} was {original.batch_status.value.lower()}"
    return None


async def _launch_next_slice(  # noqa: PLR0917
    tx: Tx,
    launcher: Launcher,
    intention: IntentionRow,
    stage: Stage,
    original: SubmissionRow,
    request: LaunchRequest,
    prepared: PreparedSelection | None,
) -> None:
    who = await load_launcher_in(tx, original, stage)
    order = await take_slice_in(tx, who, stage, request=request, prepared=prepared)
    if isinstance(order, Nothing):
        if order.is_over:
            await settle_in(tx, intention, IntentionState.NOTHING_TO_DO, order.reason)
        else:
            await postpone_in(tx, intention, order.reason, rules.decide_retry_pause(intention.tries))
        return
    made = await create_submission_in(tx, launcher.site, who, order=replace(order, upstream_submission_id=original.id))
    await settle_in(tx, intention, IntentionState.DONE, "the next slice", made)


async def _launch_on_outputs(
    tx: Tx, launcher: Launcher, intention: IntentionRow, stage: Stage, original: SubmissionRow
) -> None:
    family = await store.list_family(tx, original_id=original.id)
    waits_for = await _find_undeclared(tx, family)
    if waits_for is not None:
        await postpone_in(tx, intention, waits_for, UNDECLARED_PAUSE)
        return
    pattern = str(intention.facts.get("file_pattern", "%"))
    handles, refused_count = await find_outputs_in(tx, original=original, family=family, pattern=pattern)
    if not handles and refused_count:
        pause = max(UNDECLARED_PAUSE, rules.decide_retry_pause(intention.tries))
        await postpone_in(tx, intention, await _explain_refused(tx, family), pause)
        return
    if not handles:
        await settle_in(tx, intention, IntentionState.NOTHING_TO_DO, _explain_nothing(original, pattern))
        return
    made = await _launch_dependant(tx, launcher, intention, stage, original, handles)
    reason = f"{len(handles)} files"
    reason += f" without {refused_count} whose declaration was refused" if refused_count else ""
    await settle_in(tx, intention, IntentionState.DONE, reason, made)


async def _launch_dependant(  # noqa: PLR0917
    tx: Tx,
    launcher: Launcher,
    intention: IntentionRow,
    stage: Stage,
    original: SubmissionRow,
    handles: Sequence[NewHandle],
) -> int:
    who = await load_launcher_in(tx, original, stage)
    order = Order(
        stage=stage,
        key=intention.key,
        cause=Cause.DEPENDENCY,
        work=OwnProject(handles),
        upstream_submission_id=original.id,
        is_test=original.is_test,
    )
    return await create_submission_in(tx, launcher.site, who, order=order)


async def _find_undeclared(tx: Tx, family: Sequence[SubmissionRow]) -> str | None:
    """Say what outputs still wait to be declared elsewhere, or None if none does."""
    for row in family:
        if row.share_id is not None:
            found = await catalog.count_undeclared_in(tx, experiment_id=row.experiment_id, share_id=row.share_id)
            if found is not None and found.pending_count:
                return rules.explain_undeclared(found)
    return None


async def _explain_refused(tx: Tx, family: Sequence[SubmissionRow]) -> str:
    sentences = []
    for row in family:
        if row.share_id is not None:
            found = await catalog.count_undeclared_in(tx, experiment_id=row.experiment_id, share_id=row.share_id)
            sentences += [] if found is None else [rules.explain_undeclared(found)]
    return " ".join(sentences)


def _explain_nothing(original: SubmissionRow, pattern: str) -> str:
    if not list_shares([original]):
        return f"the files of submission {original.id} are known to its jobs alone, and so are its outputs"
    return f"submission {original.id} has no output that matches {pattern!r}"


def _read_downstream(intention: IntentionRow) -> int:
    return int(str(intention.facts["downstream_stage_id"]))
