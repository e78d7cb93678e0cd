"""The end of a submission, and what follows from it exactly once."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest
from tests.integration.campaigns.scene import FILES, Scene
from tests.waiting import wait_until

from sutler import campaigns, dispatch, replicas
from sutler.base.clock import MovableClock
from sutler.base.did import Did
from sutler.campaigns import (
    BatchStatus,
    IntentionState,
    NewDependency,
    NewStage,
    NotPossibleError,
    StageSettings,
    SubmissionOverError,
    SubmissionStatus,
)
from sutler.dispatch import Outcome, Output, Report
from sutler.loops import Surroundings, intentions, overlooked, reactions, submission_tracking

RAW = "files from nova:raw"


async def a_chain(
    scene: Scene,
    *,
    pattern: str = "%",
    completion_pct: float = 95,
    completion_type: str | None = None,
    stage_type: str | None = None,
) -> tuple[int, int]:
    settings = StageSettings(
        dataset_query=RAW, completion_pct=completion_pct, completion_type=completion_type, stage_type=stage_type
    )
    first, second = await scene.make_campaign(
        NewStage("first", "copy", "here", settings=settings),
        NewStage("second", "copy", "here"),
        dependencies=(NewDependency("first", "second", pattern),),
    )
    return first, second


async def work_off_some(scene: Scene, submission: int, count: int, *, rse: str | None = "DISK") -> None:
    """Process so many files well; without an RSE, their outputs have no copy yet."""
    for lease in await scene.reserve(submission, count):
        output = Output("nova", f"out.{lease.name}", 5, {"adler32": "0" * 8}, url="file:///o" if rse else None, rse=rse)
        report = Report(
            worker_id="w1", attempt_ids=(lease.attempt_id,), outcome=Outcome.DONE, may_retry=False, outputs=(output,)
        )
        await dispatch.report(scene.db, scene.producer, report=report)


async def let_jobs_end(scene: Scene, submission: int) -> None:
    """Poll until the jobs of a submission are over and it has noticed."""

    async def has_ended() -> bool:
        await submission_tracking.step(Surroundings(scene.db, scene.launcher))
        await settle(scene)
        return (await scene.view(submission)).submission.ended_at is not None

    await wait_until(has_ended)


async def settle(scene: Scene) -> int:
    """Let everything happen that is due."""
    around = Surroundings(scene.db, scene.launcher)
    settled = 0
    for _ in range(4):
        while await reactions.step(around):
            pass
        settled += await intentions.step(around)
    return settled


async def list_of(scene: Scene, stage_id: int) -> tuple[campaigns.SubmissionSummary, ...]:
    return (await campaigns.list_submissions(scene.db, scene.producer, stage_id=stage_id)).items


@pytest.mark.row(83, 97)
async def test_dependants_get_the_outputs_exactly_once(scene: Scene) -> None:
    first, second = await a_chain(scene)
    submission = await scene.launch(first)
    await scene.work_off(submission)
    await asyncio.gather(*(settle(scene) for _ in range(4)))
    (dependant,) = await list_of(scene, second)
    assert dependant.upstream_submission_id == submission
    assert dependant.cause is campaigns.Cause.DEPENDENCY
    assert await scene.list_names(dependant.id) == [f"out.f{n:02d}.root" for n in range(FILES)]
    view = await scene.view(submission)
    assert view.submission.status is SubmissionStatus.COMPLETED
    assert view.submission.output_count == FILES
    assert [(f.downstream_stage, f.state, f.submission_id) for f in view.followers] == [
        ("second", IntentionState.DONE, dependant.id)
    ]


@pytest.mark.row(83, 97)
async def test_events_that_come_twice_change_nothing(scene: Scene) -> None:
    first, second = await a_chain(scene)
    submission = await scene.launch(first)
    await scene.work_off(submission)
    await settle(scene)
    async with scene.db.connection() as connection:
        await connection.execute("UPDATE database.event_cursors SET txid = 0, seq = 0")
    await settle(scene)
    assert len(await list_of(scene, second)) == 1
    words = [(entry.side.value, entry.status) for entry in (await scene.view(submission)).history]
    assert len(words) == len(set(words))


async def test_a_dependant_is_handed_to_the_batch_system_at_once(scene: Scene) -> None:
    first, second = await a_chain(scene)
    await scene.work_off(await scene.launch(first))
    await settle(scene)
    (dependant,) = await list_of(scene, second)
    assert (await scene.view(dependant.id)).jobs


@pytest.mark.row(87, 97)
async def test_too_many_failures_stop_the_chain_and_say_so(scene: Scene) -> None:
    first, second = await a_chain(scene)
    submission = await scene.launch(first)
    await scene.work_off(submission, fail=1)
    await settle(scene)
    assert await list_of(scene, second) == ()
    view = await scene.view(submission)
    assert view.submission.status is SubmissionStatus.COMPLETED_WITH_FAILURES
    assert view.followers[0].state is IntentionState.REFUSED
    assert (
        view.followers[0].reason
        == f"only 9 of 10 files of submission {submission} are done, and stage first asks for 95 %"
    )


async def test_enough_done_files_start_the_dependant(scene: Scene) -> None:
    first, second = await a_chain(scene, completion_pct=90)
    await scene.work_off(await scene.launch(first), fail=1)
    await settle(scene)
    (dependant,) = await list_of(scene, second)
    assert dependant.total_count == FILES - 1


@pytest.mark.row(99)
async def test_outputs_that_do_not_match_give_nothing_to_do(scene: Scene) -> None:
    first, second = await a_chain(scene, pattern="%.png")
    submission = await scene.launch(first)
    await scene.work_off(submission)
    await settle(scene)
    assert await list_of(scene, second) == ()
    assert (await scene.view(submission)).followers[0].state is IntentionState.NOTHING_TO_DO


async def test_a_held_dependant_waits_until_it_is_released(scene: Scene, clock: MovableClock) -> None:
    first, second = await a_chain(scene)
    await campaigns.hold_stage(scene.db, scene.producer, stage_id=second, is_held=True)
    submission = await scene.launch(first)
    await scene.work_off(submission)
    await settle(scene)
    (waiting,) = (await scene.view(submission)).followers
    assert waiting.state is IntentionState.PENDING
    assert waiting.reason == "Launches of stage second are on hold since 2026-03-01 12:00 UTC by pia."
    await campaigns.hold_stage(scene.db, scene.producer, stage_id=second, is_held=False)
    clock.advance(timedelta(minutes=1))
    await settle(scene)
    assert len(await list_of(scene, second)) == 1


async def test_jobs_that_end_without_working_end_the_submission(scene: Scene) -> None:
    (stage,) = await scene.make_campaign(NewStage("only", "copy", "here", settings=StageSettings(dataset_query=RAW)))
    submission = await scene.launch(stage)
    await let_jobs_end(scene, submission)
    view = await scene.view(submission)
    assert view.submission.status is SubmissionStatus.COMPLETED_WITH_FAILURES
    assert view.submission.batch_status is BatchStatus.COMPLETED
    assert view.why == "Completed with failures: 0 of 10 files done, 0 failed, 10 not processed."


@pytest.mark.row(83)
async def test_a_cancelled_submission_ends_and_launches_nothing(scene: Scene) -> None:
    first, second = await a_chain(scene)
    submission = await scene.launch(first)
    await scene.reserve(submission, 2)
    await campaigns.cancel_submission(
        scene.db, scene.launcher.backends, scene.producer, submission_id=submission, reason="wrong seed"
    )
    assert await scene.reserve(submission) == ()
    await let_jobs_end(scene, submission)
    view = await scene.view(submission)
    assert view.submission.batch_status is BatchStatus.CANCELLED
    assert "wrong seed" in " ".join(entry.reason for entry in view.history)
    assert view.why == (
        "Completed with failures: cancelled by pia: wrong seed; 0 of 10 files done, 0 failed, 10 not processed."
    )
    assert await list_of(scene, second) == ()
    with pytest.raises(SubmissionOverError):
        await campaigns.cancel_submission(
            scene.db, scene.launcher.backends, scene.producer, submission_id=submission, reason=""
        )


async def test_the_page_says_what_it_waits_for(scene: Scene) -> None:
    (stage,) = await scene.make_campaign(NewStage("only", "copy", "here", settings=StageSettings(dataset_query=RAW)))
    submission = await scene.launch(stage)
    await scene.reserve(submission, 3)
    why = (await scene.view(submission)).why
    assert "3" in why
    assert "reserved" in why


@pytest.mark.row(86)
async def test_enough_done_files_make_the_word_completed_while_jobs_run(scene: Scene) -> None:
    first, second = await a_chain(scene, completion_pct=50)
    submission = await scene.launch(first)
    await overlooked.step(Surroundings(scene.db, scene.launcher))
    assert (await scene.view(submission)).submission.batch_status is BatchStatus.IDLE
    await work_off_some(scene, submission, 5)
    await overlooked.step(Surroundings(scene.db, scene.launcher))
    await settle(scene)
    view = await scene.view(submission)
    assert (view.submission.status, view.submission.batch_status) == (SubmissionStatus.CREATED, BatchStatus.COMPLETED)
    assert view.history[-1].reason == "5 of 10 files done, which is the 50 % that stage first asks for"
    assert await list_of(scene, second) == ()


@pytest.mark.row(89)
async def test_kicking_to_completed_starts_the_dependants_however_few_files_are_done(scene: Scene) -> None:
    first, second = await a_chain(scene)
    submission = await scene.launch(first)
    await scene.work_off(submission, fail=5)
    await settle(scene)
    assert await list_of(scene, second) == ()
    await kick(scene, submission, "five are enough")
    await kick(scene, submission, "five are enough")
    await settle(scene)
    (dependant,) = await list_of(scene, second)
    assert dependant.total_count == 5
    assert (await scene.view(submission)).submission.batch_status is BatchStatus.COMPLETED


@pytest.mark.row(89)
async def test_kicking_an_open_submission_ends_it_and_stops_its_jobs(scene: Scene) -> None:
    first, second = await a_chain(scene)
    submission = await scene.launch(first)
    await work_off_some(scene, submission, 4)
    await kick(scene, submission, "")
    await let_jobs_end(scene, submission)
    view = await scene.view(submission)
    assert view.submission.status is SubmissionStatus.COMPLETED_WITH_FAILURES
    assert view.submission.batch_status is BatchStatus.COMPLETED
    assert [dependant.total_count for dependant in await list_of(scene, second)] == [4]


@pytest.mark.row(83, 84, 89)
async def test_a_removed_one_is_removed_until_somebody_completes_it(scene: Scene) -> None:
    first, second = await a_chain(scene)
    submission = await scene.launch(first)
    await work_off_some(scene, submission, 4)
    await campaigns.cancel_submission(
        scene.db,
        scene.launcher.backends,
        scene.producer,
        submission_id=submission,
        reason="",
        mark=BatchStatus.REMOVED,
    )
    await let_jobs_end(scene, submission)
    assert (await scene.view(submission)).submission.batch_status is BatchStatus.REMOVED
    assert await list_of(scene, second) == ()
    await kick(scene, submission, "")
    await settle(scene)
    assert (await scene.view(submission)).submission.batch_status is BatchStatus.COMPLETED
    assert len(await list_of(scene, second)) == 1


@pytest.mark.row(88)
async def test_located_waits_until_enough_outputs_have_copies(scene: Scene, clock: MovableClock) -> None:
    first, second = await a_chain(scene, completion_type="located")
    submission = await scene.launch(first)
    await work_off_some(scene, submission, FILES, rse=None)
    await settle(scene)
    (waiting,) = (await scene.view(submission)).followers
    assert waiting.reason == "0 of 10 done files have outputs that are there; stage first asks for 95 %"
    assert await list_of(scene, second) == ()
    await replicas.add_replicas(
        scene.db,
        scene.producer,
        experiment="nova",
        replicas=[
            replicas.NewReplica(Did("nova", f"out.f{n:02d}.root"), "DISK", f"file:///data/o{n}") for n in range(FILES)
        ],
    )
    clock.advance(timedelta(minutes=2))
    await settle(scene)
    assert (await scene.view(submission)).submission.batch_status is BatchStatus.LOCATED
    assert len(await list_of(scene, second)) == 1


@pytest.mark.row(88)
async def test_after_two_days_nobody_waits_for_outputs(scene: Scene, clock: MovableClock) -> None:
    first, second = await a_chain(scene, completion_type="located")
    submission = await scene.launch(first)
    await work_off_some(scene, submission, FILES, rse=None)
    await settle(scene)
    clock.advance(timedelta(days=2))
    await settle(scene)
    assert (await scene.view(submission)).submission.batch_status is BatchStatus.LOCATED
    assert len(await list_of(scene, second)) == 1


@pytest.mark.row(89)
async def test_kicking_to_located_ends_the_waiting(scene: Scene) -> None:
    first, second = await a_chain(scene, completion_type="located")
    submission = await scene.launch(first)
    with pytest.raises(NotPossibleError):
        await campaigns.locate_submission(scene.db, scene.producer, submission_id=submission)
    await work_off_some(scene, submission, FILES, rse=None)
    await settle(scene)
    await campaigns.locate_submission(scene.db, scene.producer, submission_id=submission, reason="on tape")
    await settle(scene)
    assert (await scene.view(submission)).submission.batch_status is BatchStatus.LOCATED
    assert len(await list_of(scene, second)) == 1


@pytest.mark.row(27)
async def test_an_approved_stage_passes_on_what_came_in(scene: Scene) -> None:
    first, second = await a_chain(scene, stage_type="approval")
    submission = await scene.launch(first)
    assert (await scene.view(submission)).submission.batch_status is BatchStatus.AWAITING_APPROVAL
    await campaigns.approve_submission(scene.db, scene.producer, submission_id=submission)
    await settle(scene)
    view = await scene.view(submission)
    assert (view.submission.status, view.submission.batch_status) == (
        SubmissionStatus.COMPLETED,
        BatchStatus.COMPLETED,
    )
    assert view.history[-1].reason == "approved by pia"
    (dependant,) = await list_of(scene, second)
    assert await scene.list_names(dependant.id) == [f"f{n:02d}.root" for n in range(FILES)]
    with pytest.raises(NotPossibleError):
        await campaigns.approve_submission(scene.db, scene.producer, submission_id=submission)


@pytest.mark.row(27)
async def test_what_is_not_approved_is_removed_and_nothing_follows(scene: Scene) -> None:
    first, second = await a_chain(scene, stage_type="approval")
    submission = await scene.launch(first)
    await campaigns.unapprove_submission(scene.db, scene.producer, submission_id=submission, reason="bad run")
    await settle(scene)
    view = await scene.view(submission)
    assert view.submission.batch_status is BatchStatus.REMOVED
    assert view.submission.ended_at is not None
    assert await list_of(scene, second) == ()


async def kick(scene: Scene, submission: int, reason: str) -> None:
    """Call a submission Completed as it is."""
    await campaigns.complete_submission(
        scene.db, scene.launcher.backends, scene.producer, submission_id=submission, reason=reason
    )


@pytest.mark.row(83)
async def test_cancelling_on_a_shared_project_gives_the_files_back_to_the_others(scene: Scene) -> None:
    owner = (await scene.view(await scene.launch((await a_chain(scene))[0]))).submission
    await kick(scene, owner.id, "")
    settings = StageSettings(project_id=owner.project_id, load_limit=4)
    (stage,) = await scene.make_campaign(NewStage("only", "copy", "here", settings=settings))
    submission = await scene.launch(stage)
    await campaigns.cancel_submission(
        scene.db, scene.launcher.backends, scene.producer, submission_id=submission, reason=""
    )
    await let_jobs_end(scene, submission)
    assert (await scene.view(submission)).submission.batch_status is BatchStatus.CANCELLED
    again = (await scene.view(await scene.launch(stage))).submission
    assert (again.project_id, again.initial_count) == (owner.project_id, 4)


@pytest.mark.row(83, 93)
async def test_files_that_only_the_jobs_know_end_with_the_jobs_and_cannot_be_recovered(scene: Scene) -> None:
    settings = StageSettings(dataset_query=RAW, split_type="draining")
    (stage,) = await scene.make_campaign(NewStage("only", "copy", "here", settings=settings))
    submission = await scene.launch(stage)
    await let_jobs_end(scene, submission)
    view = await scene.view(submission)
    assert view.submission.status is SubmissionStatus.COMPLETED
    previews = await campaigns.preview_recovery(scene.db, scene.producer, submission_id=submission)
    assert all("are not possible: it has no project" in preview.refusal for preview in previews)
