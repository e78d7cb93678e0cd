"""Killing the server at any moment changes nothing about what comes out."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from tests.journey.campaign_run import STAGES, Crash, Victim, new_run
from tests.journey.conftest import SHAPE, Finished

pytestmark = pytest.mark.journey


def test_a_campaign_with_crashes_ends_like_one_without(finished_demo: Finished, tmp_path: Path) -> None:
    crashed = new_run(
        tmp_path,
        SHAPE,
        Crash("generate", 0),
        Crash("generate", SHAPE.files // 2),
        Crash("generate", SHAPE.files),
        Crash("reconstruct", 2, Victim.BOTH),
        Crash("reconstruct", 5, Victim.DATABASE),
        Crash("reconstruct", SHAPE.files),
    )
    with crashed.open():
        defined = crashed.run(is_launch_interrupted=True)
        assert crashed.list_checksums() == finished_demo.run.list_checksums()
        view = crashed.client.view_campaign(defined.campaign_id)
        assert Counter(submission.stage for submission in view.submissions) == Counter(STAGES)
        for submission in view.submissions:
            assert submission.status == "Completed"
            assert (submission.done_count, submission.failed_count) == (submission.total_count, 0)
            assert submission.project_id is not None
            project = crashed.client.get_project(submission.project_id)
            assert (project.state, project.done_count) == ("done", SHAPE.files)
            done = [
                attempt
                for position in range(submission.total_count)
                for attempt in crashed.client.get_handle(submission.project_id, position).attempts
                if attempt.outcome == "done"
            ]
            assert len(done) == submission.total_count, "each file is done once and only once"
