"""Saving and showing when stages are launched by themselves."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sutler.auth import SYSTEM, Action, Principal, permit
from sutler.base.errors import InvalidInputError, NotFoundError, Problem
from sutler.base.events import Event
from sutler.campaigns.model import CampaignEvent, NewSchedule, Schedule, ScheduleRun, Stage
from sutler.campaigns.operations.loading import load_stage, thing_of
from sutler.campaigns.operations.scope import choose_experiments
from sutler.campaigns.rules.schedules import check_schedule, list_next_due
from sutler.campaigns.store import schedules as store
from sutler.campaigns.store.holds import lock_stages
from sutler.database import Actor, Database, Tx
from sutler.database.listing import DEFAULT_LIMIT, Page

MOST_STAGES = 1000


async def save_schedule(db: Database, who: Principal, *, stage_id: int, new: NewSchedule) -> Schedule:
    """Give a stage its schedule, in place of the one it has; `is_active` pauses and resumes it.

    From now on the stage is launched by itself on behalf of whoever saved it last. `next_due_at` of what is returned
    says when first. Raises NotFoundError, NotPermittedError, InvalidInputError with all that is wrong.
    """
    async with db.write() as tx:
        return await save_schedule_in(tx, who, stage=await _load(tx, stage_id), new=new)


async def save_schedule_in(tx: Tx, who: Principal, *, stage: Stage, new: NewSchedule) -> Schedule:
    """Do what `save_schedule` does, in the transaction of a caller."""
    permit(who, Action.LAUNCH, thing_of("stage", stage))
    first = check_schedule(new, now=tx.now)
    await store.save_schedule(
        tx,
        stage_id=stage.id,
        experiment_id=stage.experiment_id,
        new=new,
        reason="" if new.is_active else f"paused by {who.username}",
        next_due_at=first if new.is_active else None,
        saved_by=who.user_id,
    )
    facts: dict[str, object] = {"cron": new.cron, "time_zone": new.time_zone, "overlap": new.overlap.value}
    await tx.record(_about(CampaignEvent.SCHEDULE_SAVED, stage, facts), who)
    tx.notify("campaign", stage.campaign_id)
    saved = await store.find_schedule(tx, stage_id=stage.id)
    assert saved is not None, "it was saved in this transaction"
    return saved


async def get_schedule(db: Database, who: Principal, *, stage_id: int) -> Schedule:
    """Return the schedule of a stage. Raises NotFoundError, also if it has none, and NotPermittedError."""
    found = await find_schedule(db, who, stage_id=stage_id)
    if found is None:
        raise NotFoundError("schedule of stage", stage_id)
    return found


async def find_schedule(db: Database, who: Principal, *, stage_id: int) -> Schedule | None:
    """Return the schedule of a stage; None if it has none, or was removed. Raises NotFoundError, NotPermittedError."""
    async with db.read() as tx:
        permit(who, Action.VIEW, thing_of("stage", await load_stage(tx, stage_id)))
        return await store.find_schedule(tx, stage_id=stage_id)


async def activate_schedules(db: Database, who: Principal, *, stage_ids: Sequence[int], is_active: bool) -> list[int]:
    """Resume the schedules of stages, or pause them, all or none; return the ids of the stages where it made a change.

    As when they are saved one by one, the stages are launched on behalf of the caller from then on. Stages without a
    schedule, and those whose schedule is so already, stay as they are. Raises NotFoundError, NotPermittedError,
    InvalidInputError.
    """
    async with db.write() as tx:
        stages = {stage.id: stage for stage in await lock_stages_in(tx, who, stage_ids=stage_ids)}
        there = await store.list_schedules_of_stages(tx, stage_ids=stage_ids)
        changed = [one for one in there if one.is_active != is_active]
        for one in changed:
            new = NewSchedule(one.cron, one.time_zone, one.overlap, is_active)
            await save_schedule_in(tx, who, stage=stages[one.stage_id], new=new)
        return [one.stage_id for one in changed]


async def delete_schedule(db: Database, who: Principal, *, stage_id: int) -> None:
    """Delete the schedule of a stage with its runs. Deleting what is not there changes nothing.

    Raises NotFoundError, NotPermittedError.
    """
    async with db.write() as tx:
        stage = await _load(tx, stage_id)
        permit(who, Action.LAUNCH, thing_of("stage", stage))
        if await store.delete_schedule(tx, stage_id=stage_id):
            facts: dict[str, object] = {"reason": f"deleted by {who.username}"}
            await tx.record(_about(CampaignEvent.SCHEDULE_ENDED, stage, facts), who)
            tx.notify("campaign", stage.campaign_id)


async def list_schedules(
    db: Database,
    who: Principal,
    *,
    experiment: str | None = None,
    campaign_id: int | None = None,
    after: str | None = None,
    limit: int = DEFAULT_LIMIT,
) -> Page[Schedule]:
    """Return the schedules of the caller's experiments, or of one, further of one campaign, as they were made.

    Raises NotFoundError for an experiment that the caller is not in, InvalidInputError.
    """
    async with db.read() as tx:
        experiment_ids = await choose_experiments(tx, who, experiment)
        return await store.list_schedules(
            tx, experiment_ids=experiment_ids, campaign_id=campaign_id, after=after, limit=limit
        )


async def find_schedule_in(tx: Tx, *, stage_id: int) -> Schedule | None:
    """Return the schedule of a stage; None if it has none, or was removed. Permission is the caller's to ask."""
    return await store.find_schedule(tx, stage_id=stage_id)


async def list_schedule_runs(
    db: Database, who: Principal, *, stage_id: int, after: str | None = None, limit: int = DEFAULT_LIMIT
) -> Page[ScheduleRun]:
    """Return when the schedule of a stage was due and what came of it, newest first.

    Raises NotFoundError, NotPermittedError, InvalidInputError.
    """
    async with db.read() as tx:
        stage = await load_stage(tx, stage_id)
        permit(who, Action.VIEW, thing_of("stage", stage))
        return await store.list_schedule_runs(tx, stage_id=stage_id, after=after, limit=limit)


def preview_schedule(*, cron: str, time_zone: str, now: datetime, count: int = 5) -> list[datetime]:
    """Return when a schedule would be due next, in UTC. Raises InvalidInputError with all that is wrong with it."""
    return list_next_due(cron, time_zone, after=now, count=count)


async def end_schedule_in(tx: Tx, *, stage_id: int, reason: str, actor: Actor = SYSTEM) -> bool:
    """Let the schedule of a stage be due no more, and keep it with the reason. False if it has none that is active."""
    return bool(await end_schedules_in(tx, stage_ids=[stage_id], reason=reason, actor=actor))


async def end_schedules_in(tx: Tx, *, stage_ids: Sequence[int], reason: str, actor: Actor = SYSTEM) -> list[int]:
    """As `end_schedule_in`, of several stages. Returns the ids of the stages that had an active one."""
    ended = await store.end_schedules(tx, stage_ids=stage_ids, reason=reason)
    for each in ended:
        facts: dict[str, object] = {"reason": reason}
        event = Event(CampaignEvent.SCHEDULE_ENDED, "stage", str(each.stage_id), each.experiment_id, facts)
        await tx.record(event, actor)
        tx.notify("campaign", each.campaign_id)
    return sorted(each.stage_id for each in ended)


async def lock_stages_in(tx: Tx, who: Principal, *, stage_ids: Sequence[int]) -> list[Stage]:
    """Read stages that the caller may launch, and keep others from changing or launching them.

    Raises NotFoundError, NotPermittedError, and InvalidInputError for more than 1000 of them.
    """
    if len(stage_ids) > MOST_STAGES:
        raise InvalidInputError([Problem("stage_ids", f"may be {MOST_STAGES} at once, not {len(stage_ids)}")])
    stages = await lock_stages(tx, stage_ids=stage_ids)
    missing = set(stage_ids) - {stage.id for stage in stages}
    if missing:
        raise NotFoundError("stage", min(missing))
    for stage in stages:
        permit(who, Action.LAUNCH, thing_of("stage", stage))
    return stages


async def _load(tx: Tx, stage_id: int) -> Stage:
    stage = await load_stage(tx, stage_id, lock=True)
    if stage.removed_at is not None:
        raise NotFoundError("stage", stage_id)
    return stage


def _about(kind: CampaignEvent, stage: Stage, facts: dict[str, object]) -> Event:
    return Event(kind, "stage", str(stage.id), stage.experiment_id, facts)
