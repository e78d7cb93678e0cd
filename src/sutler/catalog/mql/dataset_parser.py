"""From text to tree: which datasets or named queries are meant."""

from __future__ import annotations

import re
from collections.abc import Callable

from sutler.catalog.mql.condition_parser import parse_condition
from sutler.catalog.mql.cursor import Cursor
from sutler.catalog.mql.errors import shorten
from sutler.catalog.mql.lexer import Kind
from sutler.catalog.mql.selectors import DatasetSelector, NamePattern, NameRegexp, QualifiedName, Subsets
from sutler.catalog.mql.sizes import ONE_SET, is_just_named
from sutler.catalog.mql.subjects import DATASETS
from sutler.catalog.mql.terms import check_writable

_PATTERN = re.compile(r"[A-Za-z0-9$@_./*?^%-]+")
_NAME = "a dataset name like namespace:name"


def parse_selectors(cursor: Cursor, after: str, over: Callable[[], bool]) -> tuple[DatasetSelector, ...]:
    """Read the list of datasets after a word. `over` says whether the thing after a comma is no dataset.

    Raises `MqlSyntaxError` or `MqlMeaningError`.
    """
    selectors = [_parse_selector(cursor, after)]
    while cursor.accept_comma(over):
        selectors.append(_parse_selector(cursor, ","))
    return tuple(selectors)


def _parse_selector(cursor: Cursor, after: str) -> DatasetSelector:
    name = parse_matching(cursor) if cursor.accept_word("matching") else _parse_name(cursor, after)
    subsets = _parse_subsets(cursor)
    having = parse_condition(cursor, DATASETS) if cursor.accept_word("having") else None
    selector = DatasetSelector(name, subsets, having)
    if not is_just_named(selector):
        cursor.enlarge(ONE_SET)
    return selector


def _parse_name(cursor: Cursor, after: str) -> QualifiedName:
    start = cursor.token
    namespace = cursor.expect_name(f"{_NAME} after '{after}'")
    if not cursor.accept_sign(":"):
        cursor.fail(f"expected {_NAME} after '{after}'", at=start, near=("matching",))
    return QualifiedName(namespace, cursor.expect_name(f"a dataset name after '{shorten(namespace)}:'"))


def parse_matching(cursor: Cursor) -> NamePattern | NameRegexp:
    """Read what names match after `matching`. Raises `MqlSyntaxError` or `MqlMeaningError`."""
    if cursor.accept_word("regexp"):
        namespace = _parse_namespace(cursor, "'matching regexp'", 'namespace:"regular expression"')
        if cursor.token.kind is not Kind.STRING:
            cursor.fail(f"expected a regular expression in quotes after '{shorten(namespace)}:'")
        start = cursor.take()
        with cursor.placing(start):
            return NameRegexp(namespace, check_writable(start.text))
    namespace = _parse_namespace(cursor, "'matching'", "namespace:name*")
    if cursor.token.kind is not Kind.WORD or not _PATTERN.fullmatch(cursor.token.text):
        cursor.fail(f"expected a pattern like name* after '{shorten(namespace)}:'")
    return NamePattern(namespace, cursor.take().text)


def _parse_namespace(cursor: Cursor, after: str, example: str) -> str:
    namespace = cursor.expect_name(f"a namespace after {after}, like {example}")
    cursor.expect_sign(":", f"':' and a name after the namespace, like {example}")
    return namespace


def _parse_subsets(cursor: Cursor) -> Subsets:
    if not cursor.accept_word("with"):
        return Subsets.NONE
    if not cursor.accept_word("subsets"):
        cursor.fail("expected 'subsets' after 'with'", near=("subsets",))
    return Subsets.RECURSIVE if cursor.accept_word("recursively") else Subsets.DIRECT
