"""What the split types of files say of the next slice."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from sutler.campaigns.errors import SplitTypeError
from sutler.campaigns.splits import (
    ByEvents,
    ByExistingRuns,
    ByRun,
    BySize,
    ByTime,
    Cut,
    DoneFiles,
    Draining,
    DrainingN,
    Ended,
    Facts,
    JobData,
    LimitN,
    Mod,
    NFiles,
    QueriedFiles,
    SplitType,
    StagedFiles,
    WhenEmpty,
    Whole,
)
from sutler.catalog.model import Budget, GroupBy, Measure, Part, ValueWithin

BASE = "files from prod:raw"
FILES = QueriedFiles(BASE)
FACTS = Facts(now=datetime(2026, 3, 1, 12, 0, tzinfo=UTC))


def cut(split: SplitType, base: str = BASE, facts: Facts = FACTS, **position: object) -> Cut:
    """The next slice, which there is."""
    found = split.cut(base, position, facts)
    assert isinstance(found, Cut)
    return found


def test_no_split_is_all_files_each_time_and_never_ends() -> None:
    assert cut(Whole()) == Cut(
        FILES, uses_ledger=False, when_empty=WhenEmpty.WAIT, when_empty_reason="the query has no file"
    )


@pytest.mark.row(72, 77)
@pytest.mark.parametrize("split", [NFiles(3), DrainingN(3)])
def test_n_files_are_those_that_the_ledger_does_not_have(split: SplitType) -> None:
    assert cut(split) == Cut(FILES, uses_ledger=True, limit=3)
    assert split.uses_ledger


@pytest.mark.row(73)
def test_limitn_is_the_first_files_without_a_ledger() -> None:
    assert cut(LimitN(3)) == Cut(FILES, uses_ledger=False, limit=3)
    assert not LimitN.uses_ledger


@pytest.mark.row(71)
def test_draining_hands_the_query_to_the_jobs() -> None:
    assert cut(Draining()) == Cut(JobData(BASE, is_query=True), uses_ledger=False)


@pytest.mark.row(69)
def test_byrun_takes_the_lowest_run_left_with_both_ends_included() -> None:
    slice_ = cut(ByRun(3, 5))
    assert slice_.filters == (ValueWithin("core.run_number", 3, 5),)
    assert slice_.group_by == GroupBy("core.run_number", is_ascending=True)
    assert slice_.uses_ledger
    assert slice_.when_empty_reason == "the query has no further file of the runs 3 to 5"


@pytest.mark.row(70)
def test_byexistingruns_takes_the_run_of_the_first_file_left() -> None:
    slice_ = cut(ByExistingRuns())
    assert slice_ == Cut(
        FILES,
        uses_ledger=True,
        group_by=GroupBy("core.runs"),
        when_empty_reason="the query has no further file that has a run",
    )


def test_budgets_count_bytes_or_events() -> None:
    assert cut(BySize(500)) == Cut(FILES, uses_ledger=True, budget=Budget(Measure.BYTES, 500))
    assert cut(ByEvents(70)) == Cut(FILES, uses_ledger=True, budget=Budget(Measure.EVENTS, 70))


@pytest.mark.parametrize(
    ("seconds_per_file", "limit", "note"),
    [
        (None, 4, "no file of the stage is done yet"),
        (60.0, 60, "a file takes 60 s"),
        (61.0, 59, "a file takes 61 s"),
        (3600.0, 1, "a file takes 3.6e+03 s"),
        (7200.0, 1, "a file takes 7.2e+03 s"),
        (0.0, 3_600_000, "a file takes 0 s"),
    ],
)
def test_bytime_takes_as_many_files_as_fit_and_at_least_one(
    seconds_per_file: float | None, limit: int, note: str
) -> None:
    slice_ = cut(ByTime(timedelta(hours=1), first=4), facts=Facts(FACTS.now, seconds_per_file))
    assert slice_ == Cut(FILES, uses_ledger=True, limit=limit, note=note)


@pytest.mark.row(75)
def test_mod_gives_its_parts_one_by_one_and_ends() -> None:
    first, second = cut(Mod(2)), cut(Mod(2), part=1)
    assert (first.part, first.then, first.note) == (Part(0, 2), {"part": 1}, "part 1 of 2")
    assert (second.part, second.then, second.note) == (Part(1, 2), {"part": 2}, "part 2 of 2")
    assert (second.when_empty, second.when_empty_reason) == (WhenEmpty.ENDED, "part 2 of 2 has no file")
    assert first.uses_ledger
    assert Mod(2).cut(BASE, {"part": 2}, FACTS) == Ended("all 2 parts were given out")


@pytest.mark.row(78)
def test_stagedfiles_takes_what_a_project_has_done_and_waits_for_more() -> None:
    assert cut(StagedFiles(5), " 42 ") == Cut(
        DoneFiles(42),
        uses_ledger=True,
        limit=5,
        when_empty=WhenEmpty.WAIT,
        when_empty_reason="project 42 has done no further file yet",
    )


@pytest.mark.row(78)
@pytest.mark.parametrize("base", ["", "files from prod:raw", "0", "-3", "4.5"])
def test_stagedfiles_needs_the_number_of_a_project(base: str) -> None:
    for ask in (StagedFiles(5).check_base, StagedFiles(5).list_queries, lambda base: cut(StagedFiles(5), base)):
        with pytest.raises(SplitTypeError, match=r"stagedfiles\(5\) needs the number of a project instead of a query"):
            ask(base)
    assert StagedFiles(5).list_queries("42") == ()


def test_a_split_of_files_needs_a_query_and_no_split_does_not() -> None:
    with pytest.raises(SplitTypeError, match=r"nfiles\(3\) needs a query to work on, and there is none\."):
        NFiles(3).check_base(" ")
    with pytest.raises(SplitTypeError):
        NFiles(3).list_queries("")
    NFiles(3).check_base(BASE)
    Whole().check_base("")
    assert NFiles(3).list_queries(BASE) == Whole().list_queries(BASE) == (BASE,)
    assert Whole().list_queries(" ") == ()


def test_the_old_interface_says_how_many_files_a_slice_has() -> None:
    limits = [split.slice_limit for split in (NFiles(3), DrainingN(4), Whole())]
    assert limits == [3, 4, None]
