"""The laws that the fuzzers hold texts against notice what they are there for."""

from __future__ import annotations

import pytest
from tests.fuzz import laws
from tests.property.mql.cases import CASES

from sutler.catalog.mql import MqlSyntaxError, Position, attributes, datasets, printer
from sutler.catalog.mql.terms import Operand
from sutler.database.sql import Fragment


def write_out(item: object, cast: str = "") -> Fragment:
    """A value in the text of a statement, as it must never be."""
    return Fragment((repr(item),))


def test_queries_that_people_write_break_no_law() -> None:
    for text in CASES:
        assert laws.check_text(text).tree is not None, text


@pytest.mark.parametrize(
    "text",
    ["files where name = x", "files where name like 'from files'", "files where size = 31", "files from matching t:r*"],
)
def test_a_value_in_a_statement_is_noticed(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    laws.check_text(text)
    monkeypatch.setattr(attributes, "value", write_out)
    monkeypatch.setattr(datasets, "value", write_out)
    with pytest.raises(AssertionError):
        laws.check_text(text)


def test_a_text_that_says_something_else_than_its_tree_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    def write_small(operand: Operand) -> str:
        return keep(operand).lower()

    keep = printer._operand
    laws.check_text("files where a.B = 1")
    monkeypatch.setattr(printer, "_operand", write_small)
    with pytest.raises(AssertionError):
        laws.check_text("files where a.B = 1")


@pytest.mark.parametrize(
    ("what", "position"),
    [
        ("expected more.", None),
        ("expected more.", Position(99, 1, 100, "files")),
        ("expected more.", Position(2, 2, 1, "files")),
        ("'NoneType' object is not iterable", Position(2, 1, 3, "files")),
        ("x" * 5000, Position(2, 1, 3, "files")),
    ],
)
def test_an_error_that_helps_nobody_is_noticed(what: str, position: Position | None) -> None:
    with pytest.raises(AssertionError):
        laws.check_error(MqlSyntaxError(what, position=position), "files")


def test_a_statement_that_outgrows_its_query_is_noticed() -> None:
    many = Fragment(("select f.id from catalog.files f where " + "f.id = f.id and " * 2000 + "true",))
    laws.check_statement(many, "files" * 100)
    with pytest.raises(AssertionError, match="for 5"):
        laws.check_statement(many, "files")
