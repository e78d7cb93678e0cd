"""When stages are launched by themselves: the list of schedules, and the schedule of one stage."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import available_timezones

from starlette.requests import Request
from starlette.responses import Response

from sutler import campaigns
from sutler.auth import Action
from sutler.base.errors import InvalidInputError, Problem
from sutler.campaigns import NewSchedule, Overlap, Schedule, ScheduleRun, StageView
from sutler.database.listing import Page
from sutler.pages.addresses import check_id
from sutler.pages.door import Door
from sutler.pages.questions import Question
from sutler.pages.rights import explain_right
from sutler.pages.session import Visit
from sutler.pages.stages import list_stage_crumbs, name_stage
from sutler.pages.troubles import SHOWN, Trouble, choose_status, describe_trouble
from sutler.pages.typed import Typed, read_typed

RUNS_PER_PAGE = 50
SCHEDULES_PER_PAGE = 100
CRON_FIELDS = (
    ("minute", "Minute", "0 to 59"),
    ("hour", "Hour", "0 to 23"),
    ("day", "Day of month", "1 to 31, L for the last"),
    ("month", "Month", "1 to 12 or JAN to DEC"),
    ("weekday", "Day of week", "0 to 7 or SUN to SAT"),
)
OVERLAPS = {
    Overlap.SKIP: "skip that time",
    Overlap.QUEUE: "wait until it is over",
    Overlap.ALLOW: "launch all the same",
}


@dataclass(frozen=True)
class SchedulesPage:
    """The schedules of one's experiments."""

    schedules: Page[Schedule]
    is_first: bool


@dataclass(frozen=True)
class SchedulePage:
    """The schedule of a stage with its next times, its form, and what came of it so far."""

    stage_view: StageView
    schedule: Schedule | None
    next_due: tuple[datetime, ...]
    runs: Page[ScheduleRun]
    typed: Typed
    why_not: str
    zones: tuple[str, ...]
    trouble: Trouble | None = None
    cron_fields: tuple[tuple[str, str, str], ...] = CRON_FIELDS
    overlaps: tuple[tuple[str, str], ...] = tuple((word.value, meaning) for word, meaning in OVERLAPS.items())


class SchedulePages:
    """Schedules: looking, saving, deleting."""

    def __init__(self, door: Door) -> None:
        self._door = door
        self._db = door.services.db

    async def list_schedules(self, request: Request, after: str | None = None) -> Response:
        """All schedules of one's experiments."""
        visit = await self._door.admit(request)
        found = await campaigns.list_schedules(self._db, visit.who, after=after, limit=SCHEDULES_PER_PAGE)
        return self._door.show(request, "schedules.html", SchedulesPage(found, after is None), visit=visit)

    async def show(self, request: Request, stage_id: int, after: str | None = None) -> Response:
        """The schedule of a stage."""
        visit = await self._door.admit(request)
        return await self._show(request, visit, stage_id, after=after)

    async def save(self, request: Request, stage_id: int) -> Response:
        """Give a stage its schedule, or show the form again with what is wrong."""
        visit = await self._door.admit(request)
        typed = await read_typed(request)
        try:
            new = _read_schedule(typed)
            await campaigns.save_schedule(self._db, visit.who, stage_id=check_id("stage", stage_id), new=new)
        except SHOWN as error:
            return await self._show(request, visit, stage_id, typed=typed, trouble=describe_trouble(error))
        return self._door.send_to(request, f"/stages/{stage_id}/schedule")

    async def ask_delete(self, request: Request, stage_id: int) -> Response:
        """Ask before a schedule is deleted."""
        visit = await self._door.admit(request)
        view = await campaigns.view_stage(self._db, visit.who, stage_id=check_id("stage", stage_id))
        question = Question(
            title=f"Delete the schedule of {view.stage.name}?",
            sentences=("The list of its runs goes with it; what it launched stays. To stop it for a while, pause it.",),
            action=f"/stages/{stage_id}/schedule/delete",
            button="Delete the schedule",
            back=f"/stages/{stage_id}/schedule",
            crumbs=list_stage_crumbs(view),
            is_dangerous=True,
        )
        return self._door.show(request, "question.html", question, visit=visit)

    async def delete(self, request: Request, stage_id: int) -> Response:
        """Delete the schedule of a stage."""
        visit = await self._door.admit(request)
        await campaigns.delete_schedule(self._db, visit.who, stage_id=check_id("stage", stage_id))
        return self._door.send_to(request, f"/stages/{stage_id}/schedule")

    async def _show(  # noqa: PLR0917
        self,
        request: Request,
        visit: Visit,
        stage_id: int,
        typed: Typed | None = None,
        trouble: Trouble | None = None,
        after: str | None = None,
    ) -> Response:
        view = await campaigns.view_stage(self._db, visit.who, stage_id=check_id("stage", stage_id))
        schedule = await campaigns.find_schedule(self._db, visit.who, stage_id=view.stage.id)
        next_due: list[datetime] = []
        if schedule is not None and schedule.is_active:
            next_due = campaigns.preview_schedule(
                cron=schedule.cron, time_zone=schedule.time_zone, now=self._db.clock.now()
            )
        page = SchedulePage(
            stage_view=view,
            schedule=schedule,
            next_due=tuple(next_due),
            runs=await campaigns.list_schedule_runs(
                self._db, visit.who, stage_id=view.stage.id, after=after, limit=RUNS_PER_PAGE
            ),
            typed=typed or _write_schedule(schedule),
            why_not=explain_right(visit.who, Action.LAUNCH, name_stage(view.stage)),
            zones=tuple(sorted(available_timezones())),
            trouble=trouble,
        )
        return self._door.show(request, "schedule.html", page, visit=visit, status=choose_status(trouble))


def _read_schedule(typed: Typed) -> NewSchedule:
    overlap = typed.text("overlap")
    if overlap not in set(Overlap):
        raise InvalidInputError([Problem("overlap", f"{overlap[:40]!r} is not one of {', '.join(Overlap)}")])
    return NewSchedule(
        cron=" ".join("".join(typed.text(name).split()) or "*" for name, _, _ in CRON_FIELDS),
        time_zone=typed.text("time_zone") or "UTC",
        overlap=Overlap(overlap),
        is_active=typed.has("is_active"),
    )


def _write_schedule(schedule: Schedule | None) -> Typed:
    fields = {"time_zone": ("UTC",), "overlap": (Overlap.SKIP.value,), "is_active": ("yes",), "minute": ("0",)}
    if schedule is None:
        return Typed(fields)
    words = schedule.cron.split()
    return Typed(
        {
            **{name: (word,) for (name, _, _), word in zip(CRON_FIELDS, words, strict=False)},
            "time_zone": (schedule.time_zone,),
            "overlap": (schedule.overlap.value,),
            "is_active": ("yes",) if schedule.is_active else (),
        }
    )
