"""When schedules are due, also where clocks change; what passed; whose turn it is; requests that are kept."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

from sutler.base.errors import InvalidInputError
from sutler.campaigns.model import (
    Cause,
    ChosenProject,
    ChosenQuery,
    LaunchRequest,
    NewSchedule,
    Overlap,
    RunState,
    Schedule,
)
from sutler.campaigns.rules.requests import decode_request, encode_request
from sutler.campaigns.rules.schedules import (
    COUNTED_AT_MOST,
    Turn,
    check_schedule,
    decide_turn,
    find_next_due,
    list_next_due,
    name_run,
    plan_runs,
)

NOW = datetime(2026, 3, 1, 12, 0, 30, 500, tzinfo=UTC)  # a Sunday
BERLIN = "Europe/Berlin"


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def a_schedule(cron: str, next_due_at: datetime, *, overlap: Overlap = Overlap.SKIP, zone: str = "UTC") -> Schedule:
    return Schedule(
        id=7,
        experiment_id=1,
        stage_id=3,
        stage="s",
        campaign_id=2,
        campaign="c",
        cron=cron,
        time_zone=zone,
        overlap=overlap,
        is_active=True,
        reason="",
        next_due_at=next_due_at,
        saved_by=1,
        username="pia",
        saved_at=NOW,
    )


@pytest.mark.row(56)
@pytest.mark.parametrize(
    ("cron", "expected"),
    [
        ("* * * * *", ["2026-03-01T12:01", "2026-03-01T12:02"]),
        ("*/20 * * * *", ["2026-03-01T12:20", "2026-03-01T12:40"]),
        ("5,35 6,18 * * *", ["2026-03-01T18:05", "2026-03-01T18:35"]),
        ("0 */6 * * *", ["2026-03-01T18:00", "2026-03-02T00:00"]),
        ("30 4 1,15 * *", ["2026-03-15T04:30", "2026-04-01T04:30"]),
        ("0 3 * * 1-5", ["2026-03-02T03:00", "2026-03-03T03:00"]),
        ("0 3 * * SUN", ["2026-03-08T03:00", "2026-03-15T03:00"]),
        ("0 3 * * 7", ["2026-03-08T03:00", "2026-03-15T03:00"]),
        ("0 0 L * *", ["2026-03-31T00:00", "2026-04-30T00:00"]),
        ("0 0 29 2 *", ["2028-02-29T00:00", "2032-02-29T00:00"]),
        ("0 0 10 * 5", ["2026-03-06T00:00", "2026-03-10T00:00"]),
    ],
)
def test_the_next_times_follow_the_five_fields(cron: str, expected: list[str]) -> None:
    assert list_next_due(cron, "UTC", after=NOW, count=2) == [at(text) for text in expected]


@pytest.mark.row(56)
def test_times_are_those_of_the_zone_and_follow_its_summer_time() -> None:
    noon = list_next_due("0 12 * * *", BERLIN, after=at("2026-03-28T00:00"), count=2)
    assert noon == [at("2026-03-28T11:00"), at("2026-03-29T10:00")]
    assert list_next_due("0 12 * * *", "America/Chicago", after=NOW, count=1) == [at("2026-03-01T18:00")]


@pytest.mark.row(56)
def test_what_falls_into_the_hour_that_is_left_out_is_due_once_right_after_it() -> None:
    for cron in ("30 2 * * *", "0,15,30 2 * * *"):
        due = list_next_due(cron, BERLIN, after=at("2026-03-28T12:00"), count=2)
        assert due[0] == at("2026-03-29T01:00"), "03:00 of summer time"
        assert due[1].date() == at("2026-03-30T00:00").date()


@pytest.mark.row(56)
def test_what_falls_into_the_hour_that_comes_twice_is_due_once() -> None:
    due = list_next_due("30 2 * * *", BERLIN, after=at("2026-10-24T12:00"), count=2)
    assert due == [at("2026-10-25T00:30"), at("2026-10-26T01:30")]
    in_the_second_pass = at("2026-10-25T01:10")
    assert find_next_due("30 2 * * *", BERLIN, after=in_the_second_pass) == at("2026-10-26T01:30")


def test_every_few_minutes_means_real_minutes_when_clocks_change() -> None:
    for start in ("2026-03-29T00:00", "2026-10-25T00:00"):
        due = list_next_due("*/30 * * * *", BERLIN, after=at(start), count=6)
        assert [later - earlier for earlier, later in pairwise(due)] == [timedelta(minutes=30)] * 5


@pytest.mark.parametrize("zone", [BERLIN, "America/Havana", "Australia/Lord_Howe", "Asia/Beirut", "UTC"])
@pytest.mark.parametrize("cron", ["*/7 * * * *", "0 0 * * *", "30 0-3 * * *", "15 */2 * * *", "59 23 * * SUN"])
def test_times_only_go_forward_and_do_not_depend_on_where_one_starts(cron: str, zone: str) -> None:
    after, seen = at("2026-01-01T00:00"), []
    for _ in range(60):
        due = find_next_due(cron, zone, after=after)
        assert due is not None
        assert due > after
        seen.append(due)
        after = due + timedelta(days=3)
    for due in seen:
        assert find_next_due(cron, zone, after=due - timedelta(seconds=1)) == due


@pytest.mark.row(56)
@pytest.mark.parametrize(
    ("cron", "zone", "says"),
    [
        ("* * * *", "UTC", "cron: must have five fields"),
        ("0 * * * * *", "UTC", "cron: must have five fields"),
        ("", "UTC", "cron: must have five fields"),
        ("*" + " " * 200 + "* * * *", "UTC", "at most 100 characters"),
        ("60 * * * *", "UTC", "'60' is no minute: give 0 to 59"),
        ("* 24 * * *", "UTC", "'24' is no hour"),
        ("* * 0 * *", "UTC", "'0' is no day of month"),
        ("* * * 13 *", "UTC", "'13' is no month"),
        ("* * * * FOO", "UTC", "'FOO' is no day of week"),
        ("5-1 * * * *", "UTC", "'5-1' is no minute"),
        ("*/0 * * * *", "UTC", "'*/0' is no minute"),
        ("٣ * * * *", "UTC", "is no minute"),
        ("0 0 30 2 *", "UTC", "is never due: there is no such day"),
        ("0 0 31 4,6 *", "UTC", "is never due"),
        ("0 0 * * *", "Europe/Atlantis", "'Europe/Atlantis' is no time zone"),
        ("0 0 * * *", "Europe", "is no time zone"),
        ("0 0 * * *", "../../etc/passwd", "is no time zone"),
        ("0 0 * * *", "", "is no time zone"),
        ("0 0 * * *", "UTC\0", "is no time zone"),
    ],
)
def test_what_cannot_be_read_is_refused_with_the_field_and_what_may_stand_there(
    cron: str, zone: str, says: str
) -> None:
    with pytest.raises(InvalidInputError) as refused:
        check_schedule(NewSchedule(cron, zone), now=NOW)
    assert says in refused.value.sentence


def test_everything_that_is_wrong_is_told_at_once() -> None:
    with pytest.raises(InvalidInputError) as refused:
        check_schedule(NewSchedule("61 25 * * *", "Nowhere"), now=NOW)
    assert [problem.where for problem in refused.value.problems] == ["cron", "cron", "time_zone"]


@pytest.mark.parametrize("count", [0, 101])
def test_a_preview_has_a_sensible_length(count: int) -> None:
    with pytest.raises(InvalidInputError, match="between 1 and 100"):
        list_next_due("* * * * *", "UTC", after=NOW, count=count)


@pytest.mark.row(56)
def test_a_time_that_just_passed_is_one_run() -> None:
    plan = plan_runs(a_schedule("0 * * * *", at("2026-03-01T12:00")), now=NOW, has_open_run=False)
    assert [(run.due_at, run.state) for run in plan.runs] == [(at("2026-03-01T12:00"), RunState.DUE)]
    assert plan.next_due_at == at("2026-03-01T13:00")


@pytest.mark.row(56)
def test_times_that_passed_while_nobody_looked_are_one_run_and_one_that_was_missed() -> None:
    plan = plan_runs(a_schedule("0 * * * *", at("2026-03-01T08:00")), now=NOW, has_open_run=False)
    missed, run = plan.runs
    assert (run.due_at, run.state) == (at("2026-03-01T12:00"), RunState.DUE)
    assert (missed.due_at, missed.state) == (at("2026-03-01T08:00"), RunState.MISSED)
    assert missed.reason == (
        "4 times from 2026-03-01 08:00 UTC on passed while nothing was launched; "
        "the newest, 2026-03-01 12:00 UTC, counts for all"
    )
    assert plan.next_due_at == at("2026-03-01T13:00")


@pytest.mark.parametrize("zone", ["UTC", BERLIN])
def test_a_year_of_minutes_that_passed_is_not_counted_to_its_end(zone: str) -> None:
    plan = plan_runs(a_schedule("* * * * *", at("2025-03-01T00:00"), zone=zone), now=NOW, has_open_run=False)
    missed, run = plan.runs
    assert run.due_at == at("2026-03-01T12:00")
    assert missed.reason.startswith(f"more than {COUNTED_AT_MOST} times ")
    assert plan.next_due_at == at("2026-03-01T12:01")


@pytest.mark.parametrize("passed", [COUNTED_AT_MOST - 1, COUNTED_AT_MOST, COUNTED_AT_MOST + 1])
def test_the_count_of_times_that_passed_is_right_where_counting_ends(passed: int) -> None:
    first = at("2026-03-01T12:00") - timedelta(minutes=passed)
    missed, run = plan_runs(a_schedule("* * * * *", first), now=NOW, has_open_run=False).runs
    assert run.due_at == at("2026-03-01T12:00")
    expected = f"{passed} times" if passed <= COUNTED_AT_MOST else f"more than {COUNTED_AT_MOST} times"
    assert missed.reason.startswith(expected)


@pytest.mark.parametrize(
    ("overlap", "state"),
    [(Overlap.SKIP, RunState.SKIPPED), (Overlap.QUEUE, RunState.SKIPPED), (Overlap.ALLOW, RunState.DUE)],
)
def test_while_an_earlier_run_waits_a_later_one_is_skipped_unless_overlaps_are_allowed(
    overlap: Overlap, state: RunState
) -> None:
    plan = plan_runs(a_schedule("0 * * * *", at("2026-03-01T12:00"), overlap=overlap), now=NOW, has_open_run=True)
    assert [run.state for run in plan.runs] == [state]


def test_a_schedule_whose_zone_is_gone_cannot_be_planned() -> None:
    with pytest.raises(InvalidInputError):
        plan_runs(a_schedule("0 * * * *", NOW, zone="Gone/Zone"), now=NOW, has_open_run=False)


@pytest.mark.row(56)
def test_the_rule_for_overlaps_matters_only_while_something_runs() -> None:
    assert {decide_turn(overlap, is_busy=False) for overlap in Overlap} == {Turn.LAUNCH}
    assert decide_turn(Overlap.SKIP, is_busy=True) is Turn.SKIP
    assert decide_turn(Overlap.QUEUE, is_busy=True) is Turn.WAIT
    assert decide_turn(Overlap.ALLOW, is_busy=True) is Turn.LAUNCH


def test_the_key_of_a_run_names_its_schedule_and_its_time_in_utc() -> None:
    assert name_run(schedule_id=7, due_at=at("2026-03-01T12:00")) == "schedule/7/2026-03-01T12:00:00Z"


@pytest.mark.parametrize(
    "request_kept",
    [
        LaunchRequest(3, "k"),
        LaunchRequest(3, "k", is_test=True, data=ChosenQuery("files from a:b"), parameter_overrides=(("-n", "1"),)),
        LaunchRequest(3, "k", data=ChosenProject(9), cause=Cause.SCHEDULE, schedule_id=5),
    ],
)
def test_a_request_that_was_kept_comes_back_as_it_was(request_kept: LaunchRequest) -> None:
    assert decode_request(encode_request(request_kept)) == request_kept
    assert replace(request_kept, key="other") != decode_request(encode_request(request_kept))
