"""Deciding what follows the end of a submission, once its outputs are there where that is asked for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any, Final

from sutler import dispatch
from sutler.auth import SYSTEM
from sutler.base.events import Event
from sutler.campaigns import rules, store
from sutler.campaigns.model import (
    BatchStatus,
    CampaignEvent,
    HoldKind,
    IntentionKind,
    IntentionRow,
    IntentionState,
    RecoveryMode,
    RecoveryType,
    Stage,
    SubmissionRow,
)
from sutler.campaigns.operations.holds import find_hold_in
from sutler.campaigns.operations.loading import load_stage, load_submission
from sutler.campaigns.operations.moving import (
    Words,
    get_completion_pct,
    move_in,
    name_stage,
    read_setting,
    require_following_in,
)
from sutler.campaigns.operations.outputs import count_located_in, list_shares
from sutler.campaigns.operations.recovering import choose_files_in, get_methodology
from sutler.campaigns.operations.settling import postpone_in, settle_in
from sutler.campaigns.rules import following
from sutler.campaigns.store import followers as store_followers
from sutler.database import Tx

LOCATE_PAUSE: Final = timedelta(minutes=1)
LOCATED_AFTER: Final = timedelta(days=2)
"""After so long nobody waits for outputs any more."""

_AGAIN: Final = (IntentionState.NOTHING_TO_DO, IntentionState.REFUSED)


async def settle_locate_in(tx: Tx, intention: IntentionRow) -> None:
    """Make an ended submission Located if enough of its outputs are there, or after two days; else look again later."""
    original = await load_submission(tx, intention.submission_id, lock=True)
    ended = await load_submission(tx, read_ended(intention), lock=True)
    if ended.batch_status.is_called_off:
        why = f"submission {ended.id} was {ended.batch_status.value.lower()}"
        await settle_in(tx, intention, IntentionState.REFUSED, why)
        return
    family = await store.list_family(tx, original_id=original.id)
    located = await count_located_in(tx, original, family)
    reason = f"{located.count} of {located.of_count} {located.what}"
    if not located.is_enough:
        if ended.ended_at is not None and tx.now - ended.ended_at < LOCATED_AFTER:
            asked = f"{reason}; stage {name_stage(original)} asks for {located.completion_pct:g} %"
            await postpone_in(tx, intention, asked, max(LOCATE_PAUSE, rules.decide_retry_pause(intention.tries)))
            return
        reason += ", and two days have passed"
    moved = await move_in(tx, ended, Words(ended.status, BatchStatus.LOCATED, reason), SYSTEM)
    await settle_in(tx, intention, IntentionState.DONE, reason)
    await require_following_in(tx, moved)


async def settle_follow_in(tx: Tx, intention: IntentionRow) -> None:
    """Decide what follows a submission with its recoveries: one more recovery, its dependants, or nothing, and why."""
    original = await load_submission(tx, intention.submission_id, lock=True)
    stage = await load_stage(tx, original.stage_id)
    held = await find_hold_in(tx, stage=stage, kind=HoldKind.FOLLOWERS)
    if held is not None:
        await postpone_in(tx, intention, held)
        return
    members = await store.list_family(tx, original_id=original.id)
    recoveries = await store_followers.list_recoveries(tx, submission_id=original.id)
    if any(state is IntentionState.PENDING for state, _ in recoveries):
        reason = "a recovery is about to be launched; what follows is decided when it has ended"
        await settle_in(tx, intention, IntentionState.NOTHING_TO_DO, reason)
        return
    family = await _judge(tx, original, stage, members, recoveries)
    decision = await _decide(tx, original, members, family)
    await store_followers.withdraw_refusals(tx, submission_id=original.id)
    match decision:
        case following.Recover(position, reason):
            await _intend_recovery(tx, original, family, position)
            await _note(tx, intention, original, reason, recovery=family.entries[position].recovery_type)
        case following.StartDependants(reason):
            await _note(tx, intention, original, reason, dependants=await _intend_dependants(tx, original))
        case following.Stop(reason, is_waiting):
            is_refusal = not is_waiting and bool(family.entries or _list_dependencies(original))
            state = IntentionState.REFUSED if is_refusal else IntentionState.NOTHING_TO_DO
            await settle_in(tx, intention, state, reason)


async def _decide(
    tx: Tx, original: SubmissionRow, members: Sequence[SubmissionRow], family: following.Family
) -> following.Recover | following.StartDependants | following.Stop:
    sizes: dict[int, int] = {}
    while True:
        decision = following.decide_following(family, sizes)
        if not isinstance(decision, following.Measure):
            return decision
        entry = family.entries[decision.position]
        sizes[decision.position] = (await choose_files_in(tx, original, members, entry.recovery_type)).count


async def _judge(
    tx: Tx,
    original: SubmissionRow,
    stage: Stage,
    members: Sequence[SubmissionRow],
    recoveries: Sequence[tuple[IntentionState, Mapping[str, Any]]],
) -> following.Family:
    shares = list_shares(members)
    limit = read_setting(original, "recovery_limit", None)
    return following.Family(
        submission_id=original.id,
        stage=name_stage(original),
        counts=await dispatch.get_merged_counts_in(tx, share_ids=shares) if shares else None,
        completion_pct=get_completion_pct(original),
        entries=_read_entries(original),
        made=tuple(
            following.MadeRecovery(int(facts["position"]), int(facts["done_before"]), state is IntentionState.DONE)
            for state, facts in recoveries
        ),
        mode=RecoveryMode(str(read_setting(original, "recovery_mode", RecoveryMode.STANDARD.value))),
        recovery_limit=limit if isinstance(limit, int) else None,
        batch_status=original.batch_status,
        open_ids=tuple(row.id for row in members if row.ended_at is None),
        failed_ids=tuple(row.id for row in members if row.batch_status is BatchStatus.LAUNCH_FAILED),
        is_forced=original.vouched_by is not None,
        ends_recoveries=_find_end_of_recoveries(stage, members),
    )


def _find_end_of_recoveries(stage: Stage, members: Sequence[SubmissionRow]) -> str:
    """Say why no recovery comes by itself any more: somebody called one off, or there is no stage to launch."""
    if stage.removed_at is not None:
        return f"stage {stage.name} was removed"
    called_off = [row for row in members if row.original_id is not None and row.batch_status.is_called_off]
    return f"recovery {called_off[-1].id} was {called_off[-1].batch_status.value.lower()}" if called_off else ""


async def _intend_recovery(tx: Tx, original: SubmissionRow, family: following.Family, position: int) -> None:
    entry = family.entries[position]
    assert family.counts is not None
    facts: dict[str, object] = {
        "recovery_type": entry.recovery_type.value,
        "parameter_overrides": [list(pair) for pair in entry.parameter_overrides],
        "methodology": get_methodology(original).value,
        "position": position,
        "done_before": family.counts.done_count,
    }
    await store.create_intention(
        tx,
        experiment_id=original.experiment_id,
        key=following.name_recovery(original_id=original.id, number=len(family.made) + 1),
        kind=IntentionKind.RECOVERY,
        submission_id=original.id,
        facts=facts,
    )


async def _intend_dependants(tx: Tx, original: SubmissionRow) -> int:
    """Note that dependants must be launched which were not, and return how many there are."""
    dependencies = _list_dependencies(original)
    for dependency in dependencies:
        number = int(dependency["dependency_id"])
        is_there = await store_followers.has_dependency(tx, dependency_id=number)
        await store_followers.renew_intention(
            tx,
            experiment_id=original.experiment_id,
            key=rules.name_dependant(submission_id=original.id, dependency_id=number),
            kind=IntentionKind.DEPENDANT,
            submission_id=original.id,
            dependency_id=number if is_there else None,
            facts=dependency,
            states=_AGAIN,
        )
    return len(dependencies)


async def _note(
    tx: Tx,
    intention: IntentionRow,
    original: SubmissionRow,
    reason: str,
    *,
    recovery: RecoveryType | None = None,
    dependants: int = 0,
) -> None:
    await store.note_followed(tx, submission_id=original.id)
    await settle_in(tx, intention, IntentionState.DONE, reason)
    facts: dict[str, object] = {
        "recovery": None if recovery is None else recovery.value,
        "dependants": dependants,
        "reason": reason,
    }
    kind = CampaignEvent.FOLLOW_DECIDED
    await tx.record(Event(kind, "submission", str(original.id), original.experiment_id, facts), SYSTEM)


def _read_entries(original: SubmissionRow) -> tuple[following.Entry, ...]:
    job_type = original.config.get("job_type")
    found = job_type.get("recoveries") if isinstance(job_type, dict) else None
    return tuple(
        following.Entry(
            RecoveryType(entry["recovery_type"]),
            tuple((key, value) for key, value in entry.get("parameter_overrides", ())),
        )
        for entry in found or ()
    )


def _list_dependencies(original: SubmissionRow) -> list[dict[str, Any]]:
    found = original.config.get("dependencies")
    return found if isinstance(found, list) else []


def read_ended(intention: IntentionRow) -> int:
    """Return the submission, an original or a recovery of it, whose end brought something about."""
    found = intention.facts.get("ended", intention.submission_id)
    return found if isinstance(found, int) else intention.submission_id
