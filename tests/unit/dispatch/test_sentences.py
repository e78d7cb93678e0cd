"""The sentences that people and workers read."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from tests.conftest import NOON
from tests.unit.dispatch.test_decisions import FATE

from sutler.dispatch.model import (
    CopyTrouble,
    Counts,
    HandleState,
    Holders,
    Obstacle,
    Outcome,
    ProjectState,
    RecentRefusals,
    Refusal,
    Report,
)
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
        "2 files are ready and wait for a worker. 1 file failed for good."
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


def test_workers_that_were_refused_are_named_with_the_last_reason() -> None:
    refused = Refusal("w1", "It sent no token.", 7, NOON, NOON)
    assert sentences.explain_refusals(RecentRefusals(0)) == ""
    assert sentences.explain_refusals(RecentRefusals(1, (refused,))) == (
        "1 worker was refused in the last hour: w1. The reason: It sent no token."
    )
    others = replace(refused, worker_id=" other workers", reason="The project has no room for more names.")
    assert sentences.explain_refusals(RecentRefusals(2, (refused, others))) == (
        "2 workers were refused in the last hour: w1, other workers. The last reason: It sent no token."
    )


@pytest.mark.parametrize(
    ("obstacles", "expected"),
    [
        ([Obstacle((), 2)], "2 files have no known replica: one would make it ready. 3 files are ready"),
        (
            [Obstacle((("DISK", CopyTrouble.DOWN), ("TAPE", CopyTrouble.ON_TAPE)), 2)],
            "2 files are only on DISK, which is down and TAPE, on tape and not staged yet. 3 files are ready",
        ),
        (
            [Obstacle((), 2), Obstacle((("DISK", CopyTrouble.TOO_FAR),), 1, is_ready=True)],
            (
                "2 files have no known replica: one would make it ready. "
                "1 file is only on DISK, which workers there never read. 2 files are ready"
            ),
        ),
        (
            [Obstacle((), 1), Obstacle((), 1, is_passing=True)],
            (
                "1 file has no known replica: one would make it ready. "
                "1 file has got a usable replica and will be ready in a moment. 3 files are ready"
            ),
        ),
    ],
)
def test_what_keeps_files_from_being_given_out_is_told_with_counts(obstacles: list[Obstacle], expected: str) -> None:
    why = sentences.explain_waiting(ProjectState.ACTIVE, Counts(5, 5, 2, 0, 0, 0), NOBODY, NOON, obstacles)
    assert why == f"{expected} and wait for a worker."


def test_nothing_is_called_ready_when_not_all_that_is_blocked_was_counted() -> None:
    blocked = Obstacle((("DISK", CopyTrouble.DISABLED),), 1000, is_at_least=True, is_ready=True)
    why = sentences.explain_waiting(ProjectState.ACTIVE, Counts(9000, 9000, 0, 0, 0, 0), NOBODY, NOON, [blocked])
    assert why == "At least 1000 files are only on DISK, which is disabled."


def test_more_leases_than_were_looked_at_are_told_as_at_least_so_many_workers() -> None:
    holders = Holders(900, NOON + timedelta(hours=1), is_at_least=True)
    why = sentences.explain_waiting(ProjectState.ACTIVE, Counts(5000, 0, 0, 5000, 0, 0), holders, NOON)
    assert why == (
        "5000 files are reserved by at least 900 workers; unless it is renewed, the next lease ends at 13:00 UTC."
    )
