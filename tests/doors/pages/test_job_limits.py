"""A batch job that passed a limit says so on the page of its submission, on its own, and in the API."""

from __future__ import annotations

import pytest
from tests.doors.pages.browser import Browser
from tests.integration.campaigns.scene import Scene

from sutler.rest.submission_shapes import show_submission_view


async def _end_job(scene: Scene, submission_id: int, cause: str) -> None:
    """Write the job down as the poller does that hears of its end."""
    async with scene.db.connection() as connection:
        done = await connection.execute(
            "UPDATE launch.batch_jobs SET state = 'ended', signal = 9, cause = $2, peak_memory_bytes = 161000000, "
            "reason = 'killed: it went too far', ended_at = now() "
            "WHERE launch_key = (SELECT launch_key FROM campaigns.submissions WHERE id = $1)",
            submission_id,
            cause,
        )
    assert done == "UPDATE 1"


@pytest.mark.parametrize(("cause", "words"), [("memory", "its memory limit"), ("time", "its time limit")])
async def test_job_that_passed_a_limit_says_which_and_what_it_used(
    producer: Browser, scene: Scene, stages: list[int], cause: str, words: str
) -> None:
    submission_id = await scene.launch(stages[0])
    assert words not in (await producer.get(f"submissions/{submission_id}")).text
    await _end_job(scene, submission_id, cause)
    for address in (f"submissions/{submission_id}", f"submissions/{submission_id}/jobs/1"):
        text = (await producer.get(address)).text
        assert words in text
        assert "161 MB" in text
        assert "killed: it went too far" in text
    [job] = show_submission_view(await scene.view(submission_id)).jobs
    assert (job.cause, job.peak_memory_bytes) == (cause, 161_000_000)


async def test_job_of_which_nobody_knows_what_it_used_has_a_dash(
    producer: Browser, scene: Scene, stages: list[int]
) -> None:
    submission_id = await scene.launch(stages[0])
    text = (await producer.get(f"submissions/{submission_id}")).text
    assert ">Memory</th>" in text
    assert "used at most" not in (await producer.get(f"submissions/{submission_id}/jobs/1")).text
