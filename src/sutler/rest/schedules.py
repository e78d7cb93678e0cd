"""When stages are launched by themselves."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from sutler import campaigns
from sutler.rest.context import Here
from sutler.rest.parameters import DEFAULT_LIMIT, Cursor, Experiment, Id, Limit, OptionalId
from sutler.rest.showing import show, show_page
from sutler.wire import schedules as wire
from sutler.wire.campaigns import Changed
from sutler.wire.page import Page

MOST_SHOWN = 50


def add_routes(router: APIRouter) -> None:
    """Add the routes of schedules."""
    router.get("/schedules")(list_schedules)
    router.get("/schedules/preview")(preview_schedule)
    router.post("/schedules/pause")(pause_schedules)
    router.post("/schedules/resume")(resume_schedules)
    router.get("/stages/{stage_id}/schedule")(get_schedule)
    router.put("/stages/{stage_id}/schedule")(save_schedule)
    router.delete("/stages/{stage_id}/schedule", status_code=204)(delete_schedule)
    router.get("/stages/{stage_id}/schedule/runs")(list_schedule_runs)


async def list_schedules(
    here: Here,
    experiment: Experiment = None,
    campaign_id: OptionalId = None,
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> Page[wire.Schedule]:
    """List schedules, in the order in which they were made."""
    page = await campaigns.list_schedules(
        here.db, here.who, experiment=experiment, campaign_id=campaign_id, after=cursor, limit=limit
    )
    return show_page(page, _show)


async def preview_schedule(
    here: Here,
    cron: Annotated[str, Query(description="Minute, hour, day of month, month, day of week.")],
    time_zone: Annotated[str, Query(description="A name such as Europe/Zurich.")] = "UTC",
    count: Annotated[int, Query(ge=1, le=MOST_SHOWN, description="How many times to show.")] = 5,
) -> wire.DueTimes:
    """Show when a schedule would be due next."""
    now = here.db.clock.now()
    return wire.DueTimes(tuple(campaigns.preview_schedule(cron=cron, time_zone=time_zone, now=now, count=count)))


async def pause_schedules(here: Here, body: wire.ScheduledStages) -> Changed:
    """Pause the schedules of stages, all or none. Stages without one, or with one that is paused, stay as they are."""
    changed = await campaigns.activate_schedules(here.db, here.who, stage_ids=body.stage_ids, is_active=False)
    return Changed(tuple(changed))


async def resume_schedules(here: Here, body: wire.ScheduledStages) -> Changed:
    """Let stages be launched by their schedules again, all or none, on behalf of the caller."""
    changed = await campaigns.activate_schedules(here.db, here.who, stage_ids=body.stage_ids, is_active=True)
    return Changed(tuple(changed))


async def get_schedule(here: Here, stage_id: Id) -> wire.Schedule:
    """Show the schedule of a stage."""
    return _show(await campaigns.get_schedule(here.db, here.who, stage_id=stage_id))


async def save_schedule(here: Here, stage_id: Id, body: wire.NewSchedule) -> wire.Schedule:
    """Give a stage its schedule, in place of the one it has; `is_active` pauses and resumes it.

    From now on the stage is launched by itself on behalf of the caller.
    """
    new = campaigns.NewSchedule(body.cron, body.time_zone, campaigns.Overlap(body.overlap), body.is_active)
    return _show(await campaigns.save_schedule(here.db, here.who, stage_id=stage_id, new=new))


async def delete_schedule(here: Here, stage_id: Id) -> None:
    """Delete the schedule of a stage with its runs. Deleting what is not there changes nothing."""
    await campaigns.delete_schedule(here.db, here.who, stage_id=stage_id)


async def list_schedule_runs(
    here: Here, stage_id: Id, limit: Limit = DEFAULT_LIMIT, cursor: Cursor = None
) -> Page[wire.ScheduleRun]:
    """List when the schedule of a stage was due and what came of it, newest first."""
    page = await campaigns.list_schedule_runs(here.db, here.who, stage_id=stage_id, after=cursor, limit=limit)
    return show_page(page, lambda run: show(wire.ScheduleRun, run))


def _show(schedule: campaigns.Schedule) -> wire.Schedule:
    return show(wire.Schedule, schedule)
