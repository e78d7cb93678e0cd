"""What is let in."""

from __future__ import annotations

from datetime import timedelta
from uuid import uuid4

import pytest

from sutler.dispatch.errors import EmptyProjectError, InvalidProjectError, InvalidReportError, InvalidWishError
from sutler.dispatch.model import AttemptPlace, NewHandle, NewProject, Outcome, Output, Report, Wish
from sutler.dispatch.rules import checks


def test_a_file_that_is_named_twice_is_one_handle() -> None:
    first, other = NewHandle("a", "x", size_bytes=1), NewHandle("b", "x")
    assert checks.check_project(NewProject(1, (first, other, NewHandle("a", "x")))) == [first, other]


def test_a_project_without_files_is_refused() -> None:
    with pytest.raises(EmptyProjectError):
        checks.check_project(NewProject(1, ()))


@pytest.mark.parametrize(
    "handle", [NewHandle("", "x"), NewHandle("a", ""), NewHandle("a", "\0"), NewHandle("a", "x" * 1025)]
)
def test_a_name_that_cannot_be_stored_is_refused(handle: NewHandle) -> None:
    with pytest.raises(InvalidProjectError) as caught:
        checks.check_project(NewProject(1, (NewHandle("a", "fine"), handle)))
    assert [problem.where for problem in caught.value.problems] == ["file 2"]


def test_a_name_is_measured_in_bytes_as_the_index_measures_it() -> None:
    longest = NewHandle("\N{SNOWMAN}" * 341, "\N{SNOWMAN}" * 341)
    assert checks.check_project(NewProject(1, (longest,))) == [longest]
    for handle in (NewHandle("a", "\N{SNOWMAN}" * 342), NewHandle("\N{SNOWMAN}" * 342, "x")):
        with pytest.raises(InvalidProjectError, match=r"must have 1 to 1024 characters \(bytes in UTF-8\)"):
            checks.check_project(NewProject(1, (handle,)))


def test_of_many_problems_only_the_first_are_named() -> None:
    with pytest.raises(InvalidProjectError) as caught:
        checks.check_project(NewProject(1, tuple(NewHandle("", str(number)) for number in range(500))))
    assert len(caught.value.problems) == checks.SHOWN_PROBLEMS


def test_limits_must_leave_room_for_something() -> None:
    new = NewProject(
        1, (NewHandle("a", "x"),), max_attempts=0, worker_timeout=timedelta(0), idle_timeout=timedelta(seconds=-1)
    )
    with pytest.raises(InvalidProjectError) as caught:
        checks.check_project(new)
    assert [problem.where for problem in caught.value.problems] == ["max_attempts", "worker_timeout", "idle_timeout"]


@pytest.mark.parametrize("count", [0, -1, 1001])
def test_a_wish_has_a_sensible_count(count: int) -> None:
    with pytest.raises(InvalidWishError):
        checks.check_wish(Wish("w", uuid4(), count=count))
    checks.check_wish(Wish("w", uuid4(), count=1000))


def test_a_report_is_about_leases_each_once_and_outputs_belong_to_done() -> None:
    checks.check_report(Report("w", (1, 2), Outcome.FAILED))
    output = Output("a", "x", 1, {})
    for bad in (
        Report("w", (), Outcome.DONE),
        Report("w", (1, 1), Outcome.DONE),
        Report("w", (1,), Outcome.RESTARTED),
        Report("w", (1,), Outcome.FAILED, outputs=(output,)),
    ):
        with pytest.raises(InvalidReportError):
            checks.check_report(bad)


def test_a_report_is_about_one_project() -> None:
    place = AttemptPlace(attempt_id=7, attempt=1, project_id=1)
    checks.check_same_project([place, AttemptPlace(8, 2, 1)])
    with pytest.raises(InvalidReportError) as caught:
        checks.check_same_project([place, AttemptPlace(9, 1, 2)])
    assert caught.value.sentence == "attempt_ids: belong to projects 1 and 2: report each by itself"


@pytest.mark.parametrize("value", [float("nan"), object(), "nul\0", "half \ud800"])
def test_attributes_and_measures_must_be_json_that_can_be_stored(value: object) -> None:
    with pytest.raises(InvalidProjectError):
        checks.check_project(NewProject(1, (NewHandle("a", "x"),), attributes={"k": value}))
    with pytest.raises(InvalidProjectError):
        checks.check_project(NewProject(1, (NewHandle("a", "x", attributes={"k": value}),)))
    with pytest.raises(InvalidReportError):
        checks.check_report(Report("w", (1,), Outcome.DONE, measures={"k": value}))


def nest(levels: int, *, in_objects: bool = False) -> dict[str, object]:
    """Return an object in which, itself counted, so many stand in one another."""
    value: object = "deep"
    for _ in range(levels - 1):
        value = {"in": value} if in_objects else [value]
    return {"k": value, "braces": "[{" * 200}


@pytest.mark.parametrize("in_objects", [False, True])
def test_attributes_and_measures_are_nested_a_hundred_levels_deep_at_most(in_objects: bool) -> None:
    fine = nest(100, in_objects=in_objects)
    checks.check_attributes(fine, "attributes")
    checks.check_report(Report("w", (1,), Outcome.DONE, measures=fine))
    for levels in (101, 5_000):
        deep, sentence = nest(levels, in_objects=in_objects), "are nested more than 100 levels deep"
        with pytest.raises(InvalidProjectError, match=sentence):
            checks.check_attributes(deep, "attributes")
        with pytest.raises(InvalidProjectError, match=sentence):
            checks.check_project(NewProject(1, (NewHandle("a", "x"),), attributes=deep))
        with pytest.raises(InvalidProjectError, match=sentence):
            checks.check_project(NewProject(1, (NewHandle("a", "x", attributes=deep),)))
        with pytest.raises(InvalidReportError, match=sentence):
            checks.check_report(Report("w", (1,), Outcome.DONE, measures=deep))


def test_the_end_of_a_log_is_kept_whatever_is_in_it() -> None:
    tail = checks.cut_log_tail("x" * 100_000 + "\0\ud800end")
    assert len(tail) == checks.LONGEST_LOG_TAIL
    assert tail.endswith("x\N{REPLACEMENT CHARACTER}?end")


@pytest.mark.parametrize("lease_for", [timedelta(0), timedelta(days=4000)])
def test_a_lease_has_a_sensible_length(lease_for: timedelta) -> None:
    with pytest.raises(InvalidWishError):
        checks.check_wish(Wish("w", uuid4(), lease_for=lease_for))
