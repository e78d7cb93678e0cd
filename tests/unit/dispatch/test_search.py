"""The search language of projects: what texts mean, and what is said about those that mean nothing."""

from __future__ import annotations

import re
from decimal import Decimal
from pathlib import Path

import pytest

from sutler.dispatch.search import (
    And,
    Attribute,
    Compare,
    Condition,
    Contains,
    Element,
    Every,
    Field,
    InRange,
    InSet,
    Length,
    Member,
    Not,
    Number,
    Op,
    Or,
    Present,
    SearchError,
    SearchMeaningError,
    SearchSyntaxError,
    Some,
    Text,
    Truth,
    compile_condition,
    parse,
)

N, X = Attribute("n"), Attribute("x")
ONE, TEN = Number(Decimal(1), "1"), Number(Decimal(10), "10")
A, B = Present("a"), Present("b")

REFERENCE = Path(__file__).parents[3] / "docs" / "reference" / "project-query.md"


def list_examples() -> list[str]:
    """The conditions of the reference page."""
    text = REFERENCE.read_text(encoding="utf-8").partition("## Conditions")[2].partition("A comparison holds")[0]
    return [
        code for cell in re.findall(r"^\| (`.+?`) \|", text, re.MULTILINE) for code in re.findall(r"`([^`]+)`", cell)
    ]


def error_of(text: str) -> SearchError:
    with pytest.raises(SearchError) as caught:
        parse(text)
    return caught.value


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("n = 1", Compare(N, Op.EQ, ONE)),
        ("n == 1", Compare(N, Op.EQ, ONE)),
        ("n=1", Compare(N, Op.EQ, ONE)),
        ("n != -1.5e2", Compare(N, Op.NE, Number(Decimal(-150), "-1.5e2"))),
        ('n = "1"', Compare(N, Op.EQ, Text("1"))),
        ("debug = True", Compare(Attribute("debug"), Op.EQ, Truth(truth=True, written="True"))),
        ("x = null", Compare(X, Op.EQ, Text("null"))),
        ("x = dc4:raw_$@%^.*?-", Compare(X, Op.EQ, Text("dc4:raw_$@%^.*?-"))),
        ("x ~ ^a.*b$", None),
        ("x !~* 'a b'", Compare(X, Op.NOT_MATCH_ANY_CASE, Text("a b"))),
        ("x~*a", Compare(X, Op.MATCH_ANY_CASE, Text("a"))),
        ("owner = alice", Compare(Field.OWNER, Op.EQ, Text("alice"))),
        ("created > '2024-04-01'", Compare(Field.CREATED, Op.GT, Text("2024-04-01"))),
        ("ended_timestamp < 2024-04-01T10:00", Compare(Field.ENDED, Op.LT, Text("2024-04-01T10:00"))),
        ("worker_timeout >= 10", Compare(Field.WORKER_TIMEOUT, Op.GE, TEN)),
        ("n in (1, 10)", InSet(N, (ONE, TEN))),
        ("n not in (1)", InSet(N, (ONE,), is_negated=True)),
        ("n in 1:10", InRange(N, ONE, TEN)),
        ("n in 1 : 10", InRange(N, ONE, TEN)),
        ("n in 1: 10", InRange(N, ONE, TEN)),
        ("n in 1 :10", InRange(N, ONE, TEN)),
        ("n not in a:b", InRange(N, Text("a"), Text("b"), is_negated=True)),
        ("n in 'a:1':\"b:2\"", InRange(N, Text("a:1"), Text("b:2"))),
        ("id in 1:10", InRange(Field.ID, ONE, TEN)),
        ("raw in x", Contains(Text("raw"), X)),
        ("1 not in x", Contains(ONE, X, is_negated=True)),
        ('"dc4:" in query', Contains(Text("dc4:"), Field.QUERY)),
        ("x present", Present("x")),
        ("x", Present("x")),
        ("x.y not present", Present("x.y", is_negated=True)),
        ("x[any] = 1", Compare(Some("x"), Op.EQ, ONE)),
        ("x[all] in (1)", InSet(Every("x"), (ONE,))),
        ("x[3] < 1", Compare(Element("x", 3), Op.LT, ONE)),
        ('x["a key"] = 1', Compare(Member("x", "a key"), Op.EQ, ONE)),
        ("len(x) in 1:10", InRange(Length("x"), ONE, TEN)),
        ("a and b or a", Or((And((A, B)), A))),
        ("a and (b or a)", And((A, Or((B, A))))),
        ("! a and b", And((Not(A), B))),
        ("!!(a)", Not(Not(A))),
    ],
)
def test_a_text_is_read(text: str, meant: Condition | None) -> None:
    assert parse(text) == (meant or Compare(X, Op.MATCH, Text("^a.*b$")))


@pytest.mark.parametrize(
    ("text", "column", "what"),
    [
        ("", 1, "expected the name of a field or an attribute, but the search ends here"),
        ("n = ", 5, "expected a value, but the search ends here"),
        ("n = (", 5, "expected a value, but found '('"),
        ("n in 1", 7, "expected ':' and the end of the range"),
        ("n in 1:", 8, "expected the end of the range"),
        ("n in 10:00:00", 6, "expected one colon between the ends of the range"),
        ("n in 'a':b:c", 9, "expected one colon between the ends"),
        ("n in a : b:c", 10, "expected an end of the range without colon"),
        ("n in )", 6, "expected a set like (a, b) or a range like low:high"),
        ("n in (1", 8, "expected ',' or ')'"),
        ("n not 5", 7, "expected 'in' or 'present' after 'not'"),
        ("n like 'a%'", 3, "expected ~ and a regular expression"),
        ("not (a = 1)", 1, "expected '!' to turn a condition around"),
        ("(a", 3, "expected 'and', 'or' or ')'"),
        ("a b", 3, "expected a comparison like = or ~, 'in' or 'present'"),
        ("a = 1 b", 7, "expected 'and' or 'or'"),
        ("'a' = x", 5, "expected 'in' and a name after a constant"),
        ("'a' in 5", 8, "expected the name of a field or an attribute"),
        ("n[1 = 2", 5, "expected ']'"),
        ("n[x] = 2", 3, "expected any, all, a number or a quoted text in []"),
        ("n = 'x", 5, "has no closing quotation mark"),
        ("n = é", 5, "the character 'é' can only stand in a quoted text"),
        ("n = \x00", 5, "cannot stand in a search"),
        ("n = 1e301", 5, "expected a number of ordinary size"),
        ("n = " + "9" * 301, 5, "expected a number of ordinary size"),
        ("(" * 51 + "a", 52, "nested more than 50 levels deep"),
        ("!" * 51 + "a", 52, "nested more than 50 levels deep"),
        ("a or " * 4001, 20_001, "at most 20000 characters"),
        ("a and\nb = =", 5, "expected a value, but found '='"),
    ],
)
def test_what_cannot_be_read_is_refused_with_its_place(text: str, column: int, what: str) -> None:
    error = error_of(text)
    assert isinstance(error, SearchSyntaxError)
    assert error.place.column == column
    assert what in error.what


@pytest.mark.parametrize(
    ("text", "column", "what"),
    [
        ("a or owner", 6, "only attributes can be present"),
        ("owner present", 1, "only attributes can be present"),
        ("x[any]", 1, "only attributes can be present"),
        ("owner[any] = a", 1, "'owner' is no attribute"),
        ("len(owner) = 1", 5, "'owner' is a field of every project"),
        ("id ~ 5", 1, "'id' is no text"),
        ("len(x) ~ 5", 1, "the length of a list is no text"),
        ("id = five", 1, "'id' is a number"),
        ("worker_timeout > 5h", 1, "'worker_timeout' is a number, in seconds"),
        ("len(x) = a", 1, "the length of a list is a number"),
        ("created > yesterday", 1, "'created_timestamp' is a time"),
        ("created > 2024-02-30", 1, "'created_timestamp' is a time"),
        ("created > 1e300", 1, "'created_timestamp' is a time"),
        ("ended in ('0001-01-01T00:00+14:00')", 1, "'ended_timestamp' is a time"),
        ("created = true", 1, "'created_timestamp' is a time"),
        ("5 in id", 6, "'id' is no text"),
        ("n in 1:b", 1, "the ends of a range must be two numbers or two texts"),
        ("n in true:false", 1, "the ends of a range must be two numbers or two texts"),
        ("n < true", 1, "true and false have no order"),
    ],
)
def test_what_makes_no_sense_is_refused_with_its_place(text: str, column: int, what: str) -> None:
    error = error_of(text)
    assert isinstance(error, SearchMeaningError)
    assert error.place.column == column
    assert what in error.what


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("a AND b", "and"),
        ("a = 1 adn b = 2", "and"),
        ("a = 1 orr b = 2", "or"),
        ("x presnt", "present"),
        ("x[ANY] = 1", "any"),
        ("x no in (1)", "not"),
    ],
)
def test_a_keyword_that_is_nearly_right_is_recognised(text: str, meant: str) -> None:
    assert error_of(text).suggestion == meant


def test_an_error_shows_the_line_with_a_caret() -> None:
    error = error_of("owner = anna\n\tand x presnt")
    assert error.facts == {
        "offset": 20,
        "line": 2,
        "column": 8,
        "excerpt": "\tand x presnt\n\t      ^",
        "suggestion": "present",
    }
    assert error.sentence == (
        "line 2, column 8: expected a comparison like = or ~, 'in' or 'present', but found 'presnt'. "
        "Did you mean 'present'?"
    )


def test_of_a_long_line_only_the_neighbourhood_is_shown() -> None:
    error = error_of("a or " * 100 + "§" + " or b" * 100)
    line, caret = error.place.excerpt.split("\n")
    assert line[len(caret) - 1] == "§"
    assert line.startswith("…")
    assert line.endswith("…")
    assert len(line) < 130


def test_nothing_of_a_search_stands_in_the_statement() -> None:
    statement, values = compile_condition(parse("x = secret and y in (hidden) and owner ~ alice and z")).render()
    assert not any(word in statement for word in ("secret", "hidden", "alice"))
    assert len(values) == 4


def test_the_reference_has_an_example_of_every_form() -> None:
    assert len(list_examples()) > 15
    assert {type(parse(text)) for text in list_examples()} == {
        Compare, InSet, InRange, Contains, Present, Not, And, Or,
    }  # fmt: skip
