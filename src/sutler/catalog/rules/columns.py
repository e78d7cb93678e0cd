"""Columns of tables of files: how they are asked for, which type fits values, which values fit a type. Pure."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final

from sutler.base.errors import InvalidInputError, Problem
from sutler.catalog.model.columns import Column, ColumnType
from sutler.catalog.rules.files import LONGEST_NAME, check_text

MOST_COLUMNS = 200
FACTS: Final = ("namespace", "name", "fid", "size_bytes", "created_at", "created_by")
"""The columns that every table has."""

METADATA = "metadata"
"""The column with all metadata, of a table for which no keys were asked."""

_LARGEST_INT64 = 2**63 - 1
_LARGEST_EXACT = 2**53


class Misfit:
    """Stands for a value that does not fit its column."""


MISFIT: Final = Misfit()

LIST_ITEMS: Mapping[ColumnType, ColumnType] = {
    ColumnType.INT64_LIST: ColumnType.INT64,
    ColumnType.FLOAT64_LIST: ColumnType.FLOAT64,
    ColumnType.BOOL_LIST: ColumnType.BOOL,
    ColumnType.UTF8_LIST: ColumnType.UTF8,
}
"""What is in the lists of a column."""

_LISTS = {item: kind for kind, item in LIST_ITEMS.items()}


def read_columns(texts: Iterable[str]) -> tuple[Column, ...]:
    """Return columns that are written as `core.run` or `core.run:int64`, each key once.

    What stands after the last colon is a type: a key with a colon in it needs one. Raises InvalidInputError.
    """
    problems: list[Problem] = []
    columns: dict[str, Column] = {}
    for text in (text.strip() for text in texts):
        column = _read_column(text)
        if isinstance(column, str):
            problems.append(Problem("columns", f"{text[:LONGEST_NAME]!r} {column}"))
        elif column.key in columns and columns[column.key] != column:
            problems.append(Problem("columns", f"{column.key!r} is there with two types"))
        else:
            columns[column.key] = column
    if len(columns) > MOST_COLUMNS:
        problems.append(Problem("columns", f"are {len(columns)}; {MOST_COLUMNS} is the most"))
    if problems:
        raise InvalidInputError(problems)
    return tuple(columns.values())


def choose_type(items: Iterable[object]) -> ColumnType:
    """Return the narrowest type that all values fit: `json` if there is no other, or no value at all."""
    present = [item for item in items if item is not None]
    if present and all(isinstance(item, list) for item in present):
        inner = _choose_scalar([one for item in present if isinstance(item, list) for one in item if one is not None])
        return _LISTS.get(inner, ColumnType.JSON)
    return _choose_scalar(present)


def fit(item: object, kind: ColumnType) -> object:
    """Return a value as its column holds it, MISFIT if it does not fit. Nothing is rounded, and null fits everywhere.

    A whole number fits among fractions as long as it stays exact, and one that is written 5.0 among whole numbers.
    """
    if item is None:
        return None
    if kind not in LIST_ITEMS:
        return _FITS[kind](item)
    if not isinstance(item, list):
        return MISFIT
    items = [None if one is None else _FITS[LIST_ITEMS[kind]](one) for one in item]
    return MISFIT if any(one is MISFIT for one in items) else items


def _read_column(text: str) -> Column | str:
    """Return a column, or what is wrong with it."""
    key, colon, word = text.rpartition(":")
    kind = next((one for one in ColumnType if one == word), None)
    if colon and kind is None:
        return f"does not end with one of the types {', '.join(ColumnType)}"
    key = key if colon else text
    if not key or len(key) > LONGEST_NAME or check_text(key, "columns"):
        return "is no key of metadata"
    if key in FACTS or "." not in key:
        return "is no key of metadata: these have a dot" if key not in FACTS else "is in every table"
    return Column(key, kind)


def _choose_scalar(items: Sequence[object]) -> ColumnType:
    kinds = set(map(type, items))
    if kinds == {bool}:
        return ColumnType.BOOL
    if kinds == {str}:
        return ColumnType.UTF8
    for kinds_of, kind in (({int}, ColumnType.INT64), ({int, float}, ColumnType.FLOAT64)):
        if kinds and kinds <= kinds_of:
            return kind if all(_FITS[kind](item) is not MISFIT for item in items) else ColumnType.JSON
    return ColumnType.JSON


def _fit_int64(item: object) -> object:
    if isinstance(item, float) and item.is_integer() and abs(item) <= _LARGEST_EXACT:
        return int(item)
    is_whole = isinstance(item, int) and not isinstance(item, bool)
    return item if is_whole and -_LARGEST_INT64 - 1 <= item <= _LARGEST_INT64 else MISFIT  # type: ignore[operator]


def _fit_float64(item: object) -> object:
    if isinstance(item, int) and not isinstance(item, bool):
        return float(item) if abs(item) <= _LARGEST_EXACT else MISFIT
    return item if isinstance(item, float) else MISFIT


def _fit_bool(item: object) -> object:
    return item if isinstance(item, bool) else MISFIT


def _fit_utf8(item: object) -> object:
    return item if isinstance(item, str) else MISFIT


def _fit_json(item: object) -> object:
    return json.dumps(item, ensure_ascii=False, separators=(",", ":"))


_FITS: Mapping[ColumnType, Callable[[object], object]] = {
    ColumnType.INT64: _fit_int64,
    ColumnType.FLOAT64: _fit_float64,
    ColumnType.BOOL: _fit_bool,
    ColumnType.UTF8: _fit_utf8,
    ColumnType.JSON: _fit_json,
}
