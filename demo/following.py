"""Watching the campaign to its end, across restarts of the server."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from demo.server import DemoError
from sutler.client import Client, UnavailableError, UnreachableError
from sutler.wire.submissions import CampaignView, SubmissionSummary

POLL_SECONDS = 0.4
STANDSTILL_SECONDS = 180.0
COMPLETED = "Completed"


@dataclass(frozen=True)
class StageProgress:
    """How far one stage is."""

    name: str
    submission: SubmissionSummary | None


def follow_campaign(client: Client, campaign_id: int, *, show: Callable[[list[StageProgress]], None]) -> CampaignView:
    """Return the campaign once its last stage has ended. Raises DemoError when it cannot get there, and says why."""
    moved_at, seen = time.monotonic(), ""
    for view in _watch(client, campaign_id):
        progress = read_progress(view)
        show(progress)
        _check(client, progress)
        last = progress[-1].submission
        if last is not None and last.ended_at is not None:
            return view
        if repr(progress) != seen:
            moved_at, seen = time.monotonic(), repr(progress)
        elif time.monotonic() - moved_at > STANDSTILL_SECONDS:
            raise DemoError(f"Nothing has moved for {STANDSTILL_SECONDS:g} s. {_explain(client, progress)}")
    raise AssertionError("the watch ends only by leaving it")


def read_progress(view: CampaignView) -> list[StageProgress]:
    """The newest submission of every stage, in the order of the stages."""
    newest = {submission.id: submission for submission in view.submissions}
    return [StageProgress(stage.name, newest.get(stage.last_submission_id or 0)) for stage in view.stages]


def _watch(client: Client, campaign_id: int) -> Iterator[CampaignView]:
    while True:
        with contextlib.suppress(
            UnavailableError, UnreachableError
        ):  # the server restarts; a standstill is noticed above
            yield client.view_campaign(campaign_id)
        time.sleep(POLL_SECONDS)


def _check(client: Client, progress: list[StageProgress]) -> None:
    for stage in progress:
        submission = stage.submission
        if submission is None:
            continue
        is_stuck = submission.batch_status == "LaunchFailed"
        if is_stuck or (submission.ended_at is not None and submission.status != COMPLETED):
            raise DemoError(f"Stage {stage.name}, submission {submission.id}: {_explain(client, progress)}")


def _explain(client: Client, progress: list[StageProgress]) -> str:
    submissions = [stage.submission for stage in progress if stage.submission is not None]
    return client.view_submission(submissions[-1].id).why if submissions else "No submission was made."
