"""Holding launches everywhere, in an experiment or of stages; and what follows by itself, except of stages.

Nothing is lost while a hold is on: launches wait in the queue, what follows stays pending, and both go on when it ends.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from sutler.auth import Action, Principal, Role, Thing, get_experiment_in, list_experiments_in, permit
from sutler.base.errors import InvalidInputError, Problem
from sutler.base.events import Event
from sutler.campaigns.model import CampaignEvent, Hold, HoldKind, Stage
from sutler.campaigns.operations.schedules import end_schedules_in, lock_stages_in
from sutler.campaigns.store import followers as store_followers
from sutler.campaigns.store import holds as store
from sutler.database import Database, Tx

LONGEST_REASON = 500

_HELD = {HoldKind.LAUNCHES: "Launches", HoldKind.FOLLOWERS: "Recoveries and dependants that would follow by themselves"}


async def hold_launches(
    db: Database, who: Principal, *, experiment: str | None, kind: HoldKind = HoldKind.LAUNCHES, reason: str = ""
) -> None:
    """Turn a switch on: of an experiment, or with None of the installation. One that is on keeps its first reason.

    `HoldKind.FOLLOWERS` stops recoveries and dependants that would be launched by themselves instead. It takes an
    administrator for the installation, and the role production in an experiment. Raises ExperimentNotFoundError,
    NotPermittedError, InvalidInputError.
    """
    _check_reason(reason)
    async with db.write() as tx:
        experiment_id = await _permit_switch(tx, who, experiment)
        if await store.create_hold(tx, experiment_id=experiment_id, kind=kind, reason=reason, held_by=who.user_id):
            await tx.record(_switched(experiment_id, kind, is_held=True, reason=reason), who)


async def release_launches(
    db: Database, who: Principal, *, experiment: str | None, kind: HoldKind = HoldKind.LAUNCHES, reason: str = ""
) -> None:
    """Turn a switch off; what waited goes on. Turning it off twice changes nothing. Raises as `hold_launches` does."""
    _check_reason(reason)
    async with db.write() as tx:
        experiment_id = await _permit_switch(tx, who, experiment)
        if await store.delete_hold(tx, experiment_id=experiment_id, kind=kind):
            await store_followers.hurry_held_intentions(tx, experiment_id=experiment_id)
            await tx.record(_switched(experiment_id, kind, is_held=False, reason=reason), who)


async def list_holds(db: Database, who: Principal) -> list[Hold]:
    """Return the switches that are on: those of the installation, then those of the caller's experiments."""
    async with db.read() as tx:
        experiments = await list_experiments_in(tx, who)
        return await store.list_holds(tx, experiment_ids=[experiment.id for experiment in experiments])


async def find_hold_in(tx: Tx, *, stage: Stage, kind: HoldKind = HoldKind.LAUNCHES) -> str | None:
    """Return a sentence why launches of a stage wait, or with FOLLOWERS why nothing follows by itself; None if nothing
    holds them. Of several holds the widest is told. The hold of the stage itself matters to launches only.
    """
    found = await store.find_hold(tx, stage_id=stage.id, experiment_id=stage.experiment_id, kind=kind)
    if found is None:
        return None
    if found.stage is not None:
        where = f"of stage {found.stage} are"
    else:
        where = "are" if found.experiment is None else f"of {found.experiment} are"
    why = f": {found.reason.rstrip('.')}." if found.reason else "."
    return f"{_HELD[kind]} {where} on hold since {found.held_at:%Y-%m-%d %H:%M} UTC by {found.username}{why}"


async def hold_stage(
    db: Database, who: Principal, *, stage_id: int, is_held: bool, reason: str = "", ends_schedules: bool = True
) -> Stage:
    """Hold the launches of a stage, or release them, and return the stage. Doing it twice changes nothing.

    Its schedule is ended with the hold unless that is declined. Raises NotFoundError, NotPermittedError.
    """
    _check_reason(reason)
    async with db.write() as tx:
        (stage,) = await lock_stages_in(tx, who, stage_ids=[stage_id])
        if not await _hold(tx, who, [stage], is_held=is_held, reason=reason, ends_schedules=ends_schedules):
            return stage
        if not is_held:
            return replace(stage, held_by=None, held_at=None, hold_reason="")
        return replace(stage, held_by=who.user_id, held_at=tx.now, hold_reason=reason)


async def hold_stages(
    db: Database,
    who: Principal,
    *,
    stage_ids: Sequence[int],
    is_held: bool,
    reason: str = "",
    ends_schedules: bool = True,
) -> list[int]:
    """Hold the launches of stages, or release them, all or none; return the ids of those that were changed.

    Their schedules are ended with the hold unless that is declined. Raises NotFoundError, NotPermittedError,
    InvalidInputError.
    """
    _check_reason(reason)
    async with db.write() as tx:
        stages = await lock_stages_in(tx, who, stage_ids=stage_ids)
        return await _hold(tx, who, stages, is_held=is_held, reason=reason, ends_schedules=ends_schedules)


async def _hold(
    tx: Tx, who: Principal, stages: Sequence[Stage], *, is_held: bool, reason: str, ends_schedules: bool
) -> list[int]:
    changed = [stage for stage in stages if (stage.held_at is not None) != is_held]
    ids = [stage.id for stage in changed]
    if not changed:
        return ids
    await store.hold_stages(
        tx, stage_ids=ids, held_by=who.user_id if is_held else None, reason=reason if is_held else ""
    )
    kind = CampaignEvent.STAGE_HELD if is_held else CampaignEvent.STAGE_RELEASED
    for stage in changed:
        await tx.record(Event(kind, "stage", str(stage.id), stage.experiment_id, {"name": stage.name}), who)
        tx.notify("campaign", stage.campaign_id)
    if not is_held:
        await store_followers.hurry_held_intentions(tx, experiment_id=changed[0].experiment_id)
    if is_held and ends_schedules:
        why = f"{who.username} put the stage on hold" + (f": {reason}" if reason else "")
        await end_schedules_in(tx, stage_ids=ids, reason=why, actor=who)
    return ids


async def _permit_switch(tx: Tx, who: Principal, experiment: str | None) -> int | None:
    if experiment is None:
        permit(who, Action.ADMINISTER, Thing("installation", None))
        return None
    found = await get_experiment_in(tx, name=experiment)
    # A switch belongs to those who run production, like what they make; shifters launch but do not stop everybody.
    permit(who, Action.EDIT, Thing("switch", found.id, owner_role=Role.PRODUCTION))
    return found.id


def _switched(experiment_id: int | None, kind: HoldKind, *, is_held: bool, reason: str) -> Event:
    facts: dict[str, object] = {"kind": kind.value, "is_held": is_held, "reason": reason}
    if experiment_id is None:
        return Event(CampaignEvent.SWITCH_SET, "installation", "all", None, facts)
    return Event(CampaignEvent.SWITCH_SET, "experiment", str(experiment_id), experiment_id, facts)


def _check_reason(reason: str) -> None:
    if len(reason) > LONGEST_REASON or "\0" in reason:
        raise InvalidInputError([Problem("reason", f"may have {LONGEST_REASON} characters that can be kept")])
