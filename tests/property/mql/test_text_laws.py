"""Laws of the text form."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from tests.property.mql.strategies import trees, wild_trees

from sutler.catalog.mql import (
    DatasetQuery,
    FileQuery,
    MqlError,
    Query,
    QuerySearch,
    find_kind,
    parse_query,
    simplify,
    to_text,
)


@given(wild_trees)
def test_a_tree_written_and_read_is_the_same_tree(tree: Query) -> None:
    text = to_text(tree)
    assert parse_query(text) == tree
    assert to_text(parse_query(text)) == text
    expected = {DatasetQuery: "datasets", QuerySearch: "queries"}.get(type(tree), "files")
    assert find_kind(text) == expected


@given(trees)
def test_simplifying_twice_changes_nothing_more(tree: FileQuery) -> None:
    once = simplify(tree)
    assert simplify(once) == once


FRAGMENTS = (
    "files", "from", "t:raw", "where", "core.run", "=", "5", "-", "(", ")", "[", "]", "{", "}", ",", ":", "limit", "2",
    "union", "parents", "in", "not", "present", "!", "and", "or", '"x"', "date", "datetime", "len", "fids", "with",
    "subsets", "matching", "regexp", "having", "\n", " ", "#", "~*", "like", "skip", "ordered", "é",
    "filter", "stride", "mix", "n", "selected", "by",
    "datasets", "queries", '"', "9" * 301,
)  # fmt: skip


def read(text: str) -> Query | MqlError:
    try:
        return parse_query(text)
    except MqlError as error:
        return error


@given(st.lists(st.sampled_from(FRAGMENTS), max_size=14).map(" ".join) | st.text(max_size=40))
def test_any_text_gives_a_tree_or_an_error_with_a_place(text: str) -> None:
    found = read(text)
    if isinstance(found, MqlError):
        assert found.position is not None
        assert 0 <= found.position.offset <= len(text)
        assert found.excerpt.endswith("^")
    else:
        assert parse_query(to_text(found)) == found
