"""Schedules: saved, due, made once whatever crashes, by their rule for overlaps."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from tests.integration.campaigns.scene import Scene
from tests.integration.campaigns.test_holds import find_admin, list_kinds
from tests.waiting import wait_until

from sutler import auth, campaigns
from sutler.auth import Principal, Role
from sutler.base.clock import MovableClock
from sutler.base.errors import InvalidInputError, NotFoundError, NotPermittedError, UnavailableError
from sutler.campaigns import (
    Cause,
    Launched,
    Launcher,
    LaunchOutcome,
    LaunchRequest,
    NewJobType,
    NewSchedule,
    NewStage,
    Overlap,
    QueueState,
    RunState,
    Schedule,
    ScheduleRun,
    SubmissionSummary,
)
from sutler.campaigns.operations.schedules import end_schedule_in, find_schedule_in
from sutler.campaigns.settings import StageSettings
from sutler.database import Database
from sutler.loops import Surroundings, queued_launches, reactions, schedules, submission_tracking

RAW = "files from nova:raw"
HOURLY = "0 * * * *"
ONE = datetime(2026, 3, 1, 13, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
LAUNCH = "sutler.campaigns.operations.schedule_runs.launch_stage"


async def make_stage(scene: Scene, **settings: Any) -> int:  # noqa: ANN401 - whatever a stage may say
    said = StageSettings(**{"dataset_query": RAW, **settings})
    (stage,) = await scene.make_campaign(NewStage("s", "copy", "here", settings=said))
    return stage


async def save(
    scene: Scene,
    stage_id: int,
    cron: str = HOURLY,
    *,
    overlap: Overlap = Overlap.SKIP,
    who: Principal | None = None,
    is_active: bool = True,
) -> Schedule:
    new = NewSchedule(cron, overlap=overlap, is_active=is_active)
    return await campaigns.save_schedule(scene.db, who or scene.producer, stage_id=stage_id, new=new)


async def list_runs(scene: Scene, stage_id: int) -> list[ScheduleRun]:
    return list((await campaigns.list_schedule_runs(scene.db, scene.analyst, stage_id=stage_id)).items)


async def list_states(scene: Scene, stage_id: int) -> list[RunState]:
    return [run.state for run in await list_runs(scene, stage_id)]


async def get_schedule(scene: Scene, stage_id: int) -> Schedule:
    async with scene.db.read() as tx:
        found = await find_schedule_in(tx, stage_id=stage_id)
    assert found is not None
    return found


async def list_made(scene: Scene, stage_id: int) -> tuple[SubmissionSummary, ...]:
    return (await campaigns.list_submissions(scene.db, scene.producer, stage_id=stage_id)).items


async def end(scene: Scene, submission_id: int) -> None:
    """Cancel a submission, and see to it that it is over."""
    around = Surroundings(scene.db, scene.launcher)
    await campaigns.cancel_submission(
        scene.db, scene.launcher.backends, scene.producer, submission_id=submission_id, reason="enough"
    )

    async def is_over() -> bool:
        await submission_tracking.step(around)
        while await reactions.step(around):
            pass
        return (await scene.view(submission_id)).submission.ended_at is not None

    await wait_until(is_over)


async def step(scene: Scene) -> int:
    return await schedules.step(Surroundings(scene.db, scene.launcher))


@pytest.mark.row(56)
async def test_a_schedule_is_saved_replaced_paused_resumed_and_deleted(scene: Scene) -> None:
    stage = await make_stage(scene)
    saved = await save(scene, stage)
    assert (saved.next_due_at, saved.is_active, saved.username, saved.stage) == (ONE, True, "pia", "s")
    replaced = await save(scene, stage, "30 13 * * *", overlap=Overlap.QUEUE)
    assert (replaced.id, replaced.cron, replaced.overlap) == (saved.id, "30 13 * * *", Overlap.QUEUE)
    paused = await save(scene, stage, is_active=False)
    assert (paused.is_active, paused.next_due_at, paused.reason) == (False, None, "paused by pia")
    resumed = await save(scene, stage)
    assert (resumed.is_active, resumed.next_due_at, resumed.reason) == (True, ONE, "")
    assert (await campaigns.list_schedules(scene.db, scene.analyst)).items == (resumed,)
    assert (await campaigns.list_schedules(scene.db, scene.analyst, campaign_id=resumed.campaign_id + 1)).items == ()
    for _ in range(2):
        await campaigns.delete_schedule(scene.db, scene.producer, stage_id=stage)
    assert (await campaigns.list_schedules(scene.db, scene.analyst)).items == ()
    kinds = await list_kinds(scene, "stage")
    assert (kinds.count("campaigns.schedule_saved"), kinds.count("campaigns.schedule_ended")) == (4, 1)


@pytest.mark.row(56)
async def test_only_those_who_may_launch_a_stage_schedule_it(scene: Scene) -> None:
    stage = await make_stage(scene)
    with pytest.raises(NotPermittedError):
        await save(scene, stage, who=scene.analyst)
    await save(scene, stage)
    with pytest.raises(NotPermittedError):
        await campaigns.delete_schedule(scene.db, scene.analyst, stage_id=stage)
    with pytest.raises(NotFoundError):
        await save(scene, 10**6)
    with pytest.raises(NotFoundError):
        await campaigns.list_schedules(scene.db, scene.analyst, experiment="dune")
    with pytest.raises(InvalidInputError, match="'99' is no hour"):
        await save(scene, stage, "0 99 * * *")
    assert (await get_schedule(scene, stage)).cron == HOURLY, "what is refused replaces nothing"


@pytest.mark.row(56)
def test_a_preview_shows_the_next_times() -> None:
    now = datetime(2026, 3, 1, 12, 30, tzinfo=UTC)
    times = campaigns.preview_schedule(cron="0 9 * * *", time_zone="Europe/Berlin", now=now, count=2)
    assert [f"{time:%d %H:%M}" for time in times] == ["02 08:00", "03 08:00"]


@pytest.mark.row(56)
async def test_a_stage_is_launched_when_it_is_due_as_the_one_who_saved_its_schedule(
    scene: Scene, clock: MovableClock
) -> None:
    admin = await find_admin(scene)
    stage = await make_stage(scene)
    await save(scene, stage, who=admin)
    assert await step(scene) == 0
    clock.advance(HOUR)
    await step(scene)
    assert await step(scene) == 0
    (made,) = await list_made(scene, stage)
    assert (made.cause, made.launched_by) == (Cause.SCHEDULE, "admin")
    (run,) = await list_runs(scene, stage)
    assert (run.state, run.submission_id, run.due_at) == (RunState.LAUNCHED, made.id, ONE)
    assert (await get_schedule(scene, stage)).next_due_at == ONE + HOUR
    async with scene.db.connection() as connection:
        key, schedule_id = await connection.fetchrow("SELECT launch_key, schedule_id FROM campaigns.submissions")
    assert (key, schedule_id) == (f"schedule/{run.schedule_id}/2026-03-01T13:00:00Z", run.schedule_id)
    assert (await list_kinds(scene, "stage")).count("campaigns.schedule_run") == 1


@pytest.mark.row(56)
async def test_times_that_passed_while_the_server_was_away_become_one_launch(scene: Scene, clock: MovableClock) -> None:
    stage = await make_stage(scene)
    await save(scene, stage, overlap=Overlap.ALLOW)
    clock.advance(timedelta(hours=5, minutes=10))
    await step(scene)
    launched, missed = await list_runs(scene, stage)
    assert (launched.state, launched.due_at) == (RunState.LAUNCHED, ONE + 4 * HOUR)
    assert (missed.state, missed.due_at) == (RunState.MISSED, ONE)
    assert missed.reason.startswith("4 times from 2026-03-01 13:00 UTC on passed")
    assert len(await list_made(scene, stage)) == 1
    assert (await get_schedule(scene, stage)).next_due_at == ONE + 5 * HOUR


@pytest.mark.row(56)
async def test_by_the_rule_skip_a_time_passes_while_a_submission_runs(scene: Scene, clock: MovableClock) -> None:
    stage = await make_stage(scene)
    running = await scene.launch(stage)
    await save(scene, stage)
    clock.advance(HOUR)
    await step(scene)
    (run,) = await list_runs(scene, stage)
    assert (run.state, run.reason) == (RunState.SKIPPED, f"submission {running} of the stage is not over")
    await end(scene, running)
    clock.advance(HOUR)
    await step(scene)
    assert await list_states(scene, stage) == [RunState.LAUNCHED, RunState.SKIPPED]


@pytest.mark.row(56)
async def test_by_the_rule_queue_one_time_waits_until_the_submission_is_over(scene: Scene, clock: MovableClock) -> None:
    stage = await make_stage(scene)
    running = await scene.launch(stage)
    await save(scene, stage, overlap=Overlap.QUEUE)
    for _ in range(3):
        clock.advance(HOUR)
        await step(scene)
    later, late, first = await list_runs(scene, stage)
    assert (first.state, first.reason) == (RunState.DUE, f"submission {running} of the stage is not over")
    assert (late.state, late.reason) == (RunState.SKIPPED, "an earlier run of this schedule still waits")
    assert later.state is RunState.SKIPPED
    await end(scene, running)
    clock.advance(timedelta(seconds=10))
    await step(scene)
    assert await list_states(scene, stage) == [RunState.SKIPPED, RunState.SKIPPED, RunState.LAUNCHED]
    assert len(await list_made(scene, stage)) == 2


@pytest.mark.row(56)
async def test_by_the_rule_allow_every_time_is_launched(scene: Scene, clock: MovableClock) -> None:
    stage = await make_stage(scene)
    await scene.launch(stage)
    await save(scene, stage, overlap=Overlap.ALLOW)
    for _ in range(2):
        clock.advance(HOUR)
        await step(scene)
    assert await list_states(scene, stage) == [RunState.LAUNCHED] * 2
    assert len(await list_made(scene, stage)) == 3


@pytest.mark.row(54, 56)
async def test_while_launches_are_held_one_run_waits_in_the_queue(scene: Scene, clock: MovableClock) -> None:
    stage = await make_stage(scene)
    await save(scene, stage)
    await campaigns.hold_launches(scene.db, scene.producer, experiment="nova", reason="calibration")
    for _ in range(2):
        clock.advance(HOUR)
        await step(scene)
    skipped, queued = await list_runs(scene, stage)
    assert queued.state is RunState.QUEUED
    assert "on hold" in queued.reason
    (waiting,) = (await campaigns.list_queued_launches(scene.db, scene.producer)).items
    assert (skipped.state, skipped.reason) == (
        RunState.SKIPPED,
        f"number {waiting.id} of this schedule still waits in the queue",
    )
    await campaigns.release_launches(scene.db, scene.producer, experiment="nova")
    await queued_launches.step(Surroundings(scene.db, scene.launcher))
    (made,) = await list_made(scene, stage)
    assert made.cause is Cause.SCHEDULE
    (waited,) = (await campaigns.list_queued_launches(scene.db, scene.producer)).items
    assert (waited.state, waited.submission_id) == (QueueState.LAUNCHED, made.id)


@pytest.mark.row(57)
@pytest.mark.parametrize("clears", [True, False])
async def test_an_exhausted_split_ends_the_schedule_or_keeps_it_as_the_stage_says(
    scene: Scene, clock: MovableClock, *, clears: bool
) -> None:
    stage = await make_stage(scene, split_type="mod(2)", clears_schedule=clears)
    await save(scene, stage, overlap=Overlap.ALLOW)
    for _ in range(4):
        clock.advance(HOUR)
        await step(scene)
    states = await list_states(scene, stage)
    schedule = await get_schedule(scene, stage)
    if clears:
        assert states == [RunState.NOTHING, RunState.LAUNCHED, RunState.LAUNCHED]
        assert (schedule.is_active, schedule.reason) == (False, "nothing is left to launch")
    else:
        assert states == [RunState.NOTHING, RunState.NOTHING, RunState.LAUNCHED, RunState.LAUNCHED]
        assert schedule.is_active
    assert len(await list_made(scene, stage)) == 2


@pytest.mark.row(57)
async def test_a_split_that_has_nothing_yet_keeps_its_schedule(scene: Scene, clock: MovableClock) -> None:
    stage = await make_stage(scene, split_type="new(window=1h,fts=0,firsttime=2026-03-01T11:00)", clears_schedule=True)
    await save(scene, stage, overlap=Overlap.ALLOW)
    for _ in range(3):
        clock.advance(HOUR)
        await step(scene)
    assert await list_states(scene, stage) == [RunState.NOTHING, RunState.NOTHING, RunState.LAUNCHED]
    assert (await get_schedule(scene, stage)).is_active


@pytest.mark.row(56)
async def test_a_schedule_ends_when_the_one_who_saved_it_may_not_launch_any_more(
    scene: Scene, clock: MovableClock
) -> None:
    admin = await find_admin(scene)
    stage = await make_stage(scene)
    await auth.set_member(scene.db, admin, experiment="nova", username="ann", role=Role.SHIFTER)
    await save(scene, stage, who=await auth.get_principal_of(scene.db, user_id=scene.analyst.user_id))
    await auth.set_member(scene.db, admin, experiment="nova", username="ann", role=Role.ANALYSIS)
    clock.advance(HOUR)
    await step(scene)
    (run,) = await list_runs(scene, stage)
    assert run.state is RunState.REFUSED
    assert "You may not launch this stage" in run.reason
    schedule = await get_schedule(scene, stage)
    assert (schedule.is_active, schedule.reason) == (False, "ann, who saved it, may not launch the stage any more")


async def test_a_schedule_ends_when_the_one_who_saved_it_is_not_active_any_more(
    scene: Scene, clock: MovableClock
) -> None:
    stage = await make_stage(scene)
    await save(scene, stage, who=await find_admin(scene))
    async with scene.db.connection() as connection:
        await connection.execute("UPDATE auth.users SET is_active = false WHERE username = 'admin'")
    clock.advance(HOUR)
    await step(scene)
    assert await list_states(scene, stage) == [RunState.REFUSED]
    assert not (await get_schedule(scene, stage)).is_active


async def test_a_refusal_that_can_be_repaired_keeps_the_schedule(scene: Scene, clock: MovableClock) -> None:
    stage = await make_stage(scene)
    await save(scene, stage)
    for script in ("/nowhere/script", "/bin/true"):
        await campaigns.save_job_type(scene.db, scene.producer, new=NewJobType("nova", "copy", script))
        clock.advance(HOUR)
        await step(scene)
    launched, refused = await list_runs(scene, stage)
    assert (launched.state, refused.state) == (RunState.LAUNCHED, RunState.REFUSED)
    assert "does not exist" in refused.reason


LaunchStage = Callable[..., Coroutine[Any, Any, LaunchOutcome]]


def break_launches(error: Exception, *, stage_id: int, is_after: bool = False) -> LaunchStage:
    """Make launching one stage fail, before it does anything or after it has done everything."""

    async def launch(db: Database, launcher: Launcher, who: Principal, *, request: LaunchRequest) -> LaunchOutcome:
        if request.stage_id == stage_id and not is_after:
            raise error
        outcome = await campaigns.launch_stage(db, launcher, who, request=request)
        if request.stage_id == stage_id:
            raise error
        return outcome

    return launch


async def test_what_is_away_for_a_while_is_tried_again(
    scene: Scene, clock: MovableClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage = await make_stage(scene)
    await save(scene, stage)
    clock.advance(HOUR)
    with monkeypatch.context() as away:
        away.setattr(LAUNCH, break_launches(UnavailableError("The catalogue is away."), stage_id=stage))
        await step(scene)
    (run,) = await list_runs(scene, stage)
    assert (run.state, run.reason, run.tries) == (RunState.DUE, "The catalogue is away.", 1)
    assert await step(scene) == 0, "it is left alone for a while"
    clock.advance(timedelta(minutes=1))
    await step(scene)
    (run,) = await list_runs(scene, stage)
    assert (run.state, run.reason, run.tries) == (RunState.LAUNCHED, "", 2)


@pytest.mark.row(56)
async def test_a_crash_after_the_run_was_written_down_makes_one_launch(scene: Scene, clock: MovableClock) -> None:
    stage = await make_stage(scene)
    await save(scene, stage)
    clock.advance(HOUR)
    assert await campaigns.record_due_schedules(scene.db, count=10) == 1
    assert await list_states(scene, stage) == [RunState.DUE]
    assert len(await campaigns.claim_schedule_runs(scene.db, count=10)) == 1
    assert await step(scene) == 0, "it is left to whoever took it"
    clock.advance(timedelta(minutes=1))
    await step(scene)
    assert await list_states(scene, stage) == [RunState.LAUNCHED]
    assert len(await list_made(scene, stage)) == 1


@pytest.mark.row(56)
@pytest.mark.parametrize("overlap", list(Overlap))
async def test_a_crash_after_the_launch_was_made_makes_no_second_one(
    scene: Scene, clock: MovableClock, monkeypatch: pytest.MonkeyPatch, overlap: Overlap
) -> None:
    stage = await make_stage(scene)
    await save(scene, stage, overlap=overlap)
    clock.advance(HOUR)
    with monkeypatch.context() as crashing:
        crashing.setattr(LAUNCH, break_launches(KeyError("a defect"), stage_id=stage, is_after=True))
        await step(scene)
    assert await list_states(scene, stage) == [RunState.DUE]
    clock.advance(timedelta(minutes=1))
    await step(scene)
    (run,), (made,) = await list_runs(scene, stage), await list_made(scene, stage)
    assert (run.state, run.submission_id) == (RunState.LAUNCHED, made.id)


async def test_a_crash_after_the_launch_was_queued_queues_no_second_one(
    scene: Scene, clock: MovableClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage = await make_stage(scene)
    await save(scene, stage)
    await campaigns.hold_launches(scene.db, scene.producer, experiment="nova")
    clock.advance(HOUR)
    with monkeypatch.context() as crashing:
        crashing.setattr(LAUNCH, break_launches(KeyError("a defect"), stage_id=stage, is_after=True))
        await step(scene)
    clock.advance(timedelta(minutes=1))
    await step(scene)
    assert await list_states(scene, stage) == [RunState.QUEUED]
    assert len((await campaigns.list_queued_launches(scene.db, scene.producer)).items) == 1


async def test_a_schedule_that_is_paused_or_deleted_while_a_run_waits_launches_nothing(
    scene: Scene, clock: MovableClock
) -> None:
    paused, deleted = await make_stage(scene), await make_stage(scene)
    for stage in (paused, deleted):
        await save(scene, stage)
    clock.advance(HOUR)
    await campaigns.record_due_schedules(scene.db, count=10)
    await save(scene, paused, is_active=False)
    await campaigns.delete_schedule(scene.db, scene.producer, stage_id=deleted)
    await step(scene)
    (run,) = await list_runs(scene, paused)
    assert (run.state, run.reason) == (
        RunState.SKIPPED,
        "the schedule is not active any more: paused by pia",
    )
    assert (await campaigns.list_submissions(scene.db, scene.producer)).items == ()


async def test_a_schedule_that_is_deleted_while_its_run_is_made_leaves_nothing_behind(
    scene: Scene, clock: MovableClock
) -> None:
    stage = await make_stage(scene)
    await save(scene, stage)
    clock.advance(HOUR)
    await campaigns.record_due_schedules(scene.db, count=10)
    (run,) = await campaigns.claim_schedule_runs(scene.db, count=10)
    await campaigns.delete_schedule(scene.db, scene.producer, stage_id=stage)
    await campaigns.settle_schedule_run(scene.db, scene.launcher, run=run)
    assert await list_made(scene, stage) == ()
    assert await list_runs(scene, stage) == []


async def test_a_schedule_whose_time_zone_is_gone_ends_and_stops_no_other(scene: Scene, clock: MovableClock) -> None:
    broken, healthy = await make_stage(scene), await make_stage(scene)
    for stage in (broken, healthy):
        await save(scene, stage)
    async with scene.db.connection() as connection:
        await connection.execute("UPDATE campaigns.schedules SET time_zone = 'Gone/Zone' WHERE stage_id = $1", broken)
    clock.advance(HOUR)
    await step(scene)
    schedule = await get_schedule(scene, broken)
    assert not schedule.is_active
    assert "'Gone/Zone' is no time zone" in schedule.reason
    assert await list_states(scene, healthy) == [RunState.LAUNCHED]


@pytest.mark.row(56)
async def test_the_schedule_of_a_removed_stage_goes_with_it(scene: Scene, clock: MovableClock) -> None:
    stage = await make_stage(scene)
    await save(scene, stage)
    await campaigns.remove_stage(scene.db, scene.producer, stage_id=stage)
    clock.advance(HOUR)
    assert await step(scene) == 0
    assert (await campaigns.list_schedules(scene.db, scene.producer)).items == ()
    with pytest.raises(NotFoundError):
        await save(scene, stage)


@pytest.mark.row(56)
async def test_the_schedules_of_a_deleted_campaign_go_with_it(scene: Scene) -> None:
    stage = await make_stage(scene)
    schedule = await save(scene, stage)
    await campaigns.delete_campaign(scene.db, scene.producer, campaign_id=schedule.campaign_id)
    assert (await campaigns.list_schedules(scene.db, scene.producer)).items == ()


async def test_a_schedule_is_ended_once(scene: Scene) -> None:
    stage = await make_stage(scene)
    await save(scene, stage)
    async with scene.db.write() as tx:
        assert await end_schedule_in(tx, stage_id=stage, reason="over") is True
        assert await end_schedule_in(tx, stage_id=stage, reason="again") is False
    assert (await get_schedule(scene, stage)).reason == "over"


@pytest.mark.row(56)
async def test_many_schedules_due_at_once_are_launched_once_each_past_one_that_is_broken(
    scene: Scene, clock: MovableClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = StageSettings(dataset_query=RAW, split_type="nfiles(1)")
    stages = await scene.make_campaign(*(NewStage(f"s{number}", "copy", "here", settings=said) for number in range(60)))
    for stage in stages:
        await save(scene, stage)
    monkeypatch.setattr(LAUNCH, break_launches(KeyError("a defect"), stage_id=stages[0]))
    clock.advance(HOUR)
    for _ in range(10):
        if not sum(await asyncio.gather(step(scene), step(scene))):
            break
    assert await list_states(scene, stages[0]) == [RunState.DUE]
    for stage in stages[1:]:
        assert await list_states(scene, stage) == [RunState.LAUNCHED]
        assert len(await list_made(scene, stage)) == 1, "two processes make one launch"


async def test_runs_are_taken_oldest_first_and_of_each_schedule_one(scene: Scene, clock: MovableClock) -> None:
    early, late = await make_stage(scene), await make_stage(scene)
    await save(scene, late, "30 * * * *", overlap=Overlap.ALLOW)
    await save(scene, early, overlap=Overlap.ALLOW)
    for _ in range(2):
        clock.advance(HOUR)
        await campaigns.record_due_schedules(scene.db, count=10)
    first = await campaigns.claim_schedule_runs(scene.db, count=1)
    rest = await campaigns.claim_schedule_runs(scene.db, count=10)
    assert [(run.stage_id, f"{run.due_at:%H:%M}") for run in (*first, *rest)] == [(late, "12:30"), (early, "13:00")]


async def test_pages_of_runs_follow_each_other(scene: Scene, clock: MovableClock) -> None:
    stage = await make_stage(scene)
    await save(scene, stage, overlap=Overlap.ALLOW)
    for _ in range(3):
        clock.advance(HOUR)
        await campaigns.record_due_schedules(scene.db, count=10)
    page = await campaigns.list_schedule_runs(scene.db, scene.producer, stage_id=stage, limit=2)
    rest = await campaigns.list_schedule_runs(scene.db, scene.producer, stage_id=stage, limit=2, after=page.next_cursor)
    assert [run.due_at for run in (*page.items, *rest.items)] == [ONE + 2 * HOUR, ONE + HOUR, ONE]


async def test_a_launch_by_hand_and_one_by_schedule_have_keys_of_their_own(scene: Scene, clock: MovableClock) -> None:
    stage = await make_stage(scene)
    schedule = await save(scene, stage)
    request = LaunchRequest(stage, f"test/schedule/{schedule.id}")
    by_hand = await campaigns.launch_stage(scene.db, scene.launcher, scene.producer, request=request)
    assert isinstance(by_hand, Launched)
    await end(scene, by_hand.submission_id)
    clock.advance(HOUR)
    await step(scene)
    assert [made.cause for made in await list_made(scene, stage)] == [Cause.SCHEDULE, Cause.MANUAL]


async def test_schedules_are_paused_and_resumed_all_or_none(scene: Scene, clock: MovableClock) -> None:
    first, second, without = [await make_stage(scene) for _ in range(3)]
    for stage in (first, second):
        await save(scene, stage)
    stages = [first, second, without]
    db, producer = scene.db, scene.producer
    with pytest.raises(NotFoundError):
        await campaigns.activate_schedules(db, producer, stage_ids=[first, 10**6], is_active=False)
    with pytest.raises(NotPermittedError):
        await campaigns.activate_schedules(db, scene.analyst, stage_ids=[first], is_active=False)
    assert (await campaigns.get_schedule(db, producer, stage_id=first)).is_active
    assert await campaigns.activate_schedules(db, producer, stage_ids=stages, is_active=False) == [first, second]
    paused = await campaigns.get_schedule(db, producer, stage_id=first)
    assert (paused.is_active, paused.next_due_at, paused.reason) == (False, None, "paused by pia")
    clock.advance(HOUR)
    assert await campaigns.activate_schedules(db, scene.admin, stage_ids=[second, without], is_active=True) == [second]
    resumed = await campaigns.get_schedule(db, producer, stage_id=second)
    assert (resumed.is_active, resumed.username, resumed.cron) == (True, "admin", paused.cron)
    assert resumed.next_due_at is not None
