"""What becomes of a submission is changed by a question on its pages: approving, kicking, handing over once more."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.doors.pages.browser import Browser
from tests.integration.campaigns.flow import settle
from tests.integration.campaigns.scene import Scene

from sutler.campaigns import BatchStatus, NewDependency, NewStage, StageSettings, SubmissionStatus


@pytest.fixture
async def awaiting(scene: Scene) -> int:
    """A submission that waits for somebody to approve it."""
    settings = StageSettings(dataset_query="files from nova:raw", stage_type="approval")
    first, _ = await scene.make_campaign(
        NewStage("gate", "copy", "here", settings=settings),
        NewStage("behind", "copy", "here"),
        dependencies=(NewDependency("gate", "behind", "%"),),
    )
    return await scene.launch(first)


async def _act(browser: Browser, submission_id: int, verb: str, reason: str = "") -> None:
    at = f"submissions/{submission_id}"
    assert f'href="/{at}/{verb}"' in (await browser.get(at)).text
    question = await browser.get(f"{at}/{verb}")
    reply = await browser.post(f"{at}/{verb}", question, reason=reason)
    assert (reply.status_code, reply.headers.get("location")) == (303, f"/{at}"), reply.text


async def test_what_is_approved_goes_on(producer: Browser, scene: Scene, awaiting: int) -> None:
    await _act(producer, awaiting, "approve", "looked at <twice>")
    await settle(scene)
    page = (await producer.get(f"submissions/{awaiting}")).text
    assert "looked at &lt;twice&gt;" in page
    assert "behind" in page
    assert (await scene.view(awaiting)).submission.batch_status is BatchStatus.COMPLETED
    assert (await producer.get(f"submissions/{awaiting}/unapprove")).status_code == 409


async def test_what_is_refused_is_removed(producer: Browser, scene: Scene, awaiting: int) -> None:
    question = await producer.get(f"submissions/{awaiting}/unapprove")
    assert "This cannot be undone" in question.text
    await _act(producer, awaiting, "unapprove", "bad run")
    assert (await scene.view(awaiting)).submission.batch_status is BatchStatus.REMOVED
    assert "bad run" in (await producer.get(f"submissions/{awaiting}")).text
    late = await producer.post(f"submissions/{awaiting}/approve", question)
    assert (late.status_code, 'role="alert"' in late.text) == (409, True)


async def test_submission_is_kicked_to_completed_and_then_to_located(
    producer: Browser, scene: Scene, stages: list[int]
) -> None:
    submission_id = await scene.launch(stages[0])
    await _act(producer, submission_id, "complete", "enough is done")
    await settle(scene)
    kicked = (await scene.view(submission_id)).submission
    assert kicked.status is not SubmissionStatus.CREATED
    assert "enough is done" in (await producer.get(f"submissions/{submission_id}")).text
    await _act(producer, submission_id, "locate", "on tape")
    await settle(scene)
    assert (await scene.view(submission_id)).submission.batch_status is BatchStatus.LOCATED
    assert (await producer.get(f"submissions/{submission_id}/locate")).status_code == 409


async def test_launch_that_failed_is_handed_over_once_more(
    producer: Browser, scene: Scene, stages: list[int], tmp_path: Path
) -> None:
    obstacle = tmp_path / "jobs"
    obstacle.write_text("no directory can be made here")
    submission_id = await scene.launch(stages[0])
    assert "The launch failed" in (await producer.get(f"submissions/{submission_id}")).text
    obstacle.unlink()
    await _act(producer, submission_id, "retry")
    view = await scene.view(submission_id)
    assert view.submission.batch_status is not BatchStatus.LAUNCH_FAILED
    assert len(view.jobs) == 1
    assert (await producer.get(f"submissions/{submission_id}/retry")).status_code == 409
