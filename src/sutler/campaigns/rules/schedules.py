"""When a stage is launched by itself: five fields of cron in a time zone, what passed, and whose turn it is.

Times at a fixed hour behave as those of Debian's cron when the clocks change: what falls into the hour that is left
out is due right after it, what falls into the hour that comes twice is due once. Where minutes or hours begin with `*`,
real time counts.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import Enum, auto
from itertools import islice
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from cronsim import CronSim, CronSimError

from sutler.base.errors import InvalidInputError, Problem
from sutler.campaigns.model import NewSchedule, Overlap, RunState, Schedule

LONGEST_CRON = 100
MOST_PREVIEWED = 100
COUNTED_AT_MOST = 100
"""How many times that passed are counted one by one; beyond it is said that there were more."""

_FIELDS = (
    ("minute", "0 to 59"),
    ("hour", "0 to 23"),
    ("day of month", "1 to 31, or L for the last"),
    ("month", "1 to 12, or JAN to DEC"),
    ("day of week", "0 to 7 with Sunday as 0 and 7, or SUN to SAT"),
)
_LONGEST_SHIFT = timedelta(hours=3)
"""Longer than clocks are ever put forward or back at once."""


class Turn(Enum):
    """What a schedule that is due does."""

    LAUNCH = auto()
    WAIT = auto()
    SKIP = auto()


@dataclass(frozen=True)
class PlannedRun:
    """A run to write down for one time that a schedule was due."""

    due_at: datetime
    state: RunState
    reason: str = ""


@dataclass(frozen=True)
class RunPlan:
    """What to write down for a schedule that is due, and when it is due next; None for never again."""

    runs: tuple[PlannedRun, ...]
    next_due_at: datetime | None


def check_schedule(new: NewSchedule, *, now: datetime) -> datetime:
    """Return when the schedule is due first. Raises InvalidInputError with everything that is wrong with it."""
    problems = [*_check_cron(new.cron), *_check_zone(new.time_zone)]
    if problems:
        raise InvalidInputError(problems)
    first = find_next_due(new.cron, new.time_zone, after=now)
    if first is None:
        raise InvalidInputError([_never(new.cron)])
    return first


def list_next_due(cron: str, time_zone: str, *, after: datetime, count: int) -> list[datetime]:
    """Return the next times after an instant, at most `count`, in UTC. Raises InvalidInputError."""
    if not 1 <= count <= MOST_PREVIEWED:
        raise InvalidInputError([Problem("count", f"must be between 1 and {MOST_PREVIEWED}, not {count}")])
    check_schedule(NewSchedule(cron, time_zone), now=after)
    return list(islice(_iterate(cron, time_zone, after), count))


def find_next_due(cron: str, time_zone: str, *, after: datetime) -> datetime | None:
    """Return the first time after an instant, in UTC; None if there is none for 50 years. Raises InvalidInputError."""
    return next(_iterate(cron, time_zone, after), None)


def plan_runs(schedule: Schedule, *, now: datetime, has_open_run: bool) -> RunPlan:
    """Decide what to write down for a schedule that is due.

    The newest time that passed is run; those before it, while nobody looked, become one run that was missed. While an
    earlier run is open, a rule that does not allow overlaps skips this one. Raises InvalidInputError when the schedule
    cannot be read any more.
    """
    assert schedule.next_due_at is not None
    passed = _find_passed(schedule, schedule.next_due_at, now)
    runs = [] if passed.earlier_count == 0 else [_explain_missed(schedule.next_due_at, passed)]
    if has_open_run and schedule.overlap is not Overlap.ALLOW:
        reason = "an earlier run of this schedule still waits"
        runs.append(PlannedRun(passed.newest, RunState.SKIPPED, reason))
    else:
        runs.append(PlannedRun(passed.newest, RunState.DUE))
    return RunPlan(tuple(runs), find_next_due(schedule.cron, schedule.time_zone, after=now))


def decide_turn(overlap: Overlap, *, is_busy: bool) -> Turn:
    """Decide what a run does, where busy means that an earlier launch of the stage is not over."""
    if not is_busy or overlap is Overlap.ALLOW:
        return Turn.LAUNCH
    return Turn.WAIT if overlap is Overlap.QUEUE else Turn.SKIP


def name_run(*, schedule_id: int, due_at: datetime) -> str:
    """Return the launch key of a run, which makes it one launch."""
    return f"schedule/{schedule_id}/{due_at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


@dataclass(frozen=True)
class _Passed:
    newest: datetime
    earlier_count: int
    is_more: bool


def _iterate(cron: str, time_zone: str, after: datetime) -> Iterator[datetime]:
    last = after
    for found in _simulate(cron, time_zone, after):
        due_at = found.astimezone(UTC)
        # Without this, what is due in the hour that comes twice would come again in its second pass.
        if due_at > last:
            last = due_at
            yield due_at


def _simulate(cron: str, time_zone: str, at: datetime, *, is_backwards: bool = False) -> CronSim:
    problems = [*_check_cron(cron), *_check_zone(time_zone)]
    if problems:
        raise InvalidInputError(problems)
    try:
        return CronSim(cron, at.astimezone(ZoneInfo(time_zone)), reverse=is_backwards)
    except CronSimError:
        raise InvalidInputError([_never(cron)]) from None


def _find_passed(schedule: Schedule, first: datetime, now: datetime) -> _Passed:
    """Find the newest time up to now, and count those before it from the first on."""
    newest, earlier_count = first, 0
    for due_at in islice(_iterate(schedule.cron, schedule.time_zone, first), COUNTED_AT_MOST):
        if due_at > now:
            return _Passed(newest, earlier_count, is_more=False)
        newest, earlier_count = due_at, earlier_count + 1
    counted_last = newest
    if earlier_count == COUNTED_AT_MOST:
        newest = _find_newest(schedule, newest, now)
    return _Passed(newest, earlier_count, is_more=newest > counted_last)


def _find_newest(schedule: Schedule, newest: datetime, now: datetime) -> datetime:
    """Walk backwards to come near, and then forwards as everything else does."""
    backwards = _simulate(schedule.cron, schedule.time_zone, now + timedelta(seconds=1), is_backwards=True)
    near = max(newest, next(backwards, newest).astimezone(UTC) - _LONGEST_SHIFT)
    for due_at in _iterate(schedule.cron, schedule.time_zone, near):
        if due_at > now:
            break
        newest = due_at
    return newest


def _explain_missed(first: datetime, passed: _Passed) -> PlannedRun:
    more = "more than " if passed.is_more else ""
    times = "time" if passed.earlier_count == 1 and not more else "times"
    what = f"{more}{passed.earlier_count} {times} from {first:%Y-%m-%d %H:%M} UTC on passed while nothing was launched"
    return PlannedRun(first, RunState.MISSED, f"{what}; the newest, {passed.newest:%Y-%m-%d %H:%M} UTC, counts for all")


def _check_cron(cron: str) -> Iterator[Problem]:
    words = cron.split()
    if len(words) != len(_FIELDS) or len(cron) > LONGEST_CRON:
        names = ", ".join(name for name, _ in _FIELDS)
        yield Problem("cron", f"must have five fields, which are {names}, and at most {LONGEST_CRON} characters")
        return
    for position, (word, (name, values)) in enumerate(zip(words, _FIELDS, strict=True)):
        alone = ["*"] * len(_FIELDS)
        alone[position] = word
        try:
            CronSim(" ".join(alone), datetime(2000, 1, 1, tzinfo=UTC))
        except CronSimError:
            what = (
                f"{word!r} is no {name}: give {values}, lists such as 1,2, ranges such as 1-5, steps such as */2, or *"
            )
            yield Problem("cron", what)


def _check_zone(time_zone: str) -> Iterator[Problem]:
    try:
        ZoneInfo(time_zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        what = f"{time_zone!r} is no time zone: give a name such as Europe/Berlin, America/Chicago or UTC"
        yield Problem("time_zone", what)


def _never(cron: str) -> Problem:
    return Problem("cron", f"{cron!r} is never due: there is no such day")
