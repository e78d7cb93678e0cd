"""From text to tree."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from sutler.catalog.mql import (
    AllFiles,
    AllOf,
    And,
    AnyOf,
    Attribute,
    Boolean,
    Children,
    Compare,
    Condition,
    Constant,
    Contains,
    DatasetPattern,
    DatasetRegexp,
    DatasetSelector,
    Day,
    Element,
    FileQuery,
    FilesById,
    FromDatasets,
    InRange,
    InSet,
    Instant,
    Join,
    Length,
    Limit,
    Member,
    Minus,
    NamedFiles,
    Not,
    Number,
    Op,
    Or,
    Ordered,
    Parameter,
    Parents,
    Present,
    QualifiedName,
    Skip,
    Subsets,
    Text,
    Union,
    Where,
    parse,
)

ALL = AllFiles()
RAW = FromDatasets((DatasetSelector(QualifiedName("t", "raw")),))
A, B, C = FilesById(("a",)), FilesById(("b",)), FilesById(("c",))
FILE_A = NamedFiles((QualifiedName("t", "a"),))
RUN = Parameter("c.run")
ONE = Compare(RUN, Op.EQ, Number(1))
TWO = Compare(RUN, Op.EQ, Number(2))
THREE = Compare(RUN, Op.EQ, Number(3))


def condition_of(text: str) -> Condition:
    tree = parse(f"files where {text}")
    assert isinstance(tree, Where)
    return tree.condition


@pytest.mark.parametrize(
    ("text", "tree"),
    [
        ("files", ALL),
        ("files from t:raw", RAW),
        ("files from datasets t:raw", RAW),
        ("files from datasets:raw", FromDatasets((DatasetSelector(QualifiedName("datasets", "raw")),))),
        ("files from matching t:r*", FromDatasets((DatasetSelector(DatasetPattern("t", "r*")),))),
        ("files from matching regexp t:'^r'", FromDatasets((DatasetSelector(DatasetRegexp("t", "^r")),))),
        (
            "files from t:raw with subsets, t:raw with subsets recursively having c.run = 1",
            FromDatasets(
                (
                    DatasetSelector(QualifiedName("t", "raw"), Subsets.DIRECT),
                    DatasetSelector(QualifiedName("t", "raw"), Subsets.RECURSIVE, ONE),
                )
            ),
        ),
        ("fid a", A),
        ("fids a,b, where", FilesById(("a", "b", "where"))),
        ("file t:a", FILE_A),
        ("files where:a", NamedFiles((QualifiedName("where", "a"),))),
        ("union(fids a, fids b)", Union((A, B))),
        ("[fids a, fids b]", Union((A, B))),
        ("join(fids a)", Join((A,))),
        ("{fids a, files from t:raw, files}", Join((A, RAW, ALL))),
        ("union(files from t:raw, files t:a, [files])", Union((RAW, FILE_A, Union((ALL,))))),
        ("parents(children(fids a))", Parents(Children(A))),
        ("((fids a))", A),
        ("files limit 5", Limit(ALL, 5)),
        ("files limit -1", Limit(ALL, 0)),
        ("files ordered skip 0", Skip(Ordered(ALL), 0)),
    ],
)  # fmt: skip
def test_sets(text: str, tree: FileQuery) -> None:
    assert parse(text) == tree


@pytest.mark.parametrize(
    ("text", "tree"),
    [
        ("fids a - fids b - fids c", Minus(Minus(A, B), C)),
        ("fids a - (fids b - fids c)", Minus(A, Minus(B, C))),
        ("fids a -fids b", Minus(A, B)),
        ("(fids a)-(fids b)", Minus(A, B)),
        ("fids a - fids b where c.run = 1", Minus(A, Where(B, ONE))),
        ("(fids a - fids b) where c.run = 1", Where(Minus(A, B), ONE)),
        ("fids a - fids b limit 2", Limit(Minus(A, B), 2)),
        ("fids a - (fids b limit 2)", Minus(A, Limit(B, 2))),
        ("fids a limit 2 - fids b", Minus(Limit(A, 2), B)),
        ("fids a limit 3 skip 2", Skip(Limit(A, 3), 2)),
        ("fids a limit 3 where c.run = 1 skip 2", Skip(Where(Limit(A, 3), ONE), 2)),
        ("fids a - fids b limit 3 where c.run = 1", Where(Limit(Minus(A, B), 3), ONE)),
    ],
)
def test_what_binds_to_what(text: str, tree: FileQuery) -> None:
    assert parse(text) == tree


def test_a_name_without_namespace_takes_the_one_before_it_and_the_first_the_default() -> None:
    tree = parse("files a, t:b, c, u:d", default_namespace="n")
    assert tree == NamedFiles(
        (QualifiedName("n", "a"), QualifiedName("t", "b"), QualifiedName("t", "c"), QualifiedName("u", "d"))
    )


@pytest.mark.parametrize(
    ("text", "condition"),
    [
        ("c.run = 1", ONE),
        ("c.run == 1", ONE),
        ("name like 'a%'", Compare(Attribute("name"), Op.LIKE, Text("a%"))),
        ("c.run !~* 'x y'", Compare(RUN, Op.NOT_MATCH_ANY_CASE, Text("x y"))),
        ("c.run[any] < 1", Compare(AnyOf("c.run"), Op.LT, Number(1))),
        ("c.run[all] >= 1", Compare(AllOf("c.run"), Op.GE, Number(1))),
        ("c.run[-1] != 1", Compare(Element("c.run", -1), Op.NE, Number(1))),
        ("c.run['a b'] = 1", Compare(Member("c.run", "a b"), Op.EQ, Number(1))),
        ("len(c.run) > 1", Compare(Length("c.run"), Op.GT, Number(1))),
        ("c.run in (1, a, 'b')", InSet(RUN, (Number(1), Text("a"), Text("b")))),
        ("c.run not in (1)", InSet(RUN, (Number(1),), negated=True)),
        ("c.run in 1:2", InRange(RUN, Number(1), Number(2))),
        ("c.run not in a:b", InRange(RUN, Text("a"), Text("b"), negated=True)),
        ("c.run present", Present("c.run")),
        ("c.run not present", Present("c.run", negated=True)),
        ("1 in c.run", Contains(Number(1), "c.run")),
        ("raw not in c.run", Contains(Text("raw"), "c.run", negated=True)),
        ("a.b in c.run", Contains(Text("a.b"), "c.run")),
        ("'date' in c.run", Contains(Text("date"), "c.run")),
        ("datetime('1970-01-01') in c.run", Contains(Instant(datetime(1970, 1, 1, tzinfo=UTC)), "c.run")),
        (
            "c.run in date(2021-01-01):date(2021-01-02)",
            InRange(RUN, Day(date(2021, 1, 1)), Day(date(2021, 1, 2))),
        ),
        ("len in c.run", Contains(Text("len"), "c.run")),
    ],
)
def test_terms(text: str, condition: Condition) -> None:
    assert condition_of(text) == condition


@pytest.mark.parametrize(
    ("text", "condition"),
    [
        ("c.run = 1 or c.run = 2 and c.run = 3", Or((ONE, And((TWO, THREE))))),
        ("(c.run = 1 or c.run = 2) and c.run = 3", And((Or((ONE, TWO)), THREE))),
        ("c.run = 1 and c.run = 2 and c.run = 3", And((ONE, TWO, THREE))),
        ("!c.run = 1 and c.run = 2", And((Not(ONE), TWO))),
        ("!(c.run = 1 and c.run = 2)", Not(And((ONE, TWO)))),
        ("!!c.run = 1", Not(Not(ONE))),
    ],
)
def test_and_binds_tighter_than_or_and_not_tightest(text: str, condition: Condition) -> None:
    assert condition_of(text) == condition


@pytest.mark.parametrize(
    ("text", "constant"),
    [
        ("5", Number(5)),
        ("-5", Number(-5)),
        ("+.5e1", Number(5.0)),
        ("5.", Number(5.0)),
        ("1e-400", Number(0.0)),
        ("9" * 300, Number(int("9" * 300))),
        ("1k", Text("1k")),
        ("True", Boolean(truth=True)),
        ("FALSE", Boolean(truth=False)),
        ("'true'", Text("true")),
        ("'5'", Text("5")),
        ("2021-01-01", Text("2021-01-01")),
        ("limit", Text("limit")),
        ("date", Text("date")),
        ("nan", Text("nan")),
        ("$a@b_c.d-e", Text("$a@b_c.d-e")),
        ("datetime('2021-01-01T10:00:00.5+02:00')", Instant(datetime(2021, 1, 1, 8, 0, 0, 500000, UTC))),
        ("datetime(2021-01-01)", Instant(datetime(2021, 1, 1, tzinfo=UTC))),
        ("date('2021-01-01', '-05:30')", Day(date(2021, 1, 1), -330)),
    ],
)
def test_constants(text: str, constant: Constant) -> None:
    assert condition_of(f"c.run = {text}") == Compare(RUN, Op.EQ, constant)


def test_ten_thousand_ids_are_one_set() -> None:
    fids = tuple(f"f{number}" for number in range(10_000))
    assert parse(f"fids {', '.join(fids)}") == FilesById(fids)
