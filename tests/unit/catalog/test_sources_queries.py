"""Asking a MetaCat server for a part of a query."""

from __future__ import annotations

import pytest

from sutler.base.errors import InvalidInputError
from sutler.catalog import mql
from sutler.catalog.mql.errors import MqlSyntaxError
from sutler.catalog.sources.metacat import wrap_query


@pytest.mark.parametrize(
    ("query", "skip", "limit", "expected"),
    [
        ("files from a:b", 0, None, "(\nfiles from a:b\n) ordered"),
        ("files from a:b limit 3", 2, None, "(\nfiles from a:b limit 3\n) ordered skip 2"),
        ("files from a:b # all", 2, 10, "(\nfiles from a:b # all\n) ordered skip 2 limit 10"),
        ("files", 0, 0, "(\nfiles\n) ordered limit 0"),
    ],
)
def test_a_query_is_wrapped_and_stays_a_query(query: str, skip: int, limit: int | None, expected: str) -> None:
    text = wrap_query(query, skip=skip, limit=limit)
    assert text == expected
    mql.parse(text)


@pytest.mark.parametrize("query", ["", "files) - (files", "files ) limit 5 (files", "datasets a:b", "queries"])
def test_what_is_no_query_for_files_by_itself_is_not_wrapped(query: str) -> None:
    with pytest.raises((MqlSyntaxError, mql.MqlMeaningError)):
        wrap_query(query, skip=0, limit=None)


def test_a_filter_that_only_the_other_server_knows_is_left_to_it() -> None:
    assert "my_own_filter" in wrap_query("filter my_own_filter(1) (files from a:b)", skip=0, limit=None)


def test_a_negative_part_is_refused() -> None:
    with pytest.raises(InvalidInputError, match="skip"):
        wrap_query("files", skip=-1, limit=None)
    with pytest.raises(InvalidInputError, match="limit"):
        wrap_query("files", skip=0, limit=-1)
