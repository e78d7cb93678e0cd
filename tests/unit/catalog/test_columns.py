"""Columns of tables: how they are asked for, which type values get, which values fit."""

from __future__ import annotations

import pytest

from sutler.base.errors import InvalidInputError
from sutler.catalog import Column, ColumnType, read_columns
from sutler.catalog.rules import MISFIT, choose_type, fit


def test_columns_have_a_type_after_the_last_colon_or_none() -> None:
    assert read_columns(["core.run", " core.events:int64", "a.b:c:list<utf8>", "core.run"]) == (
        Column("core.run"),
        Column("core.events", ColumnType.INT64),
        Column("a.b:c", ColumnType.UTF8_LIST),
    )


@pytest.mark.parametrize(
    ("texts", "said"),
    [
        (["core.run:int46"], "does not end with one of the types"),
        (["core.run:"], "does not end with one of the types"),
        ([""], "is no key of metadata"),
        ([":int64"], "is no key of metadata"),
        (["run"], "these have a dot"),
        (["fid"], "is in every table"),
        (["core.run:int64", "core.run:utf8"], "is there with two types"),
        ([f"core.n{number}" for number in range(201)], "are 201; 200 is the most"),
        (["core.\0"], "is no key of metadata"),
    ],
)
def test_columns_that_cannot_be_used_are_refused(texts: list[str], said: str) -> None:
    with pytest.raises(InvalidInputError, match=said):
        read_columns(texts)


@pytest.mark.parametrize(
    ("items", "kind"),
    [
        ([1, None, 2], "int64"),
        ([1, 2.5], "float64"),
        ([1.0], "float64"),
        ([True, None], "bool"),
        ([True, 1], "json"),
        (["a", "b"], "utf8"),
        (["a", 1], "json"),
        ([[1], [], None, [None, 2]], "list<int64>"),
        ([["a"], [1]], "json"),
        ([[1], 1], "json"),
        ([[[1]]], "json"),
        ([[]], "json"),
        ([{"a": 1}], "json"),
        ([None], "json"),
        ([], "json"),
        ([2**63], "json"),
        ([2**53 + 1, 0.5], "json"),
        ([-(2**63)], "int64"),
    ],
)
def test_values_get_the_narrowest_type_that_all_of_them_fit(items: list[object], kind: str) -> None:
    assert choose_type(items) == kind
    assert all(fit(item, ColumnType(kind)) is not MISFIT for item in items)


@pytest.mark.parametrize(
    ("item", "kind", "fitted"),
    [
        (5.0, "int64", 5),
        (5.5, "int64", MISFIT),
        (True, "int64", MISFIT),
        ("5", "int64", MISFIT),
        (2**63, "int64", MISFIT),
        (1e300, "int64", MISFIT),
        (5, "float64", 5.0),
        (2**53 + 1, "float64", MISFIT),
        (True, "float64", MISFIT),
        (1, "bool", MISFIT),
        (1, "utf8", MISFIT),
        (None, "utf8", None),
        ([1, 2.0, None], "list<int64>", [1, 2, None]),
        ([1, "a"], "list<int64>", MISFIT),
        (1, "list<int64>", MISFIT),
        ({"b": ["\N{MICRO SIGN}", 1]}, "json", '{"b":["\N{MICRO SIGN}",1]}'),
        ("a", "json", '"a"'),
    ],
)
def test_what_does_not_fit_exactly_does_not_fit(item: object, kind: str, fitted: object) -> None:
    found = fit(item, ColumnType(kind))
    assert found == fitted
    assert type(found) is type(fitted)
