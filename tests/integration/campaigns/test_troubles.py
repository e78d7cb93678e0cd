"""What cannot be carried out, or was cut short, says why and never stands in the way of the rest."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from tests.integration.campaigns.scene import FILES, Scene
from tests.integration.campaigns.test_completion import a_chain, let_jobs_end, list_of, settle

from sutler import auth, campaigns, dispatch
from sutler.auth import Role
from sutler.base.clock import MovableClock
from sutler.base.errors import InvalidInputError
from sutler.base.events import RecordedEvent
from sutler.campaigns import (
    BatchStatus,
    IntentionState,
    LaunchRequest,
    NewJobType,
    NewStage,
    StageSettings,
    SubmissionStatus,
)
from sutler.dispatch import DispatchEvent
from sutler.launch import BackendFailedError, LaunchState
from sutler.loops import Surroundings, intentions, launches, overlooked, reactions

RAW = "files from nova:raw"


async def find_admin(scene: Scene) -> auth.Principal:
    async with scene.db.connection() as connection:
        user_id = await connection.fetchval("SELECT id FROM auth.users WHERE username = 'admin'")
    return await auth.get_principal_of(scene.db, user_id=user_id)


async def test_a_dependant_that_cannot_be_made_says_why_and_lets_the_next_one_pass(
    scene: Scene, clock: MovableClock
) -> None:
    first, second = await a_chain(scene)
    other, healthy = await a_chain(scene)
    submissions = [await scene.launch(first), await scene.launch(other)]
    for submission in submissions:
        await scene.work_off(submission)
    await campaigns.save_job_type(
        scene.db,
        scene.producer,
        new=NewJobType("nova", "broken", "/bin/true", output_file_patterns=("*",), output_rse="GONE"),
    )
    async with scene.db.connection() as connection:
        await connection.execute(
            "UPDATE campaigns.stages SET job_type_id = (SELECT id FROM campaigns.job_types WHERE name = 'broken') "
            "WHERE id = $1",
            second,
        )
    await settle(scene)
    assert await list_of(scene, second) == ()
    assert len(await list_of(scene, healthy)) == 1, "the one behind it is not kept waiting"
    (waiting,) = (await scene.view(submissions[0])).followers
    assert waiting.state is IntentionState.PENDING
    assert "names the RSE GONE, which is unknown" in waiting.reason

    async with scene.db.connection() as connection:
        await connection.execute("UPDATE campaigns.job_types SET output_rse = 'DISK' WHERE name = 'broken'")
    assert await intentions.step(Surroundings(scene.db, scene.launcher)) == 0, "it is left alone for a while"
    clock.advance(timedelta(minutes=10))
    await settle(scene)
    assert len(await list_of(scene, second)) == 1
    assert (await scene.view(submissions[0])).followers[0].state is IntentionState.DONE


async def test_an_intention_that_meets_a_defect_is_put_off_and_not_lost(
    scene: Scene, clock: MovableClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = await a_chain(scene)
    other, healthy = await a_chain(scene)
    for stage in (first, other):
        await scene.work_off(await scene.launch(stage))
    while await reactions.step(Surroundings(scene.db, scene.launcher)):
        pass

    async def fail(*_: object, **__: object) -> None:
        raise KeyError("a defect")

    with monkeypatch.context() as broken:
        broken.setattr("sutler.campaigns.store.outputs.list_outputs", fail)
        await settle(scene)
    await settle(scene)
    assert [len(await list_of(scene, stage)) for stage in (second, healthy)] == [0, 0]
    clock.advance(timedelta(seconds=10))
    await settle(scene)
    assert [len(await list_of(scene, stage)) for stage in (second, healthy)] == [1, 1]


async def test_dependants_are_not_launched_for_somebody_who_may_no_longer_launch(
    scene: Scene, clock: MovableClock
) -> None:
    first, second = await a_chain(scene)
    submission = await scene.launch(first)
    await scene.work_off(submission)
    async with scene.db.connection() as connection:
        await connection.execute("UPDATE campaigns.stages SET created_by = $1", scene.analyst.user_id)
    admin = await find_admin(scene)
    await auth.set_member(scene.db, admin, experiment="nova", username="pia", role=Role.ANALYSIS)
    await settle(scene)
    assert await list_of(scene, second) == ()
    (waiting,) = (await scene.view(submission)).followers
    assert waiting.reason.startswith(f"pia, who launched submission {submission}, may not launch stage second. ")
    await auth.set_member(scene.db, admin, experiment="nova", username="pia", role=Role.PRODUCTION)
    clock.advance(timedelta(minutes=10))
    await settle(scene)
    assert len(await list_of(scene, second)) == 1


async def test_an_event_that_meets_a_defect_stops_no_other_and_its_news_is_found(
    scene: Scene, clock: MovableClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    stages = [(await a_chain(scene))[0] for _ in range(2)]
    broken, healthy = [await scene.launch(stage) for stage in stages]
    for submission in (broken, healthy):
        await scene.work_off(submission)
    real, bad_share = reactions.complete_share, await find_share(scene, broken)

    async def fail(around: Surroundings, event: RecordedEvent) -> None:
        if event.subject_id == str(bad_share):
            raise KeyError("a defect")
        await real(around, event)

    with monkeypatch.context() as patched:
        patched.setitem(reactions.REACTIONS, DispatchEvent.SHARE_FINISHED, fail)
        await settle(scene)
    assert (await scene.view(healthy)).submission.status is SubmissionStatus.COMPLETED
    assert (await scene.view(broken)).submission.status is SubmissionStatus.CREATED
    clock.advance(timedelta(minutes=5))
    assert await overlooked.step(Surroundings(scene.db, scene.launcher)) == 1
    assert (await scene.view(broken)).submission.status is SubmissionStatus.COMPLETED
    assert await overlooked.step(Surroundings(scene.db, scene.launcher)) == 0


async def find_share(scene: Scene, submission: int) -> int:
    async with scene.db.connection() as connection:
        return int(await connection.fetchval("SELECT share_id FROM campaigns.submissions WHERE id = $1", submission))


async def test_a_cancellation_that_is_cut_short_stops_the_jobs_all_the_same(scene: Scene) -> None:
    """The server dies after the project was cancelled and before its jobs were told."""
    first, second = await a_chain(scene)
    submission = await scene.launch(first)
    project_id = (await scene.view(submission)).submission.project_id
    assert project_id is not None
    await dispatch.cancel_project(scene.db, scene.producer, project_id=project_id, reason="wrong seed")
    await settle(scene)
    await let_jobs_end(scene, submission)
    view = await scene.view(submission)
    assert view.submission.batch_status is BatchStatus.CANCELLED
    assert "cancelled by pia: wrong seed" in view.why
    assert view.followers == ()
    assert await list_of(scene, second) == ()


async def test_a_launch_that_cannot_be_handed_over_says_why_and_stops_no_other(
    scene: Scene, clock: MovableClock
) -> None:
    first, other = (await a_chain(scene))[0], (await a_chain(scene))[0]
    away = replace(scene.launcher, backends={"local": _Away()})  # type: ignore[dict-item]  # answers no question
    for stage, key in ((first, "a"), (other, "b")):
        await campaigns.launch_stage(scene.db, away, scene.producer, request=LaunchRequest(stage, key))
    async with scene.db.connection() as connection:
        await connection.execute(
            "UPDATE campaigns.submissions SET launched_by = $1 WHERE launch_key = 'a'", scene.analyst.user_id
        )
        await connection.execute("UPDATE auth.users SET is_active = false WHERE id = $1", scene.analyst.user_id)
    clock.advance(timedelta(minutes=1))
    around = Surroundings(scene.db, scene.launcher)
    assert await launches.step(around) == 2
    (stuck,), (handed_over,) = await list_of(scene, first), await list_of(scene, other)
    assert (await scene.view(handed_over.id)).jobs
    assert "has not reached the batch system yet: There is no active user ann" in (await scene.view(stuck.id)).why
    assert await launches.step(around) == 0, "it is left alone for a while"
    clock.advance(timedelta(minutes=5))
    assert await launches.step(around) == 1


async def test_a_launch_whose_submission_is_over_is_called_off(scene: Scene, clock: MovableClock) -> None:
    """Somebody else has processed all files while the back-end was away."""
    first, second = await a_chain(scene)
    away = replace(scene.launcher, backends={"local": _Away()})  # type: ignore[dict-item]  # answers no question
    launched = await campaigns.launch_stage(scene.db, away, scene.producer, request=LaunchRequest(first, "a"))
    assert isinstance(launched, campaigns.Launched)
    submission = launched.submission_id
    await scene.work_off(submission)
    while await reactions.step(Surroundings(scene.db, scene.launcher)):
        pass
    clock.advance(timedelta(minutes=1))
    assert await launches.step(Surroundings(scene.db, scene.launcher)) == 1
    await settle(scene)
    assert await launches.step(Surroundings(scene.db, scene.launcher)) == 0, "nothing is left to hand over"
    view = await scene.view(submission)
    assert (view.jobs, view.why) == ((), f"Completed: {FILES} of {FILES} files done, 0 failed.")
    assert len(await list_of(scene, second)) == 1, "it was not cancelled"
    async with scene.db.connection() as connection:
        state = await connection.fetchval("SELECT state FROM launch.launches WHERE key = 'a'")
    assert state == LaunchState.ENDED


async def test_what_a_shell_could_read_never_gets_into_a_login_setup(scene: Scene) -> None:
    await campaigns.save_login_setup(
        scene.db, scene.producer, new=campaigns.NewLoginSetup("nova", "here", setup='setup "%(version)s"')
    )
    stages = await scene.make_campaign(
        NewStage(
            "evil", "copy", "here", settings=StageSettings(dataset_query=RAW, software_version="$(touch /tmp/gotcha)")
        ),
        NewStage("good", "copy", "here", settings=StageSettings(dataset_query=RAW, software_version="v09_81-e26:prof")),
    )
    with pytest.raises(InvalidInputError, match="a shell"):
        await scene.launch(stages[0])
    assert await scene.launch(stages[1])


class _Away:
    name = "local"

    async def find(self, _key: str) -> None:
        raise BackendFailedError("local", "come back later")
