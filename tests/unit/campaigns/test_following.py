"""What follows the end of a submission, decided from counts."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sutler.campaigns import BatchStatus, RecoveryMode, RecoveryType
from sutler.campaigns.rules import patterns
from sutler.campaigns.rules.following import (
    Decision,
    Entry,
    Family,
    MadeRecovery,
    Measure,
    Recover,
    StartDependants,
    Stop,
    decide_following,
)
from sutler.dispatch.model import Counts

LIST = (
    Entry(RecoveryType.STATE_FAILED),
    Entry(RecoveryType.STATE_NOT_DONE),
    Entry(RecoveryType.REPROCESS_ORPHANS),
)
FAMILY = Family(7, "first", Counts(10, 0, 0, 0, 5, 5), 95, entries=LIST)
AGGRESSIVE = replace(FAMILY, mode=RecoveryMode.AGGRESSIVE)


def decide(family: Family, *sizes: int) -> Decision:
    return decide_following(family, dict(enumerate(sizes)))


def made(*places: tuple[int, int]) -> tuple[MadeRecovery, ...]:
    return tuple(MadeRecovery(position, done) for position, done in places)


@pytest.mark.row(90)
def test_recoveries_come_in_list_order() -> None:
    assert decide(FAMILY) == Measure(0)
    assert decide(FAMILY, 5, 5, 5) == Recover(0, "recovery state_failed of 5 files")
    assert decide(replace(FAMILY, made=made((0, 5))), 5, 5, 5) == Recover(1, "recovery state_not_done of 5 files")


@pytest.mark.row(90)
def test_an_entry_without_files_is_passed_by_and_named() -> None:
    decision = decide(FAMILY, 0, 4)
    assert decision == Recover(1, "recovery state_not_done of 4 files; without files: state_failed")


@pytest.mark.row(95)
def test_the_standard_mode_makes_two_at_most() -> None:
    after_two = replace(FAMILY, made=made((0, 5), (1, 5)))
    assert isinstance(decide(after_two, 1, 1, 1), Stop)
    assert isinstance(decide(replace(after_two, recovery_limit=3), 1, 1, 1), Recover)
    assert isinstance(decide(replace(FAMILY, recovery_limit=0), 1, 1, 1), Stop)


@pytest.mark.row(95)
def test_the_aggressive_mode_goes_round_until_enough_is_done() -> None:
    round_over = replace(AGGRESSIVE, made=made((1, 1), (2, 3)))
    assert decide(round_over, 2, 2, 2) == Recover(0, "recovery state_failed of 2 files")
    enough = replace(round_over, counts=Counts(10, 0, 0, 0, 10, 0))
    assert isinstance(decide(enough, 2, 2, 2), StartDependants)


@pytest.mark.row(95)
def test_the_aggressive_mode_gives_up_when_nothing_helps() -> None:
    assert isinstance(decide(replace(AGGRESSIVE, made=made((0, 5))), 2, 2, 2), Recover)
    assert isinstance(decide(replace(AGGRESSIVE, made=made((0, 5), (1, 5))), 2, 2, 2), Stop)


@pytest.mark.row(95)
def test_the_aggressive_mode_has_a_limit() -> None:
    tries = tuple(MadeRecovery(number % 3, number) for number in range(10))
    assert isinstance(decide(replace(AGGRESSIVE, counts=Counts(99, 0, 0, 0, 10, 89), made=tries), 1, 1, 1), Stop)


@pytest.mark.row(97)
def test_too_few_done_files_stop_the_flow_with_the_numbers() -> None:
    decision = decide(replace(FAMILY, entries=()))
    assert decision == Stop("only 5 of 10 files of submission 7 are done, and stage first asks for 95 %")


@pytest.mark.row(89)
def test_somebody_may_say_that_it_is_enough() -> None:
    assert isinstance(decide(replace(FAMILY, entries=(), is_forced=True)), StartDependants)


@pytest.mark.row(90)
def test_failed_jobs_get_their_recoveries() -> None:
    assert isinstance(decide(replace(FAMILY, batch_status=BatchStatus.FAILED), 5), Recover)


@pytest.mark.row(83)
@pytest.mark.parametrize("word", [BatchStatus.CANCELLED, BatchStatus.REMOVED])
def test_nothing_follows_what_was_called_off(word: BatchStatus) -> None:
    assert isinstance(decide(replace(FAMILY, batch_status=word), 5, 5, 5), Stop)


@pytest.mark.row(97)
def test_nothing_follows_while_a_recovery_goes_on() -> None:
    decision = decide(replace(FAMILY, open_ids=(9,)), 5)
    assert decision == Stop("what follows is decided when submission 9 has ended", is_waiting=True)


@given(
    st.lists(st.integers(0, 3), min_size=3, max_size=3),
    st.integers(0, 10),
    st.sampled_from(RecoveryMode),
    st.integers(0, 12),
)
@pytest.mark.row(95)
def test_every_flow_comes_to_an_end(sizes: list[int], done: int, mode: RecoveryMode, gain: int) -> None:
    family = replace(FAMILY, mode=mode, counts=Counts(10, 0, 0, 0, done, 10 - done))
    for _ in range(11):
        decision = decide(family, *sizes)
        if not isinstance(decision, Recover):
            assert isinstance(decision, StartDependants | Stop)
            return
        assert family.counts is not None
        before = family.counts.done_count
        done = min(10, before + gain)
        family = replace(
            family,
            made=(*family.made, MadeRecovery(decision.position, before)),
            counts=Counts(10, 0, 0, 0, done, 10 - done),
        )
    raise AssertionError("it goes on for ever")


@pytest.mark.row(99)
@pytest.mark.parametrize(
    ("name", "pattern", "is_match"),
    [
        ("a.root", "%.root", True),
        ("a.root", "_.root", True),
        ("aa.root", "_.root", False),
        ("a.root", r"a\_root", False),
    ],
)
def test_like_is_read_as_the_database_reads_it(name: str, pattern: str, is_match: bool) -> None:
    assert patterns.matches_like(name, pattern) is is_match


@pytest.mark.parametrize(
    ("glob", "regex"), [("out.*", r"^out\..*$"), ("a?[!b]c", "^a.[^b]c$"), ("a[b", r"^a\[b$"), ("a+b", r"^a\+b$")]
)
def test_patterns_of_the_shell_become_regular_expressions(glob: str, regex: str) -> None:
    assert patterns.read_glob(glob) == regex
