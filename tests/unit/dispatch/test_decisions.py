"""Where handles go, when projects end, what workers are told."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from tests.conftest import NOON

from sutler.dispatch.model import (
    Counts,
    EndedLease,
    Fate,
    HandleState,
    NothingReady,
    Order,
    Outcome,
    ProjectState,
    Report,
)
from sutler.dispatch.rules.decisions import (
    decide_next_state,
    decide_nothing,
    decide_order,
    decide_project_end,
    decide_rest,
    is_held,
    is_repeat,
)

INITIAL, DONE, FAILED = HandleState.INITIAL, HandleState.DONE, HandleState.FAILED
LAST = EndedLease(
    attempt_id=1,
    share_id=1,
    state=DONE,
    experiment_id=1,
    project_state=ProjectState.ACTIVE,
    project_open_count=0,
    project_failed_count=0,
    share_open_count=0,
)
FATE = Fate(
    attempt_id=7,
    project_id=1,
    share_id=1,
    namespace="a",
    name="x",
    fid=None,
    attempt=1,
    worker_id="w1",
    is_live=False,
    outcome=Outcome.DONE,
    handle_state=DONE,
    ended_at=NOON,
    state_now=DONE,
    worker_now=None,
    reserved_at_now=NOON,
)


@pytest.mark.parametrize(
    ("outcome", "attempt", "max_attempts", "may_retry", "expected"),
    [
        (Outcome.DONE, 9, 1, False, DONE),
        (Outcome.FAILED, 1, None, True, INITIAL),
        (Outcome.FAILED, 1, None, False, FAILED),
        (Outcome.FAILED, 1, 2, True, INITIAL),
        (Outcome.FAILED, 2, 2, True, FAILED),
        (Outcome.FAILED, 3, 2, True, FAILED),
        (Outcome.TIMED_OUT, 1, 2, True, INITIAL),
        (Outcome.TIMED_OUT, 2, 2, True, FAILED),
        (Outcome.WORKER_LOST, 2, 2, True, FAILED),
        (Outcome.RESTARTED, 5, 1, True, INITIAL),
    ],
)
def test_a_handle_goes_where_outcome_and_attempts_send_it(
    outcome: Outcome, attempt: int, max_attempts: int | None, may_retry: bool, expected: HandleState
) -> None:
    assert decide_next_state(outcome, attempt=attempt, max_attempts=max_attempts, may_retry=may_retry) is expected


@pytest.mark.parametrize(
    ("outcome", "state", "attempt", "pause", "expected"),
    [
        (Outcome.FAILED, INITIAL, 1, timedelta(minutes=5), timedelta(minutes=5)),
        (Outcome.TIMED_OUT, INITIAL, 2, timedelta(minutes=5), timedelta(minutes=10)),
        (Outcome.WORKER_LOST, INITIAL, 4, timedelta(minutes=5), timedelta(minutes=40)),
        (Outcome.FAILED, INITIAL, 100, timedelta(minutes=5), timedelta(days=1)),
        (Outcome.FAILED, INITIAL, 7, timedelta(days=3), timedelta(days=3)),
        (Outcome.FAILED, FAILED, 1, timedelta(minutes=5), None),
        (Outcome.FAILED, INITIAL, 1, None, None),
        (Outcome.RESTARTED, INITIAL, 1, timedelta(minutes=5), None),
        (Outcome.DONE, DONE, 1, timedelta(minutes=5), None),
    ],
)
def test_a_failed_handle_pauses_twice_as_long_after_every_attempt_up_to_a_day(
    outcome: Outcome, state: HandleState, attempt: int, pause: timedelta | None, expected: timedelta | None
) -> None:
    until = decide_rest(outcome, state, attempt=attempt, retry_pause=pause, now=NOON)
    assert until == (None if expected is None else NOON + expected)


@pytest.mark.parametrize(
    ("state", "open_count", "failed_count", "expected"),
    [
        (ProjectState.ACTIVE, 1, 0, None),
        (ProjectState.ACTIVE, 0, 0, ProjectState.DONE),
        (ProjectState.ACTIVE, 0, 2, ProjectState.FAILED),
        (ProjectState.ABANDONED, 0, 0, ProjectState.DONE),
        (ProjectState.CANCELLED, 0, 0, None),
        (ProjectState.DONE, 0, 0, None),
    ],
)
def test_a_project_ends_with_its_last_open_handle(
    state: ProjectState, open_count: int, failed_count: int, expected: ProjectState | None
) -> None:
    ended = replace(LAST, project_state=state, project_open_count=open_count, project_failed_count=failed_count)
    assert decide_project_end(ended) is expected


@pytest.mark.parametrize(
    ("state", "counts", "expected"),
    [
        (ProjectState.ACTIVE, Counts(2, 0, 0, 1, 1, 0), NothingReady.WAIT),
        (ProjectState.ACTIVE, Counts(2, 1, 1, 0, 1, 0), NothingReady.WAIT),
        (ProjectState.ACTIVE, Counts(2, 0, 0, 0, 1, 1), NothingReady.OVER),
        (ProjectState.ABANDONED, Counts(1, 1, 0, 0, 0, 0), NothingReady.WAIT),
        (ProjectState.CANCELLED, Counts(1, 1, 0, 0, 0, 0), NothingReady.OVER),
        (ProjectState.DONE, Counts(1, 0, 0, 0, 1, 0), NothingReady.OVER),
    ],
)
def test_asking_again_makes_sense_while_a_handle_may_become_ready(
    state: ProjectState, counts: Counts, expected: NothingReady
) -> None:
    assert decide_nothing(state, counts) is expected


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        (ProjectState.ACTIVE, Order.CONTINUE),
        (ProjectState.ABANDONED, Order.CONTINUE),
        (ProjectState.CANCELLED, Order.STOP_NOW),
        (ProjectState.DONE, Order.FINISH_AND_STOP),
        (ProjectState.FAILED, Order.FINISH_AND_STOP),
    ],
)
def test_a_worker_is_told_what_its_project_allows(state: ProjectState, expected: Order) -> None:
    assert decide_order(state) is expected


def test_a_repeat_is_the_same_outcome_by_the_same_worker_after_the_end() -> None:
    report = Report("w1", (7,), Outcome.DONE)
    assert is_repeat(FATE, report)
    assert not is_repeat(FATE, replace(report, worker_id="w2"))
    assert not is_repeat(FATE, replace(report, outcome=Outcome.FAILED))
    assert not is_repeat(replace(FATE, is_live=True, outcome=None), report)


def test_a_lease_is_held_by_its_own_worker_while_it_lives() -> None:
    assert is_held(replace(FATE, is_live=True), "w1")
    assert not is_held(replace(FATE, is_live=True), "w2")
    assert not is_held(FATE, "w1")
