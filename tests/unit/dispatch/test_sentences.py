"""The sentences that people and workers read."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from tests.conftest import NOON
from tests.unit.dispatch.test_decisions import FATE

from sutler.dispatch.model import Counts, HandleState, Holders, Outcome, ProjectState, Report
from sutler.dispatch.rules import sentences

NOBODY = Holders(0, None)


def test_reserved_files_name_workers_and_the_next_end() -> None:
    why = sentences.explain_waiting(
        ProjectState.ACTIVE, Counts(12, 0, 0, 12, 0, 0), Holders(4, NOON + timedelta(hours=2, minutes=5)), NOON
    )
    assert why == "12 files are reserved by 4 workers; unless it is renewed, the next lease ends at 14:05 UTC."


def test_an_end_on_another_day_shows_the_day() -> None:
    holders = Holders(1, NOON + timedelta(days=1))
    why = sentences.explain_waiting(ProjectState.ACTIVE, Counts(1, 0, 0, 1, 0, 0), holders, NOON)
    assert why == "1 file is reserved by 1 worker; unless it is renewed, the next lease ends at 2026-03-02 12:00 UTC."


def test_every_reason_to_wait_has_its_sentence() -> None:
    why = sentences.explain_waiting(ProjectState.ACTIVE, Counts(9, 5, 3, 2, 1, 1), Holders(2, None), NOON)
    assert why == (
        "2 files are reserved by 2 workers; none of the leases has an end. "
        "3 files have no usable replica: one on an RSE that is enabled and available would make it ready. "
        "2 files are ready and wait for a worker."
    )


def test_files_that_pause_say_until_when() -> None:
    holders = Holders(0, None, NOON + timedelta(minutes=5))
    why = sentences.explain_waiting(ProjectState.ACTIVE, Counts(3, 3, 0, 0, 0, 0, 2), holders, NOON)
    assert why == (
        "2 files pause after a failure: the first one until 12:05 UTC. 1 file is ready and waits for a worker."
    )


@pytest.mark.parametrize(
    ("counts", "expected"),
    [
        (Counts(1, 0, 0, 0, 1, 0), "The only file is done."),
        (Counts(4, 0, 0, 0, 4, 0), "All 4 files are done."),
        (Counts(4, 0, 0, 0, 3, 1), "Nothing is left to do: of 4 files 3 are done, 1 failed."),
    ],
)
def test_an_end_is_told_with_counts(counts: Counts, expected: str) -> None:
    assert sentences.explain_waiting(ProjectState.DONE, counts, NOBODY, NOON) == expected


def test_a_cancelled_project_says_what_is_left() -> None:
    why = sentences.explain_waiting(ProjectState.CANCELLED, Counts(3, 1, 0, 0, 2, 0), NOBODY, NOON)
    assert why == "The project was cancelled. 1 file is not given out any more."


@pytest.mark.parametrize(
    ("outcome", "expected"),
    [
        (Outcome.DONE, "Attempt 7 was reported done at 2026-03-01 12:00:00 UTC. The file is done now."),
        (Outcome.TIMED_OUT, "Attempt 7 timed out at 2026-03-01 12:00:00 UTC. The file is done now."),
        (
            Outcome.WORKER_LOST,
            "Attempt 7 ended because its batch job was gone at 2026-03-01 12:00:00 UTC. The file is done now.",
        ),
    ],
)
def test_a_lost_lease_says_how_it_ended(outcome: Outcome, expected: str) -> None:
    assert sentences.explain_lost(replace(FATE, outcome=outcome), "w1") == expected


def test_a_lost_lease_says_who_has_the_file_now() -> None:
    taken = replace(FATE, outcome=Outcome.TIMED_OUT, state_now=HandleState.RESERVED, worker_now="w9")
    assert sentences.explain_lost(taken, "w1").endswith("The file is with worker w9 since 2026-03-01 12:00:00 UTC.")
    free = replace(FATE, outcome=Outcome.RESTARTED, state_now=HandleState.INITIAL)
    assert sentences.explain_lost(free, "w1").endswith("The file waits to be given out again.")


def test_the_lease_of_another_worker_is_named() -> None:
    assert sentences.explain_lost(replace(FATE, is_live=True), "w2") == "Attempt 7 belongs to worker w1, not to w2."
    assert sentences.explain_lost(FATE, "w2").startswith("Attempt 7 of worker w1 was reported done")


def test_a_failure_always_has_a_reason() -> None:
    assert sentences.choose_reason(Report("w", (1,), Outcome.FAILED, " ")) == "The worker gave no reason."
    assert sentences.choose_reason(Report("w", (1,), Outcome.FAILED, "exit code 1")) == "exit code 1"
    assert sentences.choose_reason(Report("w", (1,), Outcome.DONE)) == ""


def test_a_project_that_is_over_is_named_by_its_state() -> None:
    assert sentences.explain_state(ProjectState.FAILED) == "The project is over: failed."
