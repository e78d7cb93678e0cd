"""Constraints: what one may say, and what values they let pass."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from sutler.catalog import NewFile
from sutler.catalog.model import CategoryRule
from sutler.catalog.rules import CategoryRules, RequirementRules, check_constraints, check_requirements, to_problems
from sutler.catalog.rules.constraints import MOST_CONSTRAINTS, MOST_VALUES, check_constraint, make_check
from sutler.catalog.rules.file_problems import find_file_problems
from sutler.catalog.rules.patterns import LONGEST_PATTERN, PatternError, compile_pattern


def says(document: object) -> str:
    """What is wrong with a constraint, in one text."""
    return "; ".join(f"{problem.where}: {problem.what}" for problem in check_constraint(document, "x"))


@pytest.mark.parametrize(
    ("document", "right", "wrong"),
    [
        ({"type": "int"}, [5, True, -1], [5.0, "5", None, [5]]),
        ({"type": "float"}, [5.0, 1e300], [5, True, "5.0", None]),
        ({"type": "text"}, ["", "a"], [1, None, ["a"]]),
        ({"type": "boolean"}, [True, False], [1, "true", None]),
        ({"type": "dict"}, [{}, {"a": 1}], [[], "a", None]),
        ({"type": "list"}, [[], [1, "a"]], [{}, "a", None]),
        ({"type": "any"}, [None, 1, [], {}], []),
        ({}, [None, 1, [], {}], []),
        ({"type": None, "min": None, "values": None}, [None, 1], []),
        ({"type": "int[]", "max": 3}, [[], [1, 2, True]], [[4], [1.0], 1, None, {"a": 1}]),
        ({"type": "text[]", "pattern": "a"}, [["ab"]], [["b"], "ab", [None]]),
        ({"type": "boolean[]"}, [[True]], [[1], True]),
        ({"type": "int", "values": [1, 5]}, [1, 5], [2, "1"]),
        ({"type": "text", "values": ["raw"], "pattern": "x"}, ["raw"], ["x"]),
        ({"type": "int", "min": 1, "max": 3}, [1, 2, 3], [0, 4]),
        ({"type": "float", "min": 1}, [1.0, 5.5], [0.5]),
        ({"type": "text", "min": "b"}, ["b", "c"], ["a"]),
        ({"type": "text", "pattern": "v[0-9]+"}, ["v12", "v1x"], ["xv1", "v"]),
        ({"type": "text", "pattern": "^v[0-9]+$"}, ["v12"], ["v1x"]),
        ({"type": "boolean", "values": [True]}, [False], []),
        ({"type": "list", "min": 3, "max": 5}, [[1]], []),
        ({"min": 1, "max": 3}, [1, 2.5], [4, "a", None, [], True + 3]),
        ({"values": ["a", 1, None]}, ["a", 1, None], ["b", [], {}]),
        ({"pattern": "a"}, ["ab"], ["b", 1, None]),
    ],
)
def test_a_value_passes_or_not(document: dict[str, object], right: list[object], wrong: list[object]) -> None:
    assert says(document) == ""
    check = make_check(document)
    assert [item for item in right if check(item) is not None] == []
    assert [item for item in wrong if check(item) is None] == []


@pytest.mark.parametrize(
    ("document", "said"),
    [
        (3, "an object"),
        ({"minimum": 1}, "minimum is not known; a constraint has type, values, min, max, pattern, required"),
        ({"type": "string"}, "'string' is not a type"),
        ({"type": ["int"]}, "is not a type"),
        ({"required": "yes"}, "required is true or false"),
        ({"values": []}, "a list of 1"),
        ({"values": "abc"}, "a list of 1"),
        ({"values": list(range(MOST_VALUES + 1))}, "a list of 1"),
        ({"type": "int", "values": [1, "2"]}, "2 in values is not what"),
        ({"type": "int", "values": [True]}, "in values is not what"),
        ({"values": [[1]]}, "in values is not what"),
        ({"type": "int", "min": "1"}, "min 1 is not what"),
        ({"type": "text", "max": 3}, "max 3 is not what"),
        ({"type": "int", "min": True}, "min True is not what"),
        ({"type": "float", "min": float("nan")}, "min nan is not what"),
        ({"type": "int", "min": 5, "max": 4}, "min 5 is above max 4"),
        ({"min": "a", "max": 4}, "both numbers or both texts"),
        ({"type": "int", "pattern": "a"}, "for parameters of type text"),
        ({"type": "text", "pattern": 3}, "for parameters of type text"),
        ({"type": "text", "pattern": "[a"}, "cannot be used: missing ]"),
    ],
)
def test_what_is_no_constraint_is_told(document: object, said: str) -> None:
    assert said in says(document)


def test_names_are_single_words_in_categories_and_whole_in_requirements() -> None:
    assert check_constraints({"run": {}}, "c") == []
    assert check_requirements({"core.run": {}}) == []
    assert [problem.what for problem in check_constraints({"a.b": {}, "": {}, "a\n": {}}, "c")] == [
        "'a.b' is not a name: one word without dots",
        "'' is not a name: one word without dots",
        r"'a\n' is not a name: one word without dots",
    ]
    assert len(check_requirements({"run": {}, "a..b": {}, ".": {}})) == 3
    many: dict[str, object] = {f"k{number}": {} for number in range(MOST_CONSTRAINTS + 1)}
    assert [problem.what for problem in check_constraints(many, "c")] == [
        "there are 1001 constraints; 1000 is the most"
    ]


@pytest.mark.parametrize(
    "text",
    [
        "(",
        ")",
        "[",
        "a**",
        "*",
        "(?=a)",
        r"(a)\1",
        "\\",
        "[b-a]",
        "a{3,2}",
        "(a{100}){100}",
        "\ud800",
        "a" * (LONGEST_PATTERN + 1),
    ],
)
def test_a_pattern_that_cannot_be_used_says_so(text: str) -> None:
    with pytest.raises(PatternError):
        compile_pattern(text)


def test_a_pattern_is_matched_from_the_beginning_and_need_not_reach_the_end() -> None:
    cases = {
        r"a{2,3}$": (["aa", "aaa"], ["a", "aaaa"]),
        r"(raw|reco)_\d{4}": (["raw_0001", "reco_1234_x"], ["sim_0001", "raw_1", "x_raw_0001"]),
        r"a|": (["a", "", "b"], []),
        r"é+$": (["éé"], ["éa"]),
    }
    for text, (right, wrong) in cases.items():
        pattern = compile_pattern(text)
        assert [value for value in right if not pattern.matches(value)] == [], text
        assert [value for value in wrong if pattern.matches(value)] == [], text


def test_requirements_judge_by_whole_names() -> None:
    rules = RequirementRules([{"core.run": {"type": "int", "required": True}}, {"core.run": {"max": 3}, "a.b": {}}])
    assert [one.reason for one in rules.find_problems({})] == ["it is required and missing"]
    assert rules.find_problems({}, is_whole=False) == []
    assert [one.reason for one in rules.find_problems({"core.run": 5})] == ["value 5 out of range (max:3)"]


def test_a_thousand_files_of_thirty_keys_are_judged_quickly() -> None:
    kinds: list[dict[str, object]] = [
        {"type": "int", "min": 0, "max": 10**6},
        {"type": "text", "pattern": r"v\d+_\d+"},
        {"type": "text", "values": ["raw", "reco"]},
    ]
    samples: list[Callable[[int], object]] = [lambda n: n, lambda n: f"v{n}_1", lambda n: ("raw", "reco")[n % 2]]
    rules = CategoryRules([CategoryRule("core", True, True, {f"k{k}": kinds[k % 3] for k in range(30)})])
    files = [{f"core.k{k}": samples[k % 3](n) for k in range(30)} for n in range(1000)]
    rules.find_problems(files[0])
    began = time.perf_counter()
    assert not any(rules.find_problems(file) for file in files)
    # A tenth of this is usual; the bound is for machines that are busy.
    assert time.perf_counter() - began < 0.5


def test_problems_of_files_are_told_for_people_too() -> None:
    found = find_file_problems([NewFile("demo", "a", metadata={"x": 1, "y": 2}), NewFile("demo", "a")])
    assert [(problem.where, problem.what) for problem in to_problems(found)] == [
        ("demo:a", "metadata 'x': a key is written category.name, with a dot"),
        ("demo:a", "metadata 'y': a key is written category.name, with a dot"),
        ("demo:a", "is given twice"),
    ]
