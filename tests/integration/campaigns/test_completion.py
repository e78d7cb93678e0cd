"""The end of a submission, and what follows from it exactly once."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest
from tests.integration.campaigns.scene import FILES, Scene
from tests.waiting import wait_until

from sutler import campaigns
from sutler.base.clock import MovableClock
from sutler.campaigns import (
    BatchStatus,
    IntentionState,
    NewDependency,
    NewStage,
    SubmissionOverError,
    SubmissionStatus,
)
from sutler.loops import Surroundings, intentions, reactions, submission_tracking

RAW = "files from nova:raw"


async def a_chain(scene: Scene, *, pattern: str = "%", completion_pct: float = 95) -> tuple[int, int]:
    first, second = await scene.make_campaign(
        NewStage("first", "copy", "here", dataset_query=RAW, completion_pct=completion_pct),
        NewStage("second", "copy", "here"),
        dependencies=(NewDependency("first", "second", pattern),),
    )
    return first, second


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
    while await reactions.step(around):
        pass
    return await intentions.step(around)


async def list_of(scene: Scene, stage_id: int) -> tuple[campaigns.SubmissionSummary, ...]:
    return (await campaigns.list_submissions(scene.db, scene.producer, stage_id=stage_id)).items


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


async def test_events_that_come_twice_change_nothing(scene: Scene) -> None:
    first, second = await a_chain(scene)
    submission = await scene.launch(first)
    await scene.work_off(submission)
    await settle(scene)
    async with scene.db.connection() as connection:
        await connection.execute("UPDATE database.event_cursors SET txid = 0, seq = 0")
    await settle(scene)
    assert len(await list_of(scene, second)) == 1
    assert [e.status for e in (await scene.view(submission)).history].count("Completed") == 1


async def test_a_dependant_is_handed_to_the_batch_system_at_once(scene: Scene) -> None:
    first, second = await a_chain(scene)
    await scene.work_off(await scene.launch(first))
    await settle(scene)
    (dependant,) = await list_of(scene, second)
    assert (await scene.view(dependant.id)).jobs


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
    assert (waiting.state, waiting.reason) == (IntentionState.PENDING, "stage second is on hold")
    await campaigns.hold_stage(scene.db, scene.producer, stage_id=second, is_held=False)
    clock.advance(timedelta(minutes=1))
    await settle(scene)
    assert len(await list_of(scene, second)) == 1


async def test_jobs_that_end_without_working_end_the_submission(scene: Scene) -> None:
    (stage,) = await scene.make_campaign(NewStage("only", "copy", "here", dataset_query=RAW))
    submission = await scene.launch(stage)
    await let_jobs_end(scene, submission)
    view = await scene.view(submission)
    assert view.submission.status is SubmissionStatus.COMPLETED_WITH_FAILURES
    assert view.submission.batch_status is BatchStatus.COMPLETED
    assert view.why == "Completed with failures: 0 of 10 files done, 0 failed, 10 not processed."


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
    (stage,) = await scene.make_campaign(NewStage("only", "copy", "here", dataset_query=RAW))
    submission = await scene.launch(stage)
    await scene.reserve(submission, 3)
    why = (await scene.view(submission)).why
    assert "3" in why
    assert "reserved" in why
