"""When stages are launched by themselves."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from sutler.wire.bounds import Id
from sutler.wire.strict import Strict

Overlap = Literal["skip", "queue", "allow"]


@dataclass(frozen=True)
class NewSchedule(Strict):
    """Five fields of cron (minute, hour, day of month, month, day of week) in a time zone.

    `overlap` says what happens when it is due while a submission of the stage still runs; `is_active` pauses it.
    """

    cron: str
    time_zone: str = "UTC"
    overlap: Overlap = "skip"
    is_active: bool = True


@dataclass(frozen=True)
class Schedule:
    """When a stage is launched by itself, on behalf of whoever saved it. `reason` is why it is not active."""

    id: int
    stage_id: int
    stage: str
    campaign_id: int
    campaign: str
    cron: str
    time_zone: str
    overlap: str
    is_active: bool
    reason: str
    next_due_at: datetime | None
    username: str
    saved_at: datetime


@dataclass(frozen=True)
class ScheduledStages(Strict):
    """Stages whose schedules are paused or resumed, all or none."""

    stage_ids: tuple[Id, ...]


@dataclass(frozen=True)
class ScheduleRun:
    """One time that a schedule was due, and what came of it."""

    id: int
    due_at: datetime
    state: str
    reason: str
    submission_id: int | None
    settled_at: datetime | None


@dataclass(frozen=True)
class DueTimes:
    """When a schedule would be due next."""

    due_at: tuple[datetime, ...]
