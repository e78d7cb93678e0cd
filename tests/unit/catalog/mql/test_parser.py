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
    DatasetQuery,
    DatasetSelector,
    Day,
    Element,
    FileQuery,
    FilesById,
    Filtered,
    FromDatasets,
    InRange,
    InSet,
    Instant,
    Join,
    Length,
    Limit,
    Member,
    Minus,
    MqlSyntaxError,
    NamedFiles,
    NamePattern,
    NameRegexp,
    Not,
    Number,
    Op,
    Or,
    Ordered,
    Parameter,
    Parents,
    Present,
    QualifiedName,
    QuerySearch,
    SelectedBy,
    Skip,
    Subsets,
    Text,
    Union,
    Where,
    find_kind,
    names_in,
    parse,
    parse_query,
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
        ("files from matching t:r*", FromDatasets((DatasetSelector(NamePattern("t", "r*")),))),
        ("files from matching regexp t:'^r'", FromDatasets((DatasetSelector(NameRegexp("t", "^r")),))),
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


def test_a_filter_has_arguments_by_place_and_by_name() -> None:
    tree = Filtered("randomize", (Number(5),), (("window", Number(10)),), (A,))
    assert parse("filter randomize(5, window=10)(fids a)") == tree
    mixed = Filtered("mix", (Number(1), Number(0.5)), (), (Limit(A, 3), Minus(B, C)))
    assert parse("filter mix(1, 0.5)(fids a limit 3, fids b - fids c)") == mixed


def test_a_filter_is_a_set_like_others() -> None:
    every_second = Filtered("stride", (Number(2),), (), (ALL,))
    assert parse("filter stride(2)(files) limit 3") == Limit(every_second, 3)
    assert parse("filter stride(2)(files) where c.run = 1") == Where(every_second, ONE)
    assert parse("[fids a, filter stride(2)(files)]") == Union((A, every_second))
    assert parse("filter stride(2)(filter stride(2)(files))") == Filtered("stride", (Number(2),), (), (every_second,))


@pytest.mark.parametrize("text", ["files selected by t:q", "files selected t:q", "files selected by q"])
def test_files_of_a_named_query(text: str) -> None:
    assert parse(text, default_namespace="t") == SelectedBy(QualifiedName("t", "q"))
    assert parse(f"{text} where c.run = 1", default_namespace="t") == Where(SelectedBy(QualifiedName("t", "q")), ONE)


def test_the_place_of_a_named_query_is_known_but_makes_no_difference() -> None:
    (second, first) = names_in(parse("files selected by t:q - files  selected t:q"))
    assert first == second
    assert (first.offset, second.offset) == (18, 40)


def test_searches_for_datasets_and_named_queries() -> None:
    assert parse_query("datasets t:raw") == DatasetQuery((DatasetSelector(QualifiedName("t", "raw")),))
    assert parse_query("datasets matching t:r* with subsets having c.run = 1, t:raw") == DatasetQuery(
        (
            DatasetSelector(NamePattern("t", "r*"), Subsets.DIRECT, ONE),
            DatasetSelector(QualifiedName("t", "raw")),
        )
    )
    assert parse_query("queries") == QuerySearch()
    assert parse_query("queries matching t:r* where c.run = 1") == QuerySearch(NamePattern("t", "r*"), ONE)
    assert parse_query("queries matching regexp t:'^r'") == QuerySearch(NameRegexp("t", "^r"))
    assert parse_query("files") == ALL


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("files", "files"),
        ("", "files"),
        ("datasets t:a", "datasets"),
        ("# datasets\n files", "files"),
        (" # files \n\t datasets t:a", "datasets"),
        ("queries", "queries"),
        ("queries# all", "queries"),
        ("queriesx", "files"),
        ("datasets:a", "files"),
    ],
)
def test_the_first_word_tells_the_kind(text: str, kind: str) -> None:
    assert find_kind(text) == kind


LONG = [f"f{number}" for number in range(100)]


def test_long_lists_are_read_like_short_ones() -> None:
    fids = ", ".join(LONG)
    assert parse(f"fids {fids} limit 2") == Limit(FilesById(tuple(LONG)), 2)
    assert parse(f"[fids {fids}, fids a]") == Union((FilesById(tuple(LONG)), A))
    names = ",".join(f"t:{name}" for name in LONG)
    assert parse(f"files {names}") == NamedFiles(tuple(QualifiedName("t", name) for name in LONG))
    mixed = parse(f"files {names}, x, u:y, z")
    assert isinstance(mixed, NamedFiles)
    assert mixed.names[-3:] == (QualifiedName("t", "x"), QualifiedName("u", "y"), QualifiedName("u", "z"))


def test_long_sets_of_constants_are_read_like_short_ones() -> None:
    numbers = ", ".join(map(str, range(100)))
    assert parse(f"files where c.run in ({numbers})") == Where(ALL, InSet(RUN, tuple(map(Number, range(100)))))
    texts = ", ".join(f"'{name}'" for name in LONG)
    assert parse(f"files where c.run in ({texts})") == Where(ALL, InSet(RUN, tuple(map(Text, LONG))))
    mixed = parse(f"files where c.run in ({numbers}, 1.5, true, x)")
    assert isinstance(mixed, Where)
    assert isinstance(mixed.condition, InSet)
    assert mixed.condition.constants[-3:] == (Number(1.5), Boolean(truth=True), Text("x"))


@pytest.mark.parametrize(
    ("text", "column"),
    [
        (f"fids {', '.join(LONG)}, a*", 496),
        (f"fids {', '.join(LONG)}, 'a'", 496),
        (f"fids {', '.join(LONG)},", 495),
        (f"files where c.run in ({', '.join(LONG)}, a*)", 513),
        (f"files where c.run in ({', '.join(LONG)}", 511),
    ],
)
def test_a_fault_in_a_long_list_has_its_place(text: str, column: int) -> None:
    with pytest.raises(MqlSyntaxError) as caught:
        parse(text)
    assert caught.value.position is not None
    assert caught.value.position.column == column
