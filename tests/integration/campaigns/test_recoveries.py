"""Recoveries: which files they take, how they come by themselves, and by hand; relaunches and retries."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import pytest
from tests.integration.campaigns.flow import RAW, finish, list_of, make_chain, settle
from tests.integration.campaigns.scene import FILES, Scene

from sutler import campaigns, catalog
from sutler.base.clock import MovableClock
from sutler.base.did import Did
from sutler.campaigns import (
    BatchStatus,
    Cause,
    HoldKind,
    IntentionState,
    Launched,
    Methodology,
    NotPossibleError,
    Queued,
    QueueState,
    Recovery,
    RecoveryMode,
    RecoveryType,
    StageHeldError,
    StageSettings,
    SubmissionSummary,
)
from sutler.loops import Surroundings, queued_launches

FAILED = Recovery(RecoveryType.STATE_FAILED, (("--tries=", "2"),))
NOT_DONE = Recovery(RecoveryType.STATE_NOT_DONE, (("--tries=", "3"),))
ORPHANS = Recovery(RecoveryType.REPROCESS_ORPHANS)
PLAIN = StageSettings(dataset_query=RAW)
TWO = ("f00.root", "f01.root")


async def launch(scene: Scene, stage_id: int) -> SubmissionSummary:
    return (await scene.view(await scene.launch(stage_id))).submission


async def recover(
    scene: Scene, submission_id: int, recovery_type: RecoveryType, methodology: Methodology | None = None
) -> SubmissionSummary:
    outcome = await campaigns.recover_submission(
        scene.db,
        scene.launcher,
        scene.producer,
        submission_id=submission_id,
        recovery_type=recovery_type,
        key=f"test/{uuid4()}",
        methodology=methodology,
    )
    assert isinstance(outcome, Launched)
    return (await scene.view(outcome.submission_id)).submission


@pytest.mark.row(90, 97)
async def test_recoveries_come_in_order_with_their_own_overrides_and_then_the_dependants(scene: Scene) -> None:
    first, second = await make_chain(scene, PLAIN, recoveries=(ORPHANS, FAILED, NOT_DONE))
    original = await launch(scene, first)
    await finish(scene, original, fail=TWO)
    (_, recovery) = await list_of(scene, first)
    assert (recovery.cause, recovery.original_id) == (Cause.RECOVERY, original.id)
    assert recovery.recovery_type is RecoveryType.REPROCESS_ORPHANS
    assert await scene.list_names(recovery.id) == list(TWO)
    await finish(scene, recovery, fail=TWO[:1])
    (_, _, recovery) = await list_of(scene, first)
    assert recovery.recovery_type is RecoveryType.STATE_FAILED
    assert "--tries=2" in " ".join((await scene.view(recovery.id)).config["command"])  # type: ignore[arg-type]
    assert await scene.list_names(recovery.id) == list(TWO[:1])
    assert await list_of(scene, second) == []
    await finish(scene, recovery)
    (dependant,) = await list_of(scene, second)
    assert dependant.upstream_submission_id == original.id
    assert await scene.list_names(dependant.id) == [f"out.f{n:02d}.root" for n in range(FILES)]
    assert len(await list_of(scene, first)) == 3


@pytest.mark.row(90)
async def test_an_entry_without_files_is_skipped_and_named(scene: Scene) -> None:
    first, second = await make_chain(scene, PLAIN, recoveries=(FAILED, ORPHANS))
    original = await launch(scene, first)
    await finish(scene, original, without_output=TWO[:1])
    (_, recovery) = await list_of(scene, first)
    assert recovery.recovery_type is RecoveryType.REPROCESS_ORPHANS
    assert recovery.total_count == 1
    assert await list_of(scene, second) == []


@pytest.mark.row(95)
async def test_the_standard_mode_stops_after_two_and_says_why(scene: Scene) -> None:
    first, second = await make_chain(scene, PLAIN, recoveries=(FAILED, NOT_DONE, FAILED))
    await finish(scene, await launch(scene, first), fail=TWO)
    for number in (1, 2):
        await finish(scene, (await list_of(scene, first))[number], fail=TWO)
    submissions = await list_of(scene, first)
    assert len(submissions) == 3
    assert await list_of(scene, second) == []
    reasons = [f.reason for f in (await scene.view(submissions[0].id)).followers if f.state is IntentionState.REFUSED]
    assert reasons == [f"only 8 of 10 files of submission {submissions[0].id} are done, and stage first asks for 95 %"]


@pytest.mark.row(95)
async def test_the_aggressive_mode_goes_on_until_enough_is_done(scene: Scene) -> None:
    settings = replace(PLAIN, recovery_mode=RecoveryMode.AGGRESSIVE.value)
    first, second = await make_chain(scene, settings, recoveries=(FAILED,))
    names = [f"f{n:02d}.root" for n in range(4)]
    await finish(scene, await launch(scene, first), fail=names)
    for number in range(1, 4):
        await finish(scene, (await list_of(scene, first))[number], fail=names[number:])
    await finish(scene, (await list_of(scene, first))[4])
    assert len(await list_of(scene, first)) == 5
    assert len(await list_of(scene, second)) == 1


@pytest.mark.row(94)
async def test_in_one_project_the_files_go_on_where_they_are(scene: Scene) -> None:
    settings = replace(PLAIN, methodology=Methodology.ONE_PROJECT.value)
    first, second = await make_chain(scene, settings, recoveries=(FAILED,))
    original = await launch(scene, first)
    await finish(scene, original, fail=TWO)
    (own, recovery) = await list_of(scene, first)
    assert recovery.project_id == original.project_id
    assert (own.done_count, own.failed_count, recovery.total_count) == (8, 2, 2)
    await finish(scene, recovery)
    (dependant,) = await list_of(scene, second)
    assert dependant.total_count == FILES
    assert (await list_of(scene, first))[0].failed_count == 2


@pytest.mark.row(85)
async def test_a_failed_recovery_is_called_completed(scene: Scene) -> None:
    first, _ = await make_chain(scene, PLAIN, recoveries=(FAILED,))
    await finish(scene, await launch(scene, first), fail=TWO)
    await finish(scene, (await list_of(scene, first))[1], fail=TWO)
    assert (await list_of(scene, first))[1].batch_status is not BatchStatus.FAILED


@pytest.mark.row(91, 93)
async def test_every_kind_of_recovery_says_which_files_it_takes(scene: Scene) -> None:
    first, _ = await make_chain(scene, PLAIN)
    original = await launch(scene, first)
    await finish(scene, original, fail=TWO, without_output=["f02.root"])
    await catalog.declare_files(
        scene.db, scene.producer, files=[catalog.NewFile("nova", "new.root", 10)], dataset=Did("nova", "raw")
    )
    previews = await campaigns.preview_recovery(scene.db, scene.producer, submission_id=original.id)
    assert {preview.recovery_type.value: preview.file_count for preview in previews} == {
        "state_failed": 2,
        "state_not_done": 2,
        "reprocess_orphans": 3,
        "reprocess_all": 10,
        "added_files": 1,
    }
    names = {
        kind: await scene.list_names((await recover(scene, original.id, kind)).id)
        for kind in (RecoveryType.REPROCESS_ORPHANS, RecoveryType.ADDED_FILES)
    }
    assert names == {
        RecoveryType.REPROCESS_ORPHANS: [*TWO, "f02.root"],
        RecoveryType.ADDED_FILES: ["new.root"],
    }


@pytest.mark.row(91)
async def test_reserved_and_untouched_files_are_not_done(scene: Scene) -> None:
    first, _ = await make_chain(scene, PLAIN)
    original = await launch(scene, first)
    await scene.reserve(original.id, 1)
    with pytest.raises(NotPossibleError, match="has not ended"):
        await recover(scene, original.id, RecoveryType.STATE_NOT_DONE)
    await campaigns.complete_submission(scene.db, scene.launcher.backends, scene.producer, submission_id=original.id)
    for methodology in Methodology:
        recovery = await recover(scene, original.id, RecoveryType.STATE_NOT_DONE, methodology)
        assert recovery.total_count == FILES
        await finish(scene, recovery, fail=[f"f{n:02d}.root" for n in range(FILES)])


@pytest.mark.row(93)
async def test_a_recovery_without_files_is_refused_with_the_reason(scene: Scene) -> None:
    first, _ = await make_chain(scene, PLAIN)
    original = await launch(scene, first)
    await finish(scene, original)
    with pytest.raises(NotPossibleError, match="No file failed"):
        await recover(scene, original.id, RecoveryType.STATE_FAILED)


@pytest.mark.row(93, 97)
async def test_a_recovery_by_hand_brings_the_dependants_that_had_too_few_files(scene: Scene) -> None:
    first, second = await make_chain(scene, PLAIN)
    original = await launch(scene, first)
    await finish(scene, original, fail=TWO)
    assert await list_of(scene, second) == []
    recovery = await recover(scene, original.id, RecoveryType.STATE_FAILED)
    await finish(scene, recovery)
    assert [dependant.total_count for dependant in await list_of(scene, second)] == [FILES]
    await finish(scene, await recover(scene, recovery.id, RecoveryType.REPROCESS_ALL))
    assert len(await list_of(scene, second)) == 1


@pytest.mark.row(93)
async def test_a_recovery_by_hand_happens_once_per_key(scene: Scene) -> None:
    first, _ = await make_chain(scene, PLAIN)
    original = await launch(scene, first)
    await finish(scene, original, fail=TWO)
    outcomes = await asyncio.gather(
        *(
            campaigns.recover_submission(
                scene.db,
                scene.launcher,
                scene.producer,
                submission_id=original.id,
                recovery_type=RecoveryType.STATE_FAILED,
                key="test/once",
            )
            for _ in range(3)
        )
    )
    assert len(set(outcomes)) == 1
    assert len(await list_of(scene, first)) == 2


@pytest.mark.row(100)
async def test_the_switch_holds_what_follows_by_itself(scene: Scene, clock: MovableClock) -> None:
    first, second = await make_chain(scene, PLAIN, recoveries=(FAILED,))
    await campaigns.hold_launches(scene.db, scene.producer, experiment="nova", kind=HoldKind.FOLLOWERS, reason="tests")
    original = await launch(scene, first)
    await finish(scene, original, fail=TWO)
    assert len(await list_of(scene, first)) == 1
    (waiting,) = (await scene.view(original.id)).followers
    assert "on hold" in waiting.reason
    await campaigns.release_launches(scene.db, scene.producer, experiment="nova", kind=HoldKind.FOLLOWERS)
    clock.advance(timedelta(minutes=1))
    await settle(scene)
    assert len(await list_of(scene, first)) == 2
    assert await list_of(scene, second) == []


@pytest.mark.row(96)
async def test_a_relaunch_takes_the_same_files_in_a_new_project(scene: Scene) -> None:
    first, _ = await make_chain(scene, PLAIN)
    original = await launch(scene, first)
    await finish(scene, original)
    again = await relaunch(scene, original.id, same_project=False)
    assert again.project_id != original.project_id
    assert (again.total_count, again.initial_count, again.cause) == (FILES, FILES, Cause.RELAUNCH)


@pytest.mark.row(96)
async def test_a_relaunch_in_the_same_project_goes_on_with_what_is_left(scene: Scene) -> None:
    first, _ = await make_chain(scene, PLAIN)
    original = await launch(scene, first)
    await scene.reserve(original.id, 3)
    with pytest.raises(NotPossibleError):
        await relaunch(scene, original.id, same_project=True)
    await campaigns.complete_submission(scene.db, scene.launcher.backends, scene.producer, submission_id=original.id)
    again = await relaunch(scene, original.id, same_project=True)
    assert (again.project_id, again.initial_count) == (original.project_id, FILES)


@pytest.mark.row(96)
async def test_recoveries_and_relaunches_by_hand_wait_in_the_queue_while_launches_are_held(scene: Scene) -> None:
    first, _ = await make_chain(scene, PLAIN)
    original = await launch(scene, first)
    await finish(scene, original, fail=["f01.root"])
    await campaigns.hold_stage(scene.db, scene.producer, stage_id=first, is_held=True, reason="no disk")
    for key in ("again", "again"):
        waiting = await campaigns.recover_submission(
            scene.db,
            scene.launcher,
            scene.producer,
            submission_id=original.id,
            recovery_type=RecoveryType.STATE_FAILED,
            key=key,
            parameter_overrides=(("--tries=", "2"),),
        )
        assert isinstance(waiting, Queued)
        assert "no disk" in waiting.reason
    later = await campaigns.relaunch_submission(
        scene.db, scene.launcher, scene.producer, submission_id=original.id, key="all once more"
    )
    assert isinstance(later, Queued)
    assert len(await list_of(scene, first)) == 1
    await campaigns.hold_stage(scene.db, scene.producer, stage_id=first, is_held=False)
    while await queued_launches.step(Surroundings(scene.db, scene.launcher)):
        pass
    _, recovery, relaunched = await list_of(scene, first)
    assert (recovery.cause, recovery.total_count) == (Cause.RECOVERY, 1)
    assert (relaunched.cause, relaunched.total_count) == (Cause.RELAUNCH, 10)
    assert "--tries=2" in str((await scene.view(recovery.id)).config["command"])
    page = await campaigns.list_queued_launches(scene.db, scene.producer)
    assert [(one.launch_key, one.state, one.outcome) for one in page.items] == [
        ("again", QueueState.LAUNCHED, f"submission {recovery.id}"),
        ("all once more", QueueState.LAUNCHED, f"submission {relaunched.id}"),
    ]


async def test_a_recovery_that_waited_and_has_no_file_left_says_so_in_the_queue(scene: Scene) -> None:
    first, _ = await make_chain(scene, PLAIN)
    original = await launch(scene, first)
    await finish(scene, original)
    await campaigns.hold_stage(scene.db, scene.producer, stage_id=first, is_held=True)
    await campaigns.recover_submission(
        scene.db,
        scene.launcher,
        scene.producer,
        submission_id=original.id,
        recovery_type=RecoveryType.STATE_FAILED,
        key="in vain",
    )
    await campaigns.hold_stage(scene.db, scene.producer, stage_id=first, is_held=False)
    while await queued_launches.step(Surroundings(scene.db, scene.launcher)):
        pass
    [settled] = (await campaigns.list_queued_launches(scene.db, scene.producer)).items
    assert (settled.state, settled.outcome) == (QueueState.REFUSED, "No file failed.")


async def test_a_launch_that_failed_is_not_retried_while_launches_are_held(scene: Scene, tmp_path: Path) -> None:
    (tmp_path / "jobs").write_text("no directory can be made here")
    first, _ = await make_chain(scene, PLAIN)
    failed = await launch(scene, first)
    await campaigns.hold_stage(scene.db, scene.producer, stage_id=first, is_held=True)
    with pytest.raises(StageHeldError):
        await campaigns.retry_launch(scene.db, scene.launcher, scene.producer, submission_id=failed.id)
    (tmp_path / "jobs").unlink()
    await campaigns.hold_stage(scene.db, scene.producer, stage_id=first, is_held=False)
    await campaigns.retry_launch(scene.db, scene.launcher, scene.producer, submission_id=failed.id)
    assert (await scene.view(failed.id)).jobs


async def relaunch(scene: Scene, submission_id: int, *, same_project: bool) -> SubmissionSummary:
    outcome = await campaigns.relaunch_submission(
        scene.db,
        scene.launcher,
        scene.producer,
        submission_id=submission_id,
        key=f"test/{uuid4()}",
        same_project=same_project,
    )
    assert isinstance(outcome, Launched)
    return (await scene.view(outcome.submission_id)).submission


async def test_only_a_launch_that_failed_is_retried(scene: Scene) -> None:
    first, _ = await make_chain(scene, PLAIN)
    original = await launch(scene, first)
    with pytest.raises(NotPossibleError, match="did not fail"):
        await campaigns.retry_launch(scene.db, scene.launcher, scene.producer, submission_id=original.id)
    await settle(scene)
