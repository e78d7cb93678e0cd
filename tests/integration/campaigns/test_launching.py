"""Launching: a slice is taken once, whatever happens at the same time or dies in between."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from tests.integration.campaigns.scene import FILES, Scene

from sutler import campaigns, dispatch
from sutler.base.clock import MovableClock
from sutler.base.errors import NotPermittedError
from sutler.campaigns import (
    BatchStatus,
    LaunchKeyTakenError,
    NewJobType,
    NewLoginSetup,
    NewStage,
    NotAScriptError,
    NothingToLaunchError,
    StageSettings,
    StageWithoutDataError,
    SubmissionStatus,
    UnknownVariableError,
)
from sutler.launch import UnknownBackendError
from sutler.loops import Surroundings, launches

RAW = "files from nova:raw"


def a_stage(
    split_type: str | None = None, *, job_type: str = "copy", login_setup: str = "here", **said: object
) -> NewStage:
    given: dict[str, object] = {"dataset_query": RAW, "split_type": split_type, **said}
    return NewStage("copy", job_type, login_setup, StageSettings(**given))  # type: ignore[arg-type]  # a test builder


async def test_a_stage_without_split_takes_all_files_every_time(scene: Scene) -> None:
    (stage,) = await scene.make_campaign(a_stage())
    for _ in range(2):
        assert len(await scene.list_names(await scene.launch(stage))) == FILES


@pytest.mark.parametrize("split", ["drainingn(4)", "nfiles(4)"])
async def test_slices_cover_every_file_once_and_then_there_is_nothing(scene: Scene, split: str) -> None:
    (stage,) = await scene.make_campaign(a_stage(split))
    slices = [await scene.list_names(await scene.launch(stage)) for _ in range(3)]
    assert [len(names) for names in slices] == [4, 4, 2]
    given = [name for names in slices for name in names]
    assert len(given) == len(set(given)) == FILES
    with pytest.raises(NothingToLaunchError, match="no further file; 3 slices have been given out"):
        await scene.launch(stage)
    view = await campaigns.view_stage(scene.db, scene.producer, stage_id=stage)
    assert view.position is not None
    assert view.position.slice_count == 3, "a refused launch moves nothing"


async def test_launches_at_the_same_moment_never_share_a_file(scene: Scene) -> None:
    (stage,) = await scene.make_campaign(a_stage("drainingn(2)"))
    submissions = await asyncio.gather(*(scene.launch(stage) for _ in range(5)))
    names = [name for submission in submissions for name in await scene.list_names(submission)]
    assert len(names) == len(set(names)) == FILES


async def test_one_key_launches_once_however_often_it_is_repeated(scene: Scene) -> None:
    (stage,) = await scene.make_campaign(a_stage("drainingn(3)"))
    submissions = await asyncio.gather(*(scene.launch(stage, "click/1") for _ in range(6)))
    assert len(set(submissions)) == 1
    page = await campaigns.list_submissions(scene.db, scene.producer, stage_id=stage)
    assert len(page.items) == 1


async def test_a_key_of_another_stage_is_refused(scene: Scene) -> None:
    first, second = await scene.make_campaign(a_stage(), replace(a_stage(), name="other"))
    await scene.launch(first, "key")
    with pytest.raises(LaunchKeyTakenError):
        await scene.launch(second, "key")


async def test_a_test_launch_moves_only_the_test_position(scene: Scene) -> None:
    (stage,) = await scene.make_campaign(a_stage("drainingn(4)"))
    tried = await scene.list_names(await scene.launch(stage, is_test=True))
    real = await scene.list_names(await scene.launch(stage))
    assert tried == real


async def test_launches_of_a_stage_on_hold_are_queued(scene: Scene) -> None:
    (stage,) = await scene.make_campaign(a_stage())
    await campaigns.hold_stage(scene.db, scene.producer, stage_id=stage, is_held=True)
    request = campaigns.LaunchRequest(stage, "held/1")
    queued = await campaigns.launch_stage(scene.db, scene.launcher, scene.producer, request=request)
    assert isinstance(queued, campaigns.Queued)
    assert "2026-03-01 12:00" in queued.reason
    await campaigns.hold_stage(scene.db, scene.producer, stage_id=stage, is_held=False)
    assert await scene.launch(stage)


async def test_a_query_that_matches_nothing_says_so(scene: Scene) -> None:
    (stage,) = await scene.make_campaign(a_stage(dataset_query=f"{RAW} where core.number > 1000"))
    with pytest.raises(NothingToLaunchError, match="the query has no file"):
        await scene.launch(stage)


async def test_a_fed_stage_is_not_launched_by_hand(scene: Scene) -> None:
    _, fed = await scene.make_campaign(
        a_stage(),
        replace(a_stage(dataset_query=None), name="fed"),
        dependencies=(campaigns.NewDependency("copy", "fed"),),
    )
    with pytest.raises(StageWithoutDataError):
        await scene.launch(fed)


async def test_a_generator_hands_out_numbered_units(scene: Scene) -> None:
    (stage,) = await scene.make_campaign(a_stage(dataset_query=None, stage_type="generator", unit_count=3))
    submission = await scene.launch(stage)
    leases = await scene.reserve(submission, 10)
    assert [lease.attributes["index"] for lease in leases] == [0, 1, 2]
    assert all(lease.fid is None for lease in leases)


async def test_a_script_that_is_not_executable_is_refused_before_anything_is_made(scene: Scene, tmp_path: Path) -> None:
    script = tmp_path / "run.sh"
    script.write_text("#!/bin/sh\n")
    await campaigns.save_job_type(scene.db, scene.producer, new=NewJobType("nova", "bad", f"{script} {{file}}"))
    (stage,) = await scene.make_campaign(a_stage("drainingn(4)", job_type="bad"))
    with pytest.raises(NotAScriptError, match="is not executable"):
        await scene.launch(stage)
    script.chmod(0o755)
    assert len(await scene.list_names(await scene.launch(stage))) == 4


async def test_an_unknown_variable_or_back_end_is_refused_before_anything_is_made(scene: Scene) -> None:
    await campaigns.save_job_type(scene.db, scene.producer, new=NewJobType("nova", "bad", "/bin/true %(nothing)s"))
    await campaigns.save_login_setup(scene.db, scene.producer, new=NewLoginSetup("nova", "moon", backend="moon"))
    variable, backend = await scene.make_campaign(
        a_stage(job_type="bad"), replace(a_stage(login_setup="moon"), name="far")
    )
    with pytest.raises(UnknownVariableError):
        await scene.launch(variable)
    with pytest.raises(UnknownBackendError):
        await scene.launch(backend)


async def test_the_configuration_is_frozen_with_the_submission(scene: Scene) -> None:
    (stage,) = await scene.make_campaign(a_stage())
    submission = await scene.launch(stage)
    await campaigns.save_job_type(scene.db, scene.producer, new=NewJobType("nova", "copy", "/bin/false"))
    config = (await scene.view(submission)).config
    assert config["command"] == ["/bin/true", "{file}"]


async def test_analysis_members_do_not_launch_what_is_of_production(scene: Scene) -> None:
    (stage,) = await scene.make_campaign(a_stage())
    with pytest.raises(NotPermittedError):
        await campaigns.launch_stage(
            scene.db, scene.launcher, scene.analyst, request=campaigns.LaunchRequest(stage, "k")
        )
    assert (await campaigns.list_submissions(scene.db, scene.analyst)).items == ()


async def test_a_launch_that_was_only_written_down_is_taken_up_once(scene: Scene, clock: MovableClock) -> None:
    """The server dies between the first transaction and the back-end."""
    (stage,) = await scene.make_campaign(a_stage("drainingn(4)"))
    dead = replace(scene.launcher, backends={"local": _Dying()})  # type: ignore[dict-item]  # dies at any use
    request = campaigns.LaunchRequest(stage, "key")
    with pytest.raises(ServerDiedError):
        await campaigns.launch_stage(scene.db, dead, scene.producer, request=request)
    (submission,) = (await campaigns.list_submissions(scene.db, scene.producer, stage_id=stage)).items
    assert submission.batch_status is BatchStatus.NEW
    assert "has not reached the batch system" in (await scene.view(submission.id)).why
    clock.advance(timedelta(minutes=1))
    assert [await launches.step(Surroundings(scene.db, scene.launcher)) for _ in range(2)] == [1, 0]
    assert len((await scene.view(submission.id)).jobs) == 1


async def test_a_back_end_that_refuses_leaves_a_visible_failure(scene: Scene, tmp_path: Path) -> None:
    (stage,) = await scene.make_campaign(a_stage())
    (tmp_path / "jobs").write_text("no directory can be made here")
    submission = await scene.launch(stage)
    view = await scene.view(submission)
    assert view.submission.batch_status is BatchStatus.LAUNCH_FAILED
    assert view.submission.status is SubmissionStatus.CREATED
    assert view.why.startswith("The launch failed: ")
    assert [entry.status for entry in view.history] == ["Created", "LaunchFailed"]


class ServerDiedError(BaseException):
    """What a SIGKILL looks like from inside: nothing catches it."""


class _Dying:
    name = "local"

    def __getattr__(self, _name: str) -> object:
        raise ServerDiedError


@pytest.mark.row(61, 64)
async def test_the_project_of_a_launch_has_owner_users_time_outs_and_limits(scene: Scene) -> None:
    (stage,) = await scene.make_campaign(
        a_stage(worker_timeout_seconds=60.0, idle_timeout_seconds=0.0, is_virtual=True, load_limit=3)
    )
    view = await scene.view(await scene.launch(stage))
    assert view.submission.project_id is not None
    project = await dispatch.get_project(scene.db, scene.producer, project_id=view.submission.project_id)
    assert (project.owner, project.query, project.total_count) == ("pia", RAW, 3)
    assert (project.worker_timeout, project.idle_timeout) == (timedelta(seconds=60), None)
    assert project.is_virtual
    assert project.attributes["load_limit"] == 3
    (plain,) = await scene.make_campaign(a_stage())
    view = await scene.view(await scene.launch(plain))
    assert view.submission.project_id is not None
    project = await dispatch.get_project(scene.db, scene.producer, project_id=view.submission.project_id)
    assert (project.worker_timeout, project.idle_timeout) == (None, timedelta(hours=72))


@pytest.mark.row(61)
async def test_whoever_made_the_stage_may_process_what_another_launches(scene: Scene) -> None:
    (stage,) = await scene.make_campaign(a_stage())
    request = campaigns.LaunchRequest(stage, "by another")
    outcome = await campaigns.launch_stage(scene.db, scene.launcher, scene.admin, request=request)
    assert isinstance(outcome, campaigns.Launched)
    view = await scene.view(outcome.submission_id)
    assert view.submission.project_id is not None
    project = await dispatch.get_project(scene.db, scene.producer, project_id=view.submission.project_id)
    assert (project.owner, project.users) == ("admin", ("pia",))


@pytest.mark.row(23)
async def test_a_campaign_of_another_data_handler_is_shown_and_not_launched(scene: Scene) -> None:
    new = campaigns.NewCampaign("nova", "old", stages=(a_stage(),), data_handler="sam")
    campaign = await campaigns.create_campaign(scene.db, scene.producer, new=new)
    [stage] = (await campaigns.list_stages(scene.db, scene.producer, campaign_id=campaign.id)).items
    with pytest.raises(campaigns.NotPossibleError, match="data handler sam, which is not connected here"):
        await scene.launch(stage.id)
    [shown] = (await campaigns.list_campaigns(scene.db, scene.producer)).items
    assert shown.data_handler == "sam"
