"""Schedules of stages, and their runs: one for each time that one was due."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, LiteralString

from sutler.campaigns.model import NewSchedule, Overlap, RunState, Schedule, ScheduleRun
from sutler.database import Tx, into, into_list, into_optional, load_statements
from sutler.database.listing import Key, Page, list_page
from sutler.database.sql import sql, value

_SQL = load_statements("sutler.campaigns.store", "schedules.sql")

_SCHEDULES: Final[LiteralString] = """
SELECT schedule.*, stage.name AS stage, stage.campaign_id, campaign.name AS campaign, saver.username
FROM campaigns.schedules AS schedule
JOIN campaigns.stages AS stage ON stage.id = schedule.stage_id
JOIN campaigns.campaigns AS campaign ON campaign.id = stage.campaign_id
JOIN auth.user_names AS saver ON saver.id = schedule.saved_by
"""
_RUNS: Final[LiteralString] = """
SELECT run.*
FROM campaigns.schedule_runs AS run
JOIN campaigns.schedules AS schedule ON schedule.id = run.schedule_id
"""
_BY_ID: Final = Key("schedule.id", "bigint")
_NEWEST_RUN: Final = Key("run.id", "bigint", is_descending=True)


@dataclass(frozen=True)
class EndedSchedule:
    """Which schedule was ended, for its event."""

    experiment_id: int
    stage_id: int
    campaign_id: int


@dataclass(frozen=True)
class NewRun:
    """A time that a schedule was due, to be written down."""

    schedule_id: int
    experiment_id: int
    due_at: datetime
    state: RunState
    reason: str


@dataclass(frozen=True)
class OpenRun:
    """A run that is to be made, with what its schedule says. `schedule_reason` is why it is not active."""

    id: int
    schedule_id: int
    experiment_id: int
    due_at: datetime
    tries: int
    stage_id: int
    campaign_id: int
    stage: str
    overlap: Overlap
    is_active: bool
    schedule_reason: str
    saved_by: int
    username: str


@dataclass(frozen=True)
class Activity:
    """What a run has made so far: its submission, its queued launch. And what else of the stage is not over."""

    submission_id: int | None
    queued_id: int | None
    open_submission_id: int | None
    waiting_launch_id: int | None


async def save_schedule(
    tx: Tx,
    *,
    stage_id: int,
    experiment_id: int,
    new: NewSchedule,
    reason: str,
    next_due_at: datetime | None,
    saved_by: int,
) -> None:
    """Give a stage its schedule, in place of the one it has."""
    await tx.run(
        _SQL.save_schedule,
        stage_id=stage_id,
        experiment_id=experiment_id,
        cron=new.cron,
        time_zone=new.time_zone,
        overlap=new.overlap.value,
        is_active=new.is_active,
        reason=reason,
        next_due_at=next_due_at,
        saved_by=saved_by,
        now=tx.now,
    )


async def find_schedule(tx: Tx, *, stage_id: int) -> Schedule | None:
    """Read the schedule of a stage that was not removed."""
    return into_optional(Schedule, await tx.row(_SQL.find_schedule, stage_id=stage_id))


async def list_schedules_of_stages(tx: Tx, *, stage_ids: Sequence[int]) -> list[Schedule]:
    """Read the schedules of stages that were not removed; stages without one are left out."""
    return into_list(Schedule, await tx.rows(_SQL.list_schedules_of_stages, stage_ids=list(stage_ids)))


async def delete_schedule(tx: Tx, *, stage_id: int) -> bool:
    """Delete the schedule of a stage with its runs. False if it has none."""
    return await tx.run(_SQL.delete_schedule, stage_id=stage_id) > 0


async def end_schedules(tx: Tx, *, stage_ids: Sequence[int], reason: str) -> list[EndedSchedule]:
    """Let the schedules of stages be due no more; return those that were active."""
    return into_list(EndedSchedule, await tx.rows(_SQL.end_schedules, stage_ids=list(stage_ids), reason=reason))


async def list_schedules(
    tx: Tx, *, experiment_ids: Sequence[int], campaign_id: int | None, after: str | None, limit: int
) -> Page[Schedule]:
    """Return the schedules of experiments, and further of one campaign, in the order they were made."""
    filters = [
        sql("schedule.experiment_id = ANY(") + value(list(experiment_ids), "bigint[]") + sql(")"),
        sql("stage.removed_at IS NULL"),
    ]
    if campaign_id is not None:
        filters.append(sql("stage.campaign_id = ") + value(campaign_id, "bigint"))
    return await list_page(tx, Schedule, select=_SCHEDULES, filters=filters, key=_BY_ID, after=after, limit=limit)


async def lock_due_schedules(tx: Tx, *, count: int) -> list[Schedule]:
    """Take the schedules that are due, oldest first."""
    return into_list(Schedule, await tx.rows(_SQL.lock_due_schedules, count=count, now=tx.now))


async def list_waiting_schedules(tx: Tx, *, schedule_ids: Sequence[int]) -> set[int]:
    """Read which of some schedules have a run that is still to be made."""
    rows = await tx.rows(_SQL.list_waiting_schedules, schedule_ids=list(schedule_ids))
    return {row["schedule_id"] for row in rows}


async def create_schedule_runs(tx: Tx, *, runs: Sequence[NewRun]) -> None:
    """Write down runs; times that are written down already stay as they are."""
    await tx.run(
        _SQL.create_schedule_runs,
        schedule_ids=[run.schedule_id for run in runs],
        experiment_ids=[run.experiment_id for run in runs],
        due_ats=[run.due_at for run in runs],
        states=[run.state.value for run in runs],
        reasons=[run.reason for run in runs],
        now=tx.now,
    )


async def move_schedules(tx: Tx, *, next_due_ats: Mapping[int, datetime | None]) -> None:
    """Note when schedules, by their ids, are due next; None for never."""
    await tx.run(_SQL.move_schedules, schedule_ids=list(next_due_ats), next_due_ats=list(next_due_ats.values()))


async def claim_schedule_runs(tx: Tx, *, count: int, pause: timedelta) -> list[OpenRun]:
    """Take runs that are due, oldest first and of each schedule at most one, for as long as the pause."""
    rows = await tx.rows(_SQL.claim_schedule_runs, count=count, now=tx.now, claimed_until=tx.now + pause)
    return sorted((into(OpenRun, row) for row in rows), key=lambda run: (run.due_at, run.id))


async def find_activity(tx: Tx, *, launch_key: str, stage_id: int, schedule_id: int) -> Activity:
    """Read what a run has made so far, and what else of its stage is not over."""
    row = await tx.row(_SQL.find_activity, launch_key=launch_key, stage_id=stage_id, schedule_id=schedule_id)
    assert row is not None, "a SELECT without FROM has one row"
    return into(Activity, row)


async def settle_schedule_run(tx: Tx, *, run_id: int, state: RunState, reason: str, submission_id: int | None) -> bool:
    """Write down what came of a run. False if that was done already, or the run is gone."""
    settled = await tx.run(
        _SQL.settle_schedule_run,
        run_id=run_id,
        state=state.value,
        reason=reason,
        submission_id=submission_id,
        now=tx.now,
    )
    return settled > 0


async def postpone_schedule_run(tx: Tx, *, run_id: int, reason: str, pause: timedelta) -> None:
    """Leave a run for later, with what stood in its way."""
    await tx.run(_SQL.postpone_schedule_run, run_id=run_id, reason=reason, next_try_at=tx.now + pause)


async def list_schedule_runs(tx: Tx, *, stage_id: int, after: str | None, limit: int) -> Page[ScheduleRun]:
    """Return the runs of a stage's schedule, newest first."""
    filters = [sql("schedule.stage_id = ") + value(stage_id, "bigint")]
    return await list_page(tx, ScheduleRun, select=_RUNS, filters=filters, key=_NEWEST_RUN, after=after, limit=limit)
