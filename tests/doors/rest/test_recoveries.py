"""What comes after a submission, through the API: decisions, recoveries, launching again, comparing."""

from __future__ import annotations

from collections.abc import Mapping

import httpx
import pytest
from tests.doors.rest.campaign_scene import make_split_stage
from tests.doors.rest.conftest import Parts
from tests.doors.rest.test_routes import assert_is_problem

from sutler import client, launch
from sutler.client import AsyncClient
from sutler.wire.campaigns import NewCampaign, NewStage, StageChange
from sutler.wire.stage_settings import StageSettings

pytestmark = pytest.mark.row(133, 134)


@pytest.fixture
async def stage_id(sutler: AsyncClient) -> int:
    """A stage that splits five files in twos."""
    return await make_split_stage(sutler)


@pytest.fixture
async def submission_id(sutler: AsyncClient, stage_id: int) -> int:
    """A submission of two files."""
    return await sutler.launch_stage(stage_id)


@pytest.mark.row(91, 93)
async def test_recoveries_are_shown_first_and_then_launched_by_hand(
    sutler: AsyncClient, anna: AsyncClient, admin: httpx.AsyncClient, submission_id: int
) -> None:
    previews = {one.recovery_type: one for one in (await anna.preview_recovery(submission_id)).items}
    assert previews["state_failed"].file_count == 0
    assert previews["state_failed"].refusal
    assert previews["state_failed"].description
    with pytest.raises(client.ConflictError) as refused:
        await sutler.recover_submission(submission_id, "state_failed")
    assert refused.value.code == "campaigns.not_possible"
    with pytest.raises(client.NotPermittedError):
        await anna.recover_submission(submission_id, "state_failed")
    await sutler.complete_submission(submission_id)
    all_again = {one.recovery_type: one for one in (await sutler.preview_recovery(submission_id)).items}
    assert all_again["reprocess_all"].file_count == 2
    overrides = (("--events ", "99"),)
    made = await sutler.recover_submission(submission_id, "reprocess_all", parameter_overrides=overrides, key="once")
    assert (
        await sutler.recover_submission(submission_id, "reprocess_all", parameter_overrides=overrides, key="once")
        == made
    )
    view = await sutler.view_submission(made)
    assert (view.submission.original_id, view.submission.recovery_type, view.submission.cause) == (
        submission_id,
        "reprocess_all",
        "recovery",
    )
    assert (
        await admin.post(f"/submissions/{submission_id}/recovery", json={"recovery_type": "all"})
    ).status_code == 422


@pytest.mark.row(89)
async def test_a_submission_is_called_completed_and_located_by_hand(
    sutler: AsyncClient, anna: AsyncClient, parts: Parts, submission_id: int
) -> None:
    for call in (anna.complete_submission(submission_id), anna.locate_submission(submission_id)):
        with pytest.raises(client.NotPermittedError):
            await call
    with pytest.raises(client.ConflictError):
        await sutler.locate_submission(submission_id)
    done = await sutler.complete_submission(submission_id, reason="good enough")
    assert done.submission.status.startswith("Completed")
    assert any("good enough" in entry.reason for entry in done.history)
    assert parts.backend.stopped
    located = await sutler.locate_submission(submission_id)
    assert located.submission.batch_status == "Located"


@pytest.mark.row(96)
async def test_a_submission_is_launched_again_on_its_files_or_in_its_project(
    sutler: AsyncClient, anna: AsyncClient, submission_id: int
) -> None:
    with pytest.raises(client.NotPermittedError):
        await anna.relaunch_submission(submission_id)
    again = await sutler.relaunch_submission(submission_id, key="again")
    assert await sutler.relaunch_submission(submission_id, key="again") == again != submission_id
    first, second = [(await sutler.view_submission(each)).submission for each in (submission_id, again)]
    assert (second.cause, second.total_count) == ("relaunch", 2)
    assert second.project_id != first.project_id
    with pytest.raises(client.ConflictError, match="has not ended"):
        await sutler.relaunch_submission(submission_id, same_project=True)
    await sutler.cancel_submission(submission_id)
    await sutler.complete_submission(submission_id)
    same = await sutler.relaunch_submission(submission_id, same_project=True)
    third = (await sutler.view_submission(same)).submission
    assert (third.project_id, third.total_count) == (first.project_id, 2)


@pytest.mark.row(27)
async def test_what_waits_for_approval_is_approved_or_refused(sutler: AsyncClient, anna: AsyncClient) -> None:
    await make_split_stage(sutler)
    ask = NewStage("ask", "simulate", "here", stage_type="approval", dataset_query="files from demo:all")
    made = await sutler.create_campaign(NewCampaign("local", "asking", {}, (ask,)))
    [stage] = (await sutler.list_stages(made.id)).items
    yes, no = await sutler.launch_stage(stage.id), await sutler.launch_stage(stage.id)
    assert (await sutler.view_submission(yes)).submission.batch_status == "Awaiting Approval"
    for call in (anna.approve_submission(yes), anna.unapprove_submission(no)):
        with pytest.raises(client.NotPermittedError):
            await call
    approved = await sutler.approve_submission(yes, reason="looks good")
    assert approved.submission.status == "Completed"
    refused = await sutler.unapprove_submission(no)
    assert refused.submission.batch_status == "Removed"
    with pytest.raises(client.ConflictError):
        await sutler.approve_submission(no)


@pytest.mark.row(52)
async def test_a_launch_that_failed_is_retried(
    sutler: AsyncClient, stage_id: int, parts: Parts, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def refuse(key: str, plan: launch.LaunchPlan, secrets: Mapping[str, str]) -> launch.Receipt:
        raise launch.LaunchRefusedError("local", "the queue is closed")

    with monkeypatch.context() as patch:
        patch.setattr(parts.backend, "submit", refuse)
        submission_id = await sutler.launch_stage(stage_id)
    assert (await sutler.view_submission(submission_id)).submission.batch_status == "LaunchFailed"
    view = await sutler.retry_launch(submission_id, key="once")
    assert view.launch_key in parts.backend.plans
    assert view.jobs
    with pytest.raises(client.ConflictError):
        await sutler.retry_launch(submission_id)


async def test_a_submission_is_removed(sutler: AsyncClient, submission_id: int) -> None:
    view = await sutler.remove_submission(submission_id, reason="not needed")
    assert "not needed" in view.submission.reason


async def test_two_submissions_are_compared(
    sutler: AsyncClient, admin: httpx.AsyncClient, stage_id: int, submission_id: int
) -> None:
    revision = (await sutler.view_stage(stage_id)).campaign.revision
    await sutler.edit_stage(stage_id, StageChange(settings=StageSettings(job_count=7)), revision=revision)
    other = await sutler.launch_stage(stage_id)
    changes = {
        one.where: (one.kind, one.before, one.after) for one in await sutler.compare_submissions(submission_id, other)
    }
    assert changes["stage.job_count"] == ("changed", "1", "7")
    assert await sutler.compare_submissions(other, other) == ()
    assert_is_problem(await admin.get(f"/submissions/{submission_id}/config/diff"), 422)
    assert_is_problem(await admin.get(f"/submissions/{submission_id}/config/diff?with=99999"), 404)
