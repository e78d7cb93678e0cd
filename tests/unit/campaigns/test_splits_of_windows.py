"""The windows of `new`."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from sutler.campaigns.splits import Cut, Ended, Facts, New, NotYet, QueriedFiles, WhenEmpty, parse_split_type
from sutler.catalog.model import CreatedWithin

pytestmark = pytest.mark.row(68)

BASE = "files from prod:raw"
NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)


@pytest.fixture
def far_east(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A server nine hours ahead of UTC."""
    monkeypatch.setenv("TZ", "JST-9")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


def read(text: str) -> New:
    """A split of windows."""
    split = parse_split_type(text)
    assert isinstance(split, New)
    return split


def window_of(split: New, now: datetime = NOON, **position: object) -> tuple[datetime, datetime]:
    """The window of the next slice, which there is."""
    found = split.cut(BASE, position, Facts(now))
    assert isinstance(found, Cut)
    (within,) = found.filters
    assert isinstance(within, CreatedWithin)
    assert within.after
    assert within.until
    assert found.then == {"until": within.until.isoformat().replace("+00:00", "Z")}
    return within.after, within.until


def test_a_window_is_half_open_and_steps_on_when_it_is_empty() -> None:
    found = read("new(window=6h, firsttime=2026-02-01)").cut(BASE, {}, Facts(NOON))
    begins_at = datetime(2026, 2, 1, tzinfo=UTC)
    assert found == Cut(
        QueriedFiles(BASE),
        uses_ledger=False,
        filters=(CreatedWithin(begins_at, begins_at + 6 * HOUR),),
        then={"until": "2026-02-01T06:00:00Z"},
        note="after 2026-02-01T00:00:00Z, until 2026-02-01T06:00:00Z",
        when_empty=WhenEmpty.STEP,
        when_empty_reason="no file was declared after 2026-02-01T00:00:00Z, until 2026-02-01T06:00:00Z",
    )


def test_a_window_begins_where_the_last_one_ended() -> None:
    split = read("new(window=6h, firsttime=2026-02-01)")
    assert window_of(split, until="2026-02-03T01:00:00Z")[0] == datetime(2026, 2, 3, 1, tzinfo=UTC)


def test_the_first_window_is_the_last_one_that_is_over_rounded_down() -> None:
    now = NOON + timedelta(minutes=47, seconds=13, microseconds=5)
    assert window_of(read("new(window=6h, round=1h, fts=30m)"), now) == (NOON - 6 * HOUR, NOON)
    exact = now - timedelta(minutes=30, microseconds=5)
    assert window_of(read("new(window=6h)"), now) == (exact - 6 * HOUR, exact)


def test_the_length_of_a_window_is_cut_down_to_a_multiple_of_round() -> None:
    begins_at, ends_at = window_of(read("new(window=5h, round=2h, firsttime=2026-02-01)"))
    assert ends_at - begins_at == 4 * HOUR


@pytest.mark.parametrize("position", [{}, {"until": "2026-03-01T11:00:00Z"}])
def test_a_window_is_held_back_for_the_time_that_declaring_may_take(position: dict[str, object]) -> None:
    split = read("new(window=1h, fts=30m, firsttime=2026-03-01T11:00:00Z)")
    early = split.cut(BASE, position, Facts(NOON + timedelta(minutes=29, seconds=59)))
    assert early == NotYet(
        "the window after 2026-03-01T11:00:00Z, until 2026-03-01T12:00:00Z can be given out at 2026-03-01T12:30:00Z"
    )
    assert window_of(split, NOON + timedelta(minutes=30), **position) == (NOON - HOUR, NOON)


def test_windows_end_before_a_last_time_that_is_fixed() -> None:
    split = read("new(window=6h, fts=1h, firsttime=2026-02-01, lasttime=2026-02-01T13:00)")
    assert window_of(split, until="2026-02-01T06:00:00Z")[1] == datetime(2026, 2, 1, 12, tzinfo=UTC)
    ended = split.cut(BASE, {"until": "2026-02-01T12:00:00Z"}, Facts(NOON))
    assert isinstance(ended, Ended)
    assert ended.reason.endswith("would end later than lasttime less fts, 2026-02-01T12:00:00Z")


def test_a_last_time_gives_the_first_window_too() -> None:
    split = read("new(window=1d, fts=0s, lasttime=2026-02-01)")
    assert window_of(split) == (datetime(2026, 1, 31, tzinfo=UTC), datetime(2026, 2, 1, tzinfo=UTC))


def test_no_window_of_the_future_is_given_out_before_a_last_time_that_is_to_come() -> None:
    split = read("new(window=1d, fts=0s, firsttime=2026-03-01, lasttime=2026-03-05)")
    assert isinstance(split.cut(BASE, {}, Facts(NOON)), NotYet)
    assert isinstance(split.cut(BASE, {}, Facts(NOON + 12 * HOUR)), Cut)


@pytest.mark.usefixtures("far_east")
def test_local_time_changes_what_is_shown_and_not_what_is_selected() -> None:
    plain, local = read("new(window=6h)"), read("new_local(window=6h)")
    assert window_of(plain) == window_of(local)
    shown = local.cut(BASE, {"until": "2026-03-01T00:00:00Z"}, Facts(NOON))
    assert isinstance(shown, Cut)
    assert shown.note == "after 2026-03-01T09:00:00+09:00, until 2026-03-01T15:00:00+09:00"
    assert shown.then == {"until": "2026-03-01T06:00:00Z"}
    assert local.describe_position(shown.then) == "given out until 2026-03-01T15:00:00+09:00"
    assert plain.describe_position(shown.then) == "given out until 2026-03-01T06:00:00Z"
