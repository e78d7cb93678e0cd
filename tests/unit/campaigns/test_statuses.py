"""Which words may follow which, and what the jobs make of them."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from sutler.campaigns import BatchStatus, SubmissionStatus
from sutler.campaigns.rules import statuses
from sutler.dispatch.model import Counts
from sutler.launch.model import JobState, Launch, LaunchPlan, LaunchState

NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
ENDED = Launch(
    "k", 1, "local", LaunchPlan(("true",), 3), LaunchState.ENDED, "", "", None, 0, 0, 0, 3, 0, NOON, NOON, NOON
)
RUNNING = replace(ENDED, state=LaunchState.SUBMITTED, running_count=3, ended_count=0)
FINAL = (BatchStatus.LOCATED, BatchStatus.REMOVED, BatchStatus.CANCELLED)


def decide(
    launch: Launch,
    *,
    jobs: tuple[JobState, ...] = (JobState.ENDED,) * 3,
    done: int = 0,
    failed: int = 0,
    total: int = 100,
    is_recovery: bool = False,
    called_off_as: BatchStatus | None = None,
) -> BatchStatus:
    return statuses.decide_word(
        launch,
        job_states=jobs,
        called_off_as=called_off_as,
        counts=Counts(total, total - done - failed, 0, 0, done, failed),
        completion_pct=95,
        is_recovery=is_recovery,
    )


@pytest.mark.row(83)
def test_every_word_has_its_place_in_both_tables() -> None:
    assert set(statuses.AUTOMATIC) == set(statuses.BY_HAND) == set(BatchStatus)
    assert set(statuses.FILES) == set(SubmissionStatus)


@pytest.mark.row(84)
@pytest.mark.parametrize("old", FINAL)
@pytest.mark.parametrize("new", list(BatchStatus))
def test_final_words_are_not_left_by_themselves(old: BatchStatus, new: BatchStatus) -> None:
    assert statuses.may_become(old, new) is (old is new)


@pytest.mark.row(84)
def test_completed_only_goes_up_by_itself() -> None:
    ways = [word for word in BatchStatus if statuses.may_become(BatchStatus.COMPLETED, word)]
    assert ways == [BatchStatus.COMPLETED, BatchStatus.LOCATED]


@pytest.mark.row(84, 89)
def test_somebody_may_bring_a_removed_one_back_to_completed() -> None:
    assert statuses.may_become(BatchStatus.REMOVED, BatchStatus.COMPLETED, by_hand=True)
    assert not statuses.may_become(BatchStatus.REMOVED, BatchStatus.RUNNING, by_hand=True)


@pytest.mark.row(83)
def test_a_failed_launch_that_runs_after_all_is_running() -> None:
    assert statuses.may_become(BatchStatus.LAUNCH_FAILED, BatchStatus.RUNNING)


@pytest.mark.row(83)
@pytest.mark.parametrize(("failed", "word"), [(0, "Completed"), (1, "Failed"), (3, "Failed")])
def test_failed_is_said_when_a_third_of_the_jobs_failed(failed: int, word: str) -> None:
    assert decide(replace(ENDED, failed_count=failed)) == word


@pytest.mark.row(83)
def test_few_failed_jobs_are_no_failure() -> None:
    assert decide(replace(ENDED, ended_count=10, failed_count=3)) is BatchStatus.COMPLETED


@pytest.mark.row(85)
def test_a_recovery_is_never_failed() -> None:
    assert decide(replace(ENDED, failed_count=3), is_recovery=True) is BatchStatus.COMPLETED


@pytest.mark.row(83)
def test_jobs_that_were_all_stopped_are_cancelled_and_not_failed() -> None:
    stopped = replace(ENDED, failed_count=3)
    assert decide(stopped, jobs=(JobState.STOPPED,) * 3) is BatchStatus.CANCELLED
    assert decide(stopped, jobs=(JobState.STOPPED,) * 3, failed=100) is BatchStatus.FAILED


@pytest.mark.row(86)
@pytest.mark.parametrize(("done", "word"), [(94, "Running"), (95, "Completed")])
def test_enough_done_files_make_running_completed(done: int, word: str) -> None:
    assert decide(RUNNING, done=done) == word


@pytest.mark.row(86)
def test_failed_files_do_not_count_as_done() -> None:
    assert decide(RUNNING, done=50, failed=50) is BatchStatus.RUNNING


@pytest.mark.row(83)
def test_what_was_called_off_gets_its_word_when_the_jobs_are_over() -> None:
    assert decide(RUNNING, called_off_as=BatchStatus.REMOVED) is BatchStatus.RUNNING
    assert decide(ENDED, called_off_as=BatchStatus.REMOVED) is BatchStatus.REMOVED
