"""What people do by hand, what fails for good and who has left: the flow goes on, or says what it waits for."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from tests.integration.campaigns.flow import RAW, finish, list_of, make_chain, settle
from tests.integration.campaigns.scene import Scene, add_member
from tests.integration.campaigns.test_completion import let_jobs_end
from tests.integration.campaigns.test_schedules import list_runs, save
from tests.integration.campaigns.test_schedules import step as run_schedules
from tests.waiting import wait_until

from sutler import auth, campaigns, dispatch, launch
from sutler.auth import Role
from sutler.base.clock import MovableClock
from sutler.campaigns import (
    BatchStatus,
    Cause,
    LaunchRequest,
    NewDependency,
    NewStage,
    QueueState,
    Recovery,
    RecoveryType,
    RunState,
    StageSettings,
    SubmissionSummary,
)
from sutler.campaigns.operations import launching
from sutler.campaigns.operations.slicing import take_slice_in
from sutler.catalog import RemoteCatalogRefusedError, RemoteCatalogUnavailableError
from sutler.loops import Surroundings, intentions, overlooked, queued_launches, reactions

FAILED = Recovery(RecoveryType.STATE_FAILED)
PLAIN = StageSettings(dataset_query=RAW)
HALF = replace(PLAIN, completion_pct=50)
FIVE = tuple(f"f{number:02d}.root" for number in range(5))


async def start(scene: Scene, stage: int) -> SubmissionSummary:
    """Launch a stage."""
    return (await scene.view(await scene.launch(stage))).submission


async def complete(scene: Scene, submission_id: int) -> None:
    """Say that a submission is complete as it is."""
    await campaigns.complete_submission(
        scene.db, scene.launcher.backends, scene.producer, submission_id=submission_id, reason="good enough"
    )


async def cancel(scene: Scene, submission_id: int) -> None:
    """Call a submission off, and let its jobs end."""
    await campaigns.cancel_submission(
        scene.db, scene.launcher.backends, scene.producer, submission_id=submission_id, reason="in vain"
    )


@pytest.mark.row(86)
async def test_completing_by_hand_starts_the_dependants_though_a_recovery_waits_for_a_hold(scene: Scene) -> None:
    first, second = await make_chain(scene, PLAIN, recoveries=(FAILED,))
    original = await start(scene, first)
    await campaigns.hold_stage(scene.db, scene.producer, stage_id=first, is_held=True)
    await finish(scene, original, fail=FIVE)
    assert await list_of(scene, second) == []
    await complete(scene, original.id)
    await settle(scene)
    assert len(await list_of(scene, second)) == 1
    await campaigns.hold_stage(scene.db, scene.producer, stage_id=first, is_held=False)
    await settle(scene)
    assert len(await list_of(scene, first)) == 1, "no recovery is made any more"


@pytest.mark.row(86)
async def test_completing_by_hand_starts_the_dependants_though_the_list_has_more_recoveries(scene: Scene) -> None:
    first, second = await make_chain(scene, PLAIN, recoveries=(FAILED,))
    original = await start(scene, first)
    await finish(scene, original, fail=FIVE, settles=False)
    await complete(scene, original.id)
    await settle(scene)
    assert (len(await list_of(scene, first)), len(await list_of(scene, second))) == (1, 1)


@pytest.mark.row(86)
async def test_completing_by_hand_is_remembered_while_a_recovery_runs(scene: Scene) -> None:
    first, second = await make_chain(scene, PLAIN, recoveries=(FAILED,))
    original = await start(scene, first)
    await finish(scene, original, fail=FIVE)
    _, recovery = await list_of(scene, first)
    await complete(scene, original.id)
    await settle(scene)
    assert await list_of(scene, second) == [], "the recovery may still put something out"
    await finish(scene, recovery, fail=FIVE)
    assert len(await list_of(scene, second)) == 1


async def test_a_recovery_that_is_cancelled_lets_the_flow_go_on_with_what_there_is(
    scene: Scene, clock: MovableClock
) -> None:
    first, second = await make_chain(scene, HALF, recoveries=(FAILED, FAILED))
    original = await start(scene, first)
    await finish(scene, original, fail=FIVE[:1])
    _, recovery = await list_of(scene, first)
    await cancel(scene, recovery.id)
    await let_jobs_end(scene, recovery.id)
    clock.advance(timedelta(hours=1))
    await settle(scene)
    assert len(await list_of(scene, first)) == 2, "whoever cancels a recovery wants no other"
    assert len(await list_of(scene, second)) == 1


async def test_too_few_files_and_a_cancelled_recovery_are_told_together(scene: Scene) -> None:
    first, second = await make_chain(scene, PLAIN, recoveries=(FAILED, FAILED))
    original = await start(scene, first)
    await finish(scene, original, fail=FIVE)
    _, recovery = await list_of(scene, first)
    await cancel(scene, recovery.id)
    await let_jobs_end(scene, recovery.id)
    await settle(scene)
    assert await list_of(scene, second) == []
    [told] = [one for one in (await scene.view(original.id)).followers if one.kind.value == "follow"]
    assert "only 5 of 10 files" in told.reason
    assert told.reason.endswith(f"no more recoveries come by themselves, as recovery {recovery.id} was cancelled")


async def test_a_recovery_whose_launch_fails_is_named_and_can_be_cancelled(scene: Scene, tmp_path: Path) -> None:
    first, second = await make_chain(scene, HALF, recoveries=(FAILED,))
    original = await start(scene, first)
    (tmp_path / "none").write_text("no directory")
    broken = replace(scene.launcher, backends={"local": launch.LocalBackend(tmp_path / "none", slots=1)})
    await finish(scene, original, fail=FIVE[:1], settles=False)
    await settle(replace(scene, launcher=broken))
    _, recovery = await list_of(scene, first)
    assert recovery.batch_status is BatchStatus.LAUNCH_FAILED
    await cancel(scene, recovery.id)
    await settle(scene)
    assert len(await list_of(scene, second)) == 1


async def test_a_stage_that_is_gone_recovers_nothing_and_its_dependants_start(scene: Scene) -> None:
    first, second = await make_chain(scene, HALF, recoveries=(FAILED,))
    original = await start(scene, first)
    await campaigns.hold_stage(scene.db, scene.producer, stage_id=first, is_held=True)
    await finish(scene, original, fail=FIVE[:1])
    new = NewStage("second", "again", "here", settings=PLAIN)
    await campaigns.edit_stage(scene.db, scene.producer, stage_id=second, new=new)
    await campaigns.remove_stage(scene.db, scene.producer, stage_id=first)
    await campaigns.hold_launches(scene.db, scene.producer, experiment="nova")
    await campaigns.release_launches(scene.db, scene.producer, experiment="nova")
    await settle(scene)
    assert len(await list_of(scene, second)) == 1
    view = await scene.view(original.id)
    assert [one.reason for one in view.followers if one.kind.value == "recovery"] == ["its stage was removed"]


@pytest.mark.row(57)
async def test_a_launch_that_failed_does_not_stop_a_schedule(scene: Scene, clock: MovableClock, tmp_path: Path) -> None:
    (stage,) = await scene.make_campaign(NewStage("s", "copy", "here", settings=PLAIN))
    await save(scene, stage)
    (tmp_path / "full").write_text("no directory")
    full = replace(scene.launcher, backends={"local": launch.LocalBackend(tmp_path / "full", slots=1)})
    clock.advance(timedelta(hours=1))
    await run_schedules(replace(scene, launcher=full))
    clock.advance(timedelta(hours=24))
    await run_schedules(scene)
    submissions = await list_of(scene, stage)
    assert [one.batch_status is BatchStatus.LAUNCH_FAILED for one in submissions] == [True, False]


async def test_editing_a_stage_while_it_is_launched_waits_for_it(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    (stage,) = await scene.make_campaign(NewStage("s", "copy", "here", settings=PLAIN))
    started, editing = asyncio.Event(), asyncio.Event()

    async def take_slowly(*given: Any, **named: Any) -> object:  # noqa: ANN401 - passed on as they are
        started.set()
        await editing.wait()
        await wait_until(lambda: is_somebody_waiting(scene))
        return await take_slice_in(*given, **named)

    monkeypatch.setattr(launching, "take_slice_in", take_slowly)
    launched = asyncio.create_task(scene.launch(stage))
    await started.wait()
    new = NewStage("s2", "copy", "here", settings=PLAIN)
    edited = asyncio.create_task(campaigns.edit_stage(scene.db, scene.producer, stage_id=stage, new=new))
    editing.set()
    assert await launched
    await edited


async def is_somebody_waiting(scene: Scene) -> bool:
    """Whether a statement waits for a lock."""
    async with scene.db.connection() as connection:
        return bool(await connection.fetchval("SELECT count(*) FROM pg_locks WHERE NOT granted"))


async def test_a_stage_does_not_feed_itself_with_test_launches_without_end(scene: Scene) -> None:
    settings = replace(PLAIN, split_type="drainingn(5)", test_split_type="limitn(1)")
    with pytest.raises(campaigns.CampaignShapeError, match="in tests too"):
        await scene.make_campaign(
            NewStage("s", "copy", "here", settings=settings), dependencies=(NewDependency("s", "s"),)
        )


async def test_a_query_refused_for_good_settles_the_run_and_the_queued_launch(
    scene: Scene, clock: MovableClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    (stage,) = await scene.make_campaign(NewStage("s", "copy", "here", settings=PLAIN))
    await save(scene, stage)

    async def refuse(*_: object, **__: object) -> None:
        raise RemoteCatalogRefusedError("https://metacat.example", "syntax error", status=400)

    monkeypatch.setattr(launching, "prepare_slice", refuse)
    clock.advance(timedelta(hours=1))
    await run_schedules(scene)
    [run, *_] = await list_runs(scene, stage)
    assert (run.state, "syntax error" in run.reason) == (RunState.REFUSED, True)
    await campaigns.hold_stage(scene.db, scene.producer, stage_id=stage, is_held=True)
    monkeypatch.undo()
    await campaigns.launch_stage(scene.db, scene.launcher, scene.producer, request=LaunchRequest(stage, "a"))
    monkeypatch.setattr(launching, "prepare_slice", refuse)
    await campaigns.hold_stage(scene.db, scene.producer, stage_id=stage, is_held=False)
    await queued_launches.step(Surroundings(scene.db, scene.launcher))
    [waited] = (await campaigns.list_queued_launches(scene.db, scene.producer)).items
    assert waited.state is QueueState.REFUSED


async def test_a_catalogue_that_is_away_holds_up_nobody_else(
    scene: Scene, clock: MovableClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    (feeding,) = await scene.make_campaign(
        NewStage("s", "copy", "here", settings=replace(PLAIN, split_type="drainingn(5)")),
        dependencies=(NewDependency("s", "s"),),
    )
    first, second = await make_chain(scene, PLAIN)
    one, other = await start(scene, feeding), await start(scene, first)
    await finish(scene, one, settles=False)
    await finish(scene, other, settles=False)
    around = Surroundings(scene.db, scene.launcher)
    while await reactions.step(around):
        pass

    async def be_away(*_: object, **__: object) -> None:
        raise RemoteCatalogUnavailableError("https://metacat.example did not answer in time.")

    with monkeypatch.context() as broken:
        broken.setattr("sutler.campaigns.operations.followers.prepare_slice", be_away)
        await intentions.step(around)
    assert len(await list_of(scene, second)) == 1
    [waiting] = [each for each in (await scene.view(one.id)).followers if each.kind.value == "dependant"]
    assert "did not answer in time" in waiting.reason
    clock.advance(timedelta(minutes=1))
    await intentions.step(around)
    assert len(await list_of(scene, feeding)) == 2


@pytest.mark.row(56)
async def test_a_schedule_does_not_go_on_in_a_role_that_its_saver_has_lost(scene: Scene, clock: MovableClock) -> None:
    (stage,) = await scene.make_campaign(NewStage("s", "copy", "here", settings=PLAIN))
    await save(scene, stage)
    await auth.set_member(scene.db, scene.admin, experiment="nova", username="pia", role=Role.ANALYSIS)
    clock.advance(timedelta(hours=1))
    await run_schedules(scene)
    assert await list_of(replace(scene, producer=scene.admin), stage) == []
    [run, *_] = await list_runs(replace(scene, producer=scene.admin), stage)
    assert run.state is RunState.REFUSED


@pytest.mark.row(86)
async def test_what_follows_runs_as_whoever_completed_it_when_its_launcher_has_left(scene: Scene) -> None:
    first, second = await make_chain(scene, PLAIN)
    original = await start(scene, first)
    await finish(scene, original, fail=FIVE, settles=False)
    paul = await add_member(scene.db, scene.admin, "paul", Role.PRODUCTION)
    await auth.set_member(scene.db, scene.admin, experiment="nova", username="pia", role=None)
    await campaigns.complete_submission(scene.db, scene.launcher.backends, paul, submission_id=original.id)
    left = replace(scene, producer=paul)
    await settle(left)
    [follower] = await list_of(left, second)
    assert (follower.cause, follower.launched_by) == (Cause.DEPENDENCY, "paul")


async def test_jobs_of_what_was_completed_by_hand_are_stopped_though_the_server_dies(
    scene: Scene, clock: MovableClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, _ = await make_chain(scene, PLAIN)
    original = await start(scene, first)

    async def die(*_: object, **__: object) -> None:
        raise asyncio.CancelledError

    with monkeypatch.context() as dying:
        dying.setattr("sutler.launch.stop_launch", die)
        with pytest.raises(asyncio.CancelledError):
            await complete(scene, original.id)
    clock.advance(timedelta(minutes=1))
    await overlooked.step(Surroundings(scene.db, scene.launcher))
    await let_jobs_end(scene, original.id)


async def test_a_stage_that_feeds_itself_waits_for_the_next_window(scene: Scene, clock: MovableClock) -> None:
    split = "new(window=1h,fts=0,firsttime=2026-03-01T11:00)"
    (stage,) = await scene.make_campaign(
        NewStage("s", "copy", "here", settings=replace(PLAIN, split_type=split)),
        dependencies=(NewDependency("s", "s"),),
    )
    submission = await scene.launch(stage)
    await scene.work_off(submission)
    await settle(scene)
    [waiting] = [each for each in (await scene.view(submission)).followers if each.kind.value == "dependant"]
    assert waiting.state.value == "pending"
    assert "can be given out at" in waiting.reason


async def test_locating_a_recovery_by_hand_does_not_meet_its_own_piece_in_a_deadlock(
    scene: Scene, clock: MovableClock
) -> None:
    first, _ = await make_chain(scene, replace(PLAIN, completion_type="located"))
    original = await start(scene, first)
    await finish(scene, original, fail=FIVE)
    await campaigns.locate_submission(scene.db, scene.producer, submission_id=original.id)
    await settle(scene)
    made = await campaigns.recover_submission(
        scene.db,
        scene.launcher,
        scene.producer,
        submission_id=original.id,
        recovery_type=RecoveryType.STATE_FAILED,
        key="again",
    )
    assert isinstance(made, campaigns.Launched)
    await finish(scene, (await scene.view(made.submission_id)).submission, without_output=FIVE)
    for _ in range(5):
        clock.advance(timedelta(minutes=12))
        await asyncio.gather(
            campaigns.note_launch(scene.db, key="again"),
            intentions.step(Surroundings(scene.db, scene.launcher)),
        )
    await asyncio.gather(
        campaigns.locate_submission(scene.db, scene.producer, submission_id=made.submission_id),
        intentions.step(Surroundings(scene.db, scene.launcher)),
    )
    assert (await scene.view(made.submission_id)).submission.batch_status is BatchStatus.LOCATED


@pytest.mark.row(62)
async def test_a_stage_of_one_project_goes_on_in_it_after_a_pause_in_which_it_was_abandoned(
    scene: Scene, clock: MovableClock
) -> None:
    settings = replace(PLAIN, methodology="one_project", load_limit=6, idle_timeout_seconds=3600.0)
    (stage,) = await scene.make_campaign(NewStage("s", "copy", "here", settings=settings))
    first = await start(scene, stage)
    clock.advance(timedelta(days=1))
    assert await dispatch.abandon_idle(scene.db, limit=9) == 1
    second = await start(scene, stage)
    assert second.project_id == first.project_id
    assert len(await scene.list_names(second.id)) == 4


async def test_a_running_submission_all_of_whose_files_went_on_in_a_recovery_ends(scene: Scene) -> None:
    settings = replace(PLAIN, methodology="one_project")
    first, _ = await make_chain(scene, settings)
    original = await start(scene, first)
    made = await campaigns.recover_submission(
        scene.db,
        scene.launcher,
        scene.producer,
        submission_id=original.id,
        recovery_type=RecoveryType.REPROCESS_ALL,
        key="all",
    )
    assert isinstance(made, campaigns.Launched)
    await settle(scene)
    ended = (await scene.view(original.id)).submission
    assert ended.status is campaigns.SubmissionStatus.COMPLETED_WITH_FAILURES
    await finish(scene, (await scene.view(made.submission_id)).submission)
    assert (await scene.view(made.submission_id)).submission.done_count == 10
