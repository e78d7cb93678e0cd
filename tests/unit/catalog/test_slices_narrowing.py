"""Filters of a selection as a text, which people and other servers read."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from sutler.catalog import CreatedWithin, MqlError, ValueWithin, mql, narrow_query

AT = datetime(2026, 3, 1, 12, 0, 0, 1, tzinfo=UTC)
LATER = 'created_timestamp > datetime("2026-03-01T12:00:00.000001+00:00")'
UNTIL = 'created_timestamp <= datetime("2026-03-01T12:00:00.000001+00:00")'


@pytest.mark.parametrize(
    ("query", "narrowed"),
    [
        ("files from a:b", f"files from a:b where {LATER}"),
        ("files", f"files where {LATER}"),
        ("files from a:b where c.d = 1", f"files from a:b where c.d = 1 and {LATER}"),
        ("files from a:b where c.d = 1 or c.d = 2", f"files from a:b where (c.d = 1 or c.d = 2) and {LATER}"),
        ("files from a:b where !(c.d = 1)", f"files from a:b where !c.d = 1 and {LATER}"),
        ("(files from a:b where c.d = 1) where c.e = 2", f"files from a:b where c.d = 1 and c.e = 2 and {LATER}"),
        ("files from a:b - files from a:c", f"files from a:b where {LATER} - files from a:c"),
        ("files from a:b ordered", f"files from a:b where {LATER} ordered"),
        (
            "union(files from a:b where c.d = 1, files from a:c)",
            f"union(files from a:b where c.d = 1 and {LATER}, files from a:c where {LATER})",
        ),
        ("join(files from a:b, files from a:c)", f"join(files from a:b where {LATER}, files from a:c)"),
        ("parents(files from a:b where c.d = 1)", f"parents(files from a:b where c.d = 1) where {LATER}"),
        ("files from a:b limit 5", f"join(files from a:b limit 5, files where {LATER})"),
        ("files from a:b where c.d = 1 skip 5", f"join(files from a:b where c.d = 1 skip 5, files where {LATER})"),
        ("files selected by a:q", f"join(files selected by a:q, files where {LATER})"),
        (
            "(files from a:b where c.d = 1 limit 5) where c.e = 2",
            f"(files from a:b where c.d = 1 limit 5) where c.e = 2 and {LATER}",
        ),
    ],
)
def test_a_condition_joins_the_one_that_is_there_and_a_cut_keeps_what_it_cuts(query: str, narrowed: str) -> None:
    text = narrow_query(query, (CreatedWithin(after=AT),))
    assert text == narrowed
    assert mql.to_text(mql.parse(text)) == text


def test_all_filters_must_be_passed() -> None:
    east = AT.astimezone(timezone(timedelta(hours=9)))
    filters = (CreatedWithin(AT, east), ValueWithin("core.run", -3, 7))
    assert narrow_query("files", filters) == f"files where {LATER} and {UNTIL} and core.run in -3:7"


@pytest.mark.parametrize("filters", [(), (CreatedWithin(),)])
def test_without_an_end_nothing_is_narrowed(filters: tuple[CreatedWithin, ...]) -> None:
    assert narrow_query("files from a:b", filters) == "files from a:b"


def test_a_text_stays_as_it_was_written_when_there_is_nothing_to_add() -> None:
    assert narrow_query("files  from a:b # all", ()) == "files  from a:b # all"


def test_what_is_no_query_for_files_here_cannot_be_narrowed() -> None:
    for query in ("datasets a:b", "files from", "filter their_own(1) (files from a:b)"):
        with pytest.raises(MqlError):
            narrow_query(query, (CreatedWithin(after=AT),))
