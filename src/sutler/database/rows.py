"""Turning rows into model values."""

from __future__ import annotations

import dataclasses
import types
import typing
from collections.abc import Iterable
from enum import Enum
from functools import cache
from typing import TypeVar

from sutler.database.transaction import Row

Model = TypeVar("Model")


def into(model: type[Model], row: Row) -> Model:
    """Make a dataclass from the columns of the same names; enum fields are converted.

    Columns without a field are left out; a field without a column needs a default, else TypeError.
    """
    names, enums = _plan(model)  # type: ignore[arg-type]  # a class is hashable; mypy does not see it
    given = {name: row[name] for name in names if name in row.keys()}  # noqa: SIM118 - rows of the driver look up values
    for name, enum in enums:
        if given.get(name) is not None:
            given[name] = enum(given[name])
    return model(**given)


def into_optional(model: type[Model], row: Row | None) -> Model | None:
    """Make a dataclass from a row, or None from no row."""
    return None if row is None else into(model, row)


def into_list(model: type[Model], rows: Iterable[Row]) -> list[Model]:
    """Make a list of dataclasses from rows."""
    return [into(model, row) for row in rows]


@cache
def _plan(model: type) -> tuple[tuple[str, ...], tuple[tuple[str, type[Enum]], ...]]:
    hints = typing.get_type_hints(model)
    names = tuple(field.name for field in dataclasses.fields(model) if field.init)
    enums = tuple((name, enum) for name in names if (enum := _find_enum(hints[name])))
    return names, enums


def _find_enum(hint: object) -> type[Enum] | None:
    if isinstance(hint, type) and issubclass(hint, Enum):
        return hint
    if typing.get_origin(hint) in (typing.Union, types.UnionType):
        return next((enum for part in typing.get_args(hint) if (enum := _find_enum(part))), None)
    return None
