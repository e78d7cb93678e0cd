"""The split types whose data stand in the query field: `list` and `multiparam`."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from sutler.campaigns.errors import SplitTypeError
from sutler.campaigns.splits import (
    Cut,
    Ended,
    Facts,
    JobData,
    Listed,
    MultiParam,
    QueriedFiles,
    Source,
    SplitType,
    WhenEmpty,
    WholeProject,
)

FACTS = Facts(now=datetime(2026, 3, 1, 12, 0, tzinfo=UTC))
THREE = '["files from a:b where x in (1, 2)", "project_id: 42", "param: mu, 5 GeV"]'


def give_out(split: SplitType, base: str) -> list[tuple[Source, str]]:
    """All slices until the end, with their notes."""
    position: dict[str, object] = {}
    slices = []
    while isinstance(found := split.cut(base, position, FACTS), Cut):
        slices.append((found.source, found.note))
        position = dict(found.then)
    assert isinstance(found, Ended)
    return slices


@pytest.mark.row(74)
@pytest.mark.parametrize(
    "base",
    [
        THREE,
        f"\n {THREE} ",
        "['files from a:b where x in (1, 2)', 'project_id: 42', 'param: mu, 5 GeV']",
        "['files from a:b where x in (1, 2)', \"project_id:42\",\n 'param:  mu, 5 GeV ',]",
    ],
)
def test_a_list_gives_queries_projects_and_texts(base: str) -> None:
    assert give_out(Listed(), base) == [
        (QueriedFiles("files from a:b where x in (1, 2)"), "entry 1 of 3"),
        (WholeProject(42), "entry 2 of 3"),
        (JobData("mu, 5 GeV", is_query=False), "entry 3 of 3"),
    ]
    assert Listed().list_queries(base) == ("files from a:b where x in (1, 2)",)


@pytest.mark.row(74)
def test_entries_may_be_separated_by_commas_outside_quotes_and_brackets() -> None:
    base = """union(a:b, c:d), files from a:b where n in (1, (2), 3) and t == "x, ')y" , {a, [b, c]},project_id: 7"""
    assert [source for source, _ in give_out(Listed(), base)] == [
        QueriedFiles("union(a:b, c:d)"),
        QueriedFiles("""files from a:b where n in (1, (2), 3) and t == "x, ')y\""""),
        QueriedFiles("{a, [b, c]}"),
        WholeProject(7),
    ]


@pytest.mark.row(74)
def test_empty_entries_are_passed_over_and_noted() -> None:
    assert give_out(Listed(), '["", "a:b", " ", "", "c:d", ""]') == [
        (QueriedFiles("a:b"), "entry 2 of 6, after entry 1, which is empty"),
        (QueriedFiles("c:d"), "entry 5 of 6, after entry 3, which is empty, after entry 4, which is empty"),
    ]
    assert Listed().cut("a:b,", {"index": 1}, FACTS) == Ended("all 2 entries of the list were given out")


@pytest.mark.row(74)
def test_an_entry_without_files_is_passed_over_by_who_selects_them() -> None:
    found = Listed().cut("a:b, c:d", {"index": 1}, FACTS)
    assert isinstance(found, Cut)
    assert (found.when_empty, found.when_empty_reason) == (WhenEmpty.STEP, "entry 2 of the list has no file")
    assert found.then == {"index": 2}
    assert not found.uses_ledger


@pytest.mark.row(74)
@pytest.mark.parametrize(
    ("base", "sentence"),
    [
        ("", "list needs entries in place of a query, and there are none."),
        ("[]", "there are none"),
        (" , ,", "there are none"),
        ("[1, 2]", "Entry 1 of the list is not a text in quotes."),
        ('["a", ["b"]]', "Entry 2 of the list is not a text in quotes."),
        ('["a", "\\u0000"]', "Entry 2 of the list is not a text in quotes."),
        ('["\\ud800"]', "Entry 1 of the list is not a text in quotes."),
        ("[files from a:b]", 'One is written as ["first", "second"].'),
        ("[__import__('os').getcwd()]", "cannot be read as a list"),
        ("['a'", "cannot be read as a list"),
        ("[" * 100_000, "cannot be read as a list"),
        ("['\\d'][0]", "cannot be read as a list"),
        ("a:b 'c, d", "A quote or a bracket stays open"),
        ("(a:b, c:d", "A quote or a bracket stays open"),
        ("a:b), c:d", "one is closed that was not open"),
        ("project_id: x", "Entry 1 of the list needs the number of a project, not 'x'."),
        ("a:b, project_id: 0", "Entry 2 of the list needs the number of a project, not '0'."),
        ('["param: "]', "Entry 1 of the list has no text after param:."),
    ],
)
def test_a_list_that_cannot_be_read_says_why(base: str, sentence: str) -> None:
    for ask in (Listed().check_base, Listed().list_queries):
        with pytest.raises(SplitTypeError) as refused:
            ask(base)
        assert sentence in refused.value.sentence


def test_the_regular_expressions_of_a_list_in_quotes_of_python_stay_as_they_are() -> None:
    assert Listed().list_queries(r"['files from a:b where name ~ \'\\d+\.root\'', 'c:d']")[1] == "c:d"
    assert Listed().list_queries(r"['files where x ~ \d']") == (r"files where x ~ \d",)


@pytest.mark.row(76)
@pytest.mark.parametrize("base", ['[["a","b"],["d","e"]]', "[['a', 'b'], ['d', 'e']]"])
def test_the_first_list_of_combinations_varies_fastest(base: str) -> None:
    assert give_out(MultiParam(), base) == [
        (JobData("a_d", is_query=False), "a_d, 1 of 4"),
        (JobData("b_d", is_query=False), "b_d, 2 of 4"),
        (JobData("a_e", is_query=False), "a_e, 3 of 4"),
        (JobData("b_e", is_query=False), "b_e, 4 of 4"),
    ]
    MultiParam().check_base(base)
    assert MultiParam().list_queries(base) == ()
    assert MultiParam().cut(base, {"index": 9}, FACTS) == Ended("all 4 combinations were given out")


@pytest.mark.row(76)
def test_combinations_are_not_made_before_they_are_asked_for() -> None:
    columns = "[" + ",".join(['["a", "b"]'] * 40) + "]"
    found = MultiParam().cut(columns, {"index": 2**40 - 1}, FACTS)
    assert isinstance(found, Cut)
    assert found.source == JobData("_".join("b" * 40), is_query=False)


@pytest.mark.row(76)
@pytest.mark.parametrize(
    ("base", "sentence"),
    [
        ("", "cannot be read as a list"),
        ('{"a": ["b"]}', "cannot be read as a list"),
        ("[]", "multiparam needs at least one list of texts, and there is none."),
        ('["a", "b"]', "number 1 is not one"),
        ('[["a"], []]', "number 2 is not one"),
        ('[["a"], ["b"], ["c", 5]]', "number 3 is not one"),
        ('[["\\u0000"]]', "number 1 is not one"),
    ],
)
def test_combinations_that_cannot_be_read_say_why(base: str, sentence: str) -> None:
    for ask in (MultiParam().check_base, MultiParam().list_queries):
        with pytest.raises(SplitTypeError) as refused:
            ask(base)
        assert sentence in refused.value.sentence
