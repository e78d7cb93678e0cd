"""A small torture: nothing is lost or done twice when server and database are killed below the workers."""

from __future__ import annotations

import gc
import warnings
from collections import Counter
from collections.abc import Callable
from dataclasses import replace

import pytest
from tests.torture.drain import Outcome, Plan, torture
from tests.torture.installation import Kill
from tests.torture.journal import Said
from tests.torture.record import Record, find_violations

pytestmark = pytest.mark.journey

PLAN = Plan(files=250, workers=24, kills=len(Kill) - 1, seed=7, worker_timeout_seconds=2, limit_seconds=150)
"""With the one that every run ends with, each kind of kill happens once."""


@pytest.fixture(scope="module")
async def outcome(tmp_path_factory: pytest.TempPathFactory) -> Outcome:
    """One small run, for all tests that look at it."""
    said: list[str] = []
    outcome = await torture(PLAN, tmp_path_factory.mktemp("torture"), tell=said.append)
    with warnings.catch_warnings():
        # Workers that crash leave their connections open, as processes do that die.
        warnings.simplefilter("ignore", ResourceWarning)
        gc.collect()
    assert len(said) == PLAN.kills + 1
    return outcome


def test_no_file_is_lost_or_done_twice_whatever_is_killed(outcome: Outcome) -> None:
    assert outcome.violations == []
    assert set(outcome.kills) == set(Kill)
    assert outcome.crashed_workers
    assert outcome.journal.refused, "some reports came late or were not the worker's to make"


def forget_an_attempt(record: Record) -> Record:
    return replace(record, attempts=dict(list(record.attempts.items())[1:]))


def forget_an_outcome(record: Record) -> Record:
    (attempt_id, row), *others = record.attempts.items()
    return replace(record, attempts={attempt_id: {**row, "outcome": "timed_out"}, **dict(others)})


def give_to_another(record: Record) -> Record:
    (attempt_id, row), *others = record.attempts.items()
    return replace(record, attempts={attempt_id: {**row, "worker_id": "nobody"}, **dict(others)})


def do_again(record: Record) -> Record:
    row = next(row for row in record.attempts.values() if row["outcome"] == "done")
    return replace(record, attempts={**record.attempts, 10**9: {**row, "id": 10**9}})


def open_a_file(record: Record) -> Record:
    first, *others = record.handles
    return replace(record, handles=[{**first, "state": "initial"}, *others])


@pytest.mark.parametrize(
    "tamper",
    [
        forget_an_attempt,
        forget_an_outcome,
        give_to_another,
        do_again,
        open_a_file,
        lambda record: replace(record, handles=record.handles[1:]),
        lambda record: replace(record, project={**record.project, "done_count": 249, "reserved_count": 1}),
        lambda record: replace(record, project={**record.project, "state": "active"}),
        lambda record: replace(record, shares=[{**record.shares[0], "unlocated_count": 1}]),
        lambda record: replace(record, left_over={**record.left_over, "leases": 1}),
        lambda record: replace(record, released=record.released + Counter(list(record.released)[:1])),
        lambda record: replace(record, late=Counter()),
    ],
)
def test_a_record_that_is_wrong_is_found_out(outcome: Outcome, tamper: Callable[[Record], Record]) -> None:
    found = find_violations(tamper(outcome.record), outcome.journal, files=PLAN.files)
    assert set(found) - set(outcome.violations)


def test_an_acknowledgement_without_a_record_is_found_out(outcome: Outcome) -> None:
    journal = replace(outcome.journal, accepted=outcome.journal.accepted | {Said(10**9, "worker", "done")})
    [violation] = set(find_violations(outcome.record, journal, files=PLAN.files)) - set(outcome.violations)
    assert "was acknowledged, but the record has None" in violation
