"""Launching stages when their schedules are due, in two durable steps: to write down the run, and to make it.

A run is made with a key of its own, so that a crash between the steps, or in one, makes neither none nor two of it.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from sutler import auth
from sutler.auth import SYSTEM
from sutler.base.errors import InvalidInputError, NotPermittedError, SutlerError
from sutler.base.events import Event
from sutler.campaigns import rules
from sutler.campaigns.errors import NothingToLaunchError
from sutler.campaigns.model import CampaignEvent, Cause, Launched, LaunchRequest, RunState, Schedule
from sutler.campaigns.operations.launching import Launcher, launch_stage
from sutler.campaigns.operations.loading import load_stage
from sutler.campaigns.operations.releasing import is_passing
from sutler.campaigns.operations.schedules import end_schedule_in
from sutler.campaigns.rules.schedules import PlannedRun, RunPlan, Turn, decide_turn, name_run, plan_runs
from sutler.campaigns.store import schedules as store
from sutler.campaigns.store.schedules import Activity, OpenRun
from sutler.database import Database, Tx

CLAIM_PAUSE: Final = timedelta(minutes=1)
"""How long a run is left alone when whoever took it does not come to an end."""

TURN_PAUSE: Final = timedelta(seconds=10)
"""How often a run that waits for an earlier submission looks whether that is over."""


async def record_due_schedules(db: Database, *, count: int) -> int:
    """Write down the runs of schedules that are due, at most `count`, and when they are due next. Returns how many.

    Times that passed while nobody looked are one run, the newest; those before it are one run that was missed.
    """
    async with db.write() as tx:
        due = await store.lock_due_schedules(tx, count=count)
        waiting = await store.list_waiting_schedules(tx, schedule_ids=[schedule.id for schedule in due])
        runs: list[store.NewRun] = []
        next_due_ats: dict[int, datetime | None] = {}
        for schedule in due:
            plan = await _plan(tx, schedule, has_open_run=schedule.id in waiting)
            if plan is None:
                continue
            next_due_ats[schedule.id] = plan.next_due_at
            for run in plan.runs:
                runs.append(store.NewRun(schedule.id, schedule.experiment_id, run.due_at, run.state, run.reason))
                if run.state is not RunState.DUE:
                    await tx.record(_ran(schedule.stage_id, schedule.experiment_id, run), SYSTEM)
        await store.create_schedule_runs(tx, runs=runs)
        await store.move_schedules(tx, next_due_ats=next_due_ats)
        return len(due)


async def claim_schedule_runs(db: Database, *, count: int) -> list[OpenRun]:
    """Take the runs that are to be made, oldest first, of each schedule one, and at most `count`."""
    async with db.write() as tx:
        return await store.claim_schedule_runs(tx, count=count, pause=CLAIM_PAUSE)


async def settle_schedule_run(db: Database, launcher: Launcher, *, run: OpenRun) -> None:
    """Launch the stage of a run, as the one who saved the schedule and by its rule for overlaps.

    What came of it stands beside the run. When nothing is left to launch for good, the schedule is ended unless the
    stage keeps it; so it is when whoever saved it may not launch any more. What is only away for a while leaves the run
    due. A launch by hand in the same moment is not seen by the rule for overlaps.
    """
    key = name_run(schedule_id=run.schedule_id, due_at=run.due_at)
    async with db.read() as tx:
        activity = await store.find_activity(tx, launch_key=key, stage_id=run.stage_id, schedule_id=run.schedule_id)
    if activity.submission_id is not None:
        await _settle(db, run, RunState.LAUNCHED, submission_id=activity.submission_id)
    elif activity.queued_id is not None:
        await _settle(db, run, RunState.QUEUED, f"was queued as number {activity.queued_id}")
    elif not run.is_active:
        await _settle(db, run, RunState.SKIPPED, f"the schedule is not active any more: {run.schedule_reason}")
    else:
        await _take_turn(db, launcher, run, key, _explain_activity(activity))


async def _plan(tx: Tx, schedule: Schedule, *, has_open_run: bool) -> RunPlan | None:
    """Decide about a schedule; None, and its end, when it cannot be read any more, as its time zone is gone."""
    try:
        return plan_runs(schedule, now=tx.now, has_open_run=has_open_run)
    except InvalidInputError as unreadable:
        await end_schedule_in(tx, stage_id=schedule.stage_id, reason=unreadable.sentence)
        return None


def _explain_activity(activity: Activity) -> str:
    if activity.open_submission_id is not None:
        return f"submission {activity.open_submission_id} of the stage is not over"
    if activity.waiting_launch_id is not None:
        return f"number {activity.waiting_launch_id} of this schedule still waits in the queue"
    return ""


async def _take_turn(db: Database, launcher: Launcher, run: OpenRun, key: str, busy_with: str) -> None:
    match decide_turn(run.overlap, is_busy=bool(busy_with)):
        case Turn.SKIP:
            await _settle(db, run, RunState.SKIPPED, busy_with)
        case Turn.WAIT:
            await _postpone(db, run, busy_with, TURN_PAUSE)
        case Turn.LAUNCH:
            await _launch(db, launcher, run, key)


async def _launch(db: Database, launcher: Launcher, run: OpenRun, key: str) -> None:
    request = LaunchRequest(run.stage_id, key, cause=Cause.SCHEDULE, schedule_id=run.schedule_id)
    try:
        who = await auth.get_principal_of(db, user_id=run.saved_by)
        outcome = await launch_stage(db, launcher, who, request=request)
    except NothingToLaunchError as nothing:
        await _settle_nothing(db, run, nothing)
    except (NotPermittedError, auth.UserNotFoundError) as refusal:
        ending = f"{run.username}, who saved it, may not launch the stage any more"
        await _settle(db, run, RunState.REFUSED, refusal.sentence, ending=ending)
    except SutlerError as refusal:
        if is_passing(refusal):
            await _postpone(db, run, refusal.sentence, rules.decide_retry_pause(run.tries))
        else:
            await _settle(db, run, RunState.REFUSED, refusal.sentence)
    else:
        if isinstance(outcome, Launched):
            await _settle(db, run, RunState.LAUNCHED, submission_id=outcome.submission_id)
        else:
            await _settle(db, run, RunState.QUEUED, outcome.reason)


async def _settle_nothing(db: Database, run: OpenRun, nothing: NothingToLaunchError) -> None:
    ending = ""
    if nothing.facts.get("is_over"):
        async with db.read() as tx:
            clears_schedule = (await load_stage(tx, run.stage_id)).clears_schedule
        ending = "nothing is left to launch" if clears_schedule else ""
    await _settle(db, run, RunState.NOTHING, nothing.sentence, ending=ending)


async def _postpone(db: Database, run: OpenRun, reason: str, pause: timedelta) -> None:
    async with db.write() as tx:
        await store.postpone_schedule_run(tx, run_id=run.id, reason=reason, pause=pause)
        tx.notify("stage", run.stage_id)


async def _settle(
    db: Database,
    run: OpenRun,
    state: RunState,
    reason: str = "",
    *,
    submission_id: int | None = None,
    ending: str = "",
) -> None:
    """Write down what came of a run, and end its schedule when there is a reason to."""
    async with db.write() as tx:
        if ending:  # before the run: whoever deletes a schedule locks it before its runs
            await end_schedule_in(tx, stage_id=run.stage_id, reason=ending)
        if await store.settle_schedule_run(tx, run_id=run.id, state=state, reason=reason, submission_id=submission_id):
            ran = PlannedRun(run.due_at, state, reason)
            await tx.record(_ran(run.stage_id, run.experiment_id, ran, submission_id), SYSTEM)
            tx.notify("campaign", run.campaign_id)


def _ran(stage_id: int, experiment_id: int, run: PlannedRun, submission_id: int | None = None) -> Event:
    facts: dict[str, object] = {
        "due_at": run.due_at.isoformat(),
        "state": run.state.value,
        "reason": run.reason,
        "submission": submission_id,
    }
    return Event(CampaignEvent.SCHEDULE_RUN, "stage", str(stage_id), experiment_id, facts)
