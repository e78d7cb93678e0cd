"""What people are told about a query that cannot be used."""

from __future__ import annotations

import pytest

from sutler.base.errors import InvalidInputError
from sutler.catalog.mql import (
    AllFiles,
    Attribute,
    Compare,
    Element,
    MqlError,
    MqlMeaningError,
    MqlSyntaxError,
    MqlUnsupportedError,
    Number,
    Op,
    Parameter,
    Position,
    Scope,
    Text,
    compile_files,
    limit,
    parse,
    parse_query,
    skip,
    where,
)


def error_of(text: str, kind: type[MqlError]) -> MqlError:
    with pytest.raises(kind) as caught:
        parse(text)
    assert type(caught.value) is kind
    return caught.value


def test_an_error_says_where_what_and_what_instead() -> None:
    error = error_of("files from t:raw\n  were core.run = 1", MqlSyntaxError)
    assert isinstance(error, InvalidInputError)
    assert error.code == "catalog.mql_syntax"
    assert error.position == Position(19, 2, 3, "  were core.run = 1")
    assert error.excerpt == "  were core.run = 1\n  ^"
    assert error.suggestion == "where"
    assert str(error) == (
        "line 2, column 3: expected 'where', 'limit', 'skip', 'ordered', '-' or the end of the query, "
        "but found 'were'. Did you mean 'where'?"
    )
    assert error.facts == {
        "suggestion": "where", "offset": 19, "line": 2, "column": 3, "excerpt": "  were core.run = 1\n  ^",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("text", "column", "what"),
    [
        ("", 1, "expected a set of files, like 'files from namespace:name', but the query ends here"),
        ("files from raw", 12, "expected a dataset name like namespace:name after 'from', but found 'raw'"),
        ("files from", 11, "expected a dataset name like namespace:name after 'from', but the query ends here"),
        ("files from t:", 14, "expected a dataset name after 't:'"),
        ("files from t:a, ", 17, "expected a dataset name like namespace:name after ','"),
        ("files from t:a*", 14, "of letters, digits and _ - . / only"),
        ("files from t:a with x", 21, "expected 'subsets' after 'with'"),
        ("files from matching *:x", 21, "expected a namespace after 'matching'"),
        ("files from matching t", 22, "expected ':' and a name after the namespace"),
        ("files from matching t:'x'", 23, "expected a pattern like name*"),
        ("files from matching regexp t:x", 30, "expected a regular expression in quotes"),
        ("files a", 7, "'a' has no namespace and there is no default"),
        ("files t:'a'", 9, "expected a file name after the namespace"),
        ("fids a b", 8, "expected 'where', 'limit'"),
        ("fids a,", 8, "expected a file id after ','"),
        ("fids 'a'", 6, "expected a file id"),
        ("files limit x", 13, "expected a number of files after 'limit'"),
        ("files limit " + "9" * 19, 13, "expected a number of files after 'limit'"),
        ("files skip -1", 12, "expected a number of files that is not negative"),
        ("union files", 7, r"expected '\(' after 'union'"),
        ("union(files", 12, r"expected ',' or '\)', but the query ends here"),
        ("[files)", 7, r"expected ',' or '\]'"),
        ("(files, files)", 7, r"expected '\)', but found ','"),
        ("files -", 8, "expected a set of files"),
        ("files where a.b = 1 where c.d = 2", 21, "expected one 'where' only"),
        ("files where", 12, "expected a metadata parameter"),
        ("files where a.b", 16, "expected a comparison like =, 'in' or 'present'"),
        ("files where a.b not 5", 21, "expected 'in' or 'present' after 'not'"),
        ("files where a.b =", 18, "expected a value, but the query ends here"),
        ("files where a.b = )", 19, "expected a value"),
        ("files where a.b = x/y", 19, "expected a value without special characters, or one in quotes"),
        ("files where a.b in 5", 21, "expected ':' and the end of the range"),
        ("files where a.b in )", 20, "expected a set like"),
        ("files where a.b in (1", 22, r"expected ',' or '\)'"),
        ("files where 5 = a.b", 13, "expected a metadata parameter like core.run_type, but found '5'"),
        ("files where 'x' = a.b", 17, "expected 'in' and a metadata parameter"),
        ("files where 5 in name", 13, "expected a metadata parameter"),
        ("files where a-b = 5", 13, "expected a metadata parameter"),
        ("files where name[0] = 5", 13, r"expected a metadata parameter like core.run_type before '\['"),
        ("files where name present", 13, "expected a metadata parameter like core.run_type before 'present'"),
        ("files where a.b[x] = 5", 17, "expected any, all, a number or a quoted text"),
        ("files where a.b[0 = 5", 19, r"expected '\]'"),
        ("files where len(a.b = 5", 21, r"expected '\)'"),
        ("files where (a.b = 5", 21, r"expected 'and', 'or' or '\)'"),
        ("files where a.b = " + "9" * 301, 19, "expected a smaller number"),
        ("files where a.b = 1e999", 19, "expected a smaller number"),
        ("files where a.b = date(x)", 24, 'expected a date like date\\("2024-05-31"\\), but found "x"'),
        ("files where a.b = date(2021-02-30)", 24, "expected a date"),
        ("files where a.b = date('2021-02-03', 'UTC')", 24, "expected a date"),
        ("files where a.b = date('2021-02-03', '+25:00')", 24, "expected a date"),
        ("files where a.b = date('9999-12-31')", 24, "expected a date"),
        ("files where a.b = datetime('10:00')", 28, "expected a date like datetime"),
        ("files where a.b = datetime('0001-01-01T00:00+14:00')", 28, "expected a date like datetime"),
        ("files where a.b = datetime(,)", 28, "expected a date in quotes"),
        ("files where a.b = datetime(2021-01-01", 38, "at the end of datetime"),
        ("(" * 51 + "files", 52, "nested more than 50 levels deep"),
        ("files selected", 15, "expected the name of a query like namespace:name after 'selected by'"),
        ("files selected by", 18, "expected the name of a query like namespace:name after 'selected by'"),
        ("files selected by q", 19, "'q' has no namespace and there is no default"),
        ("files selected by t:", 21, "expected a query name after the namespace"),
        ("files selected by t:a, t:b", 22, "expected 'where', 'limit'"),
        ("filter", 7, "expected the name of a filter, like sample, stride"),
        ("filter stride", 14, r"expected '\(' and the arguments of the filter"),
        ("filter stride(2, 1", 19, r"expected ',' or '\)'"),
        ("filter stride(,)(files)", 15, "expected a value"),
        ("filter stride(2)", 17, r"expected '\(' and the files to filter"),
        ("filter stride(2)()", 18, "expected a set of files"),
        ("filter stride(2)(files", 23, r"expected ',' or '\)'"),
        ("filter stride(n=2, 1)(files)", 20, "expected an argument with its name, like seed=1, after another one"),
        ("filter stride(n=)(files)", 17, "expected a value"),
        ("files" + " limit 1" * 60, 407, "nested more than 50 levels deep"),
        ("files where " + "!" * 51 + "a.b = 1", 64, "nested more than 50 levels deep"),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_a_syntax_error(text: str, column: int, what: str) -> None:
    error = error_of(text, MqlSyntaxError)
    assert error.position is not None
    assert error.position.column == column
    with pytest.raises(MqlSyntaxError, match=what):
        raise error


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("FILES FROM t:raw", "files"),
        ("fles from t:raw", "files"),
        ("files form t:raw", "from"),
        ("files from t:raw limt 3", "limit"),
        ("files from t:raw with subset", "subsets"),
        ("files from matchin t:raw", "matching"),
        ("files where a.b presnt", "present"),
        ("(files wher a.b = 1)", "where"),
        ("files where a.b[ANY] = 1", "any"),
        ("filtr stride(2)(files)", "filter"),
        ("files selectd by t:x", "selected"),
    ],
)
def test_a_keyword_that_is_nearly_right_is_recognised(text: str, meant: str) -> None:
    assert error_of(text, MqlSyntaxError).suggestion == meant


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("files where run = 1", "files have no attribute 'run'"),
        ("files from t:raw having size = 1", "datasets have no attribute 'size'"),
        ("files where name = 5", "'name' is a text, which cannot be compared with this; write it in quotes"),
        ("files where size > 1k", "'size' is a number"),
        ("files where size in (1, a)", "'size' is a number"),
        ("files where retired = 1", "'retired' is true or false"),
        ("files where retired < true", "'<' cannot be used with 'retired'"),
        ("files where size ~ a", "'~' cannot be used with 'size'"),
        ("files where created_timestamp < yesterday", "'created_timestamp' is a time"),
        ("files where created_timestamp < 1e300", "'created_timestamp' is a time"),
        ("files where created_timestamp < true", "'created_timestamp' is a time"),
        ("files where checksums = '[]'", "'checksums' is a JSON object"),
        ("files where checksums = '{'", "'checksums' is a JSON object"),
        ("files where checksums in ('{}')", "only be compared by = and !="),
        ("files where a.b ~ 5", "'~' needs a text"),
        ("files where len(a.b) = x", "only be compared with a number"),
        ("files where len(a.b) ~ 'x'", "only be compared with a number"),
        ("files where len(a.b) in (x)", "only be compared with numbers"),
        ("files where a.b in (date(2021-01-01))", "a whole day cannot stand in a set"),
        ("files where date(2021-01-01) in a.b", "a whole day cannot be an element"),
        ("files where a.b in 1:b", "both ends of a range must be of one type"),
        ("files where a.b in date(2021-01-01):5", "both ends of a range must be of one type"),
        ("files where name like 'a\\'", "cannot end with a single backslash"),
        ("files where a.b = 'it\"s'", "cannot be written in a query"),
        ('files where a.b["it\'s"] = 1', "cannot be written in a query"),
        ("files from matching regexp t:\"zzz' or 'a'='a\"", "cannot be written in a query"),
        ("files where a.b[2147483648] = 1", "no list is long enough"),
        ("filter every_nth(2)(files)", "there is no filter 'every_nth', only sample, stride, hash, mix, randomize"),
        ("filter sample()(files)", "the filter 'sample' needs the argument 'fraction', a number"),
        ("filter sample(2)(files)", "'fraction' of the filter 'sample' must be between 0 and 1, not 2"),
        ("filter sample(half)(files)", "'fraction' of the filter 'sample' must be a number"),
        ("filter sample(0.5)(files, fids a)", "the filter 'sample' takes one set of files, not 2"),
        ("filter stride(0)(files)", "'n' of the filter 'stride' must be a whole number of at least 1, not 0"),
        ("filter stride(2, 2)(files)", "'i' of the filter 'stride' must be a whole number between 0 and 1, not 2"),
        ("filter stride(1.5)(files)", "must be a whole number"),
        ("filter stride(2, 1, 0)(files)", "the filter 'stride' has too many arguments"),
        ("filter stride(2, n=2)(files)", "'n' of the filter 'stride' is given twice"),
        ("filter stride(n=2, n=2)(files)", "has an argument given twice"),
        ("filter stride(2, j=1)(files)", "the filter 'stride' has no argument 'j'"),
        ("filter hash(2)(files)", "the filter 'hash' needs the argument 'i'"),
        ("filter mix(1, 2)(files)", "takes a ratio for each set of files; these are 2 and 1"),
        ("filter mix(1, 0)(files, fids a)", "a ratio of the filter 'mix' must be between"),
        (
            "filter randomize(window=0)(files)",
            "'window' of the filter 'randomize' must be a whole number of at least 1",
        ),
        ("datasets t:raw", "this is a search for datasets, but a query for files is needed here"),
        ("queries", "this is a search for named queries, but a query for files is needed here"),
    ],
)
def test_what_makes_no_sense_is_an_error_with_a_place(text: str, what: str) -> None:
    error = error_of(text, MqlMeaningError)
    assert error.code == "catalog.mql_meaning"
    assert error.position is not None
    assert what in error.what


@pytest.mark.parametrize(
    ("text", "column", "what"),
    [
        ("datasets", 9, "expected a dataset name like namespace:name after 'datasets'"),
        ("datasets raw", 10, "expected a dataset name like namespace:name after 'datasets', but found 'raw'"),
        ("datasets t:raw limit 3", 16, "expected ',', 'with subsets', 'having' or the end of the query"),
        ("datasets t:raw,", 16, "expected a dataset name like namespace:name after ','"),
        ("datasets t:raw having", 22, "expected a metadata parameter"),
        ("datasets matching t:", 21, "expected a pattern like name\\* after 't:'"),
        ("queries t:x", 9, "expected 'matching', 'where' or the end of the query"),
        ("queries matching", 17, "expected a namespace after 'matching'"),
        ("queries matching t:x having", 22, "expected 'matching', 'where' or the end of the query"),
        ("queries where", 14, "expected a metadata parameter"),
    ],
)
def test_a_search_that_cannot_be_read_is_a_syntax_error(text: str, column: int, what: str) -> None:
    with pytest.raises(MqlSyntaxError, match=what) as caught:
        parse_query(text)
    assert caught.value.position is not None
    assert caught.value.position.column == column


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("datasets t:raw having size = 1", "datasets have no attribute 'size'"),
        ("queries where size = 1", "named queries have no attribute 'size'"),
        ("queries where source ~ 5", "'source' is a text"),
    ],
)
def test_a_search_that_makes_no_sense_is_an_error_with_a_place(text: str, what: str) -> None:
    with pytest.raises(MqlMeaningError, match=what) as caught:
        parse_query(text)
    assert caught.value.position is not None


def test_an_attribute_that_is_nearly_right_is_recognised() -> None:
    assert error_of("files where nam = x", MqlMeaningError).suggestion == "name"
    assert error_of("filter strid(2)(files)", MqlMeaningError).suggestion == "stride"


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("files where a.b like x", "'like' is not supported for metadata"),
    ],
)
def test_what_is_known_but_not_done_says_so(text: str, what: str) -> None:
    error = error_of(text, MqlUnsupportedError)
    assert error.code == "catalog.mql_unsupported"
    assert error.position is not None
    assert what in error.what


def test_a_tree_made_by_a_program_is_checked_when_compiled() -> None:
    tree = where(AllFiles(), Compare(Attribute("nosuch"), Op.EQ, Number(1)))
    with pytest.raises(MqlMeaningError, match="Files have no attribute 'nosuch'") as caught:
        compile_files(tree, Scope(None, None))
    assert caught.value.position is None
    assert caught.value.excerpt == ""


def test_values_that_no_text_can_hold_cannot_be_made() -> None:
    with pytest.raises(MqlMeaningError, match="cannot be written"):
        Text("a\x00b")
    with pytest.raises(MqlMeaningError, match="must be finite"):
        Number(float("inf"))
    with pytest.raises(MqlMeaningError, match="cannot be negative"):
        skip(AllFiles(), -1)
    assert limit(AllFiles(), -1) == limit(AllFiles(), 0)
    with pytest.raises(MqlMeaningError, match="long enough"):
        compile_files(where(AllFiles(), Compare(Element("a.b", 2**31), Op.EQ, Number(1))), Scope(None, None))
    with pytest.raises(MqlUnsupportedError, match="'like'"):
        compile_files(where(AllFiles(), Compare(Parameter("a.b"), Op.LIKE, Text("x"))), Scope(None, None))


def test_of_a_long_line_only_the_neighbourhood_is_shown() -> None:
    text = "fids " + ", ".join(f"f{number:05}" for number in range(2000)) + " limit x, " + "y" * 100
    error = error_of(text, MqlSyntaxError)
    line, caret = error.excerpt.split("\n")
    assert line[len(caret) - 1] == "x"
    assert line.startswith("…")
    assert line.endswith("…")
    assert len(line) < 130


def test_the_caret_stands_right_behind_tabs() -> None:
    assert error_of("\tfiles\t5x", MqlSyntaxError).excerpt == "\tfiles\t5x\n\t     \t^"
