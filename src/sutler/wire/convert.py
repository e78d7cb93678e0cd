"""Between dataclasses and the values that JSON knows."""

from __future__ import annotations

import dataclasses
import types
import typing
from collections.abc import Mapping
from datetime import UTC, datetime
from enum import Enum
from functools import cache
from typing import Any, TypeVar
from uuid import UUID

Shape = TypeVar("Shape")

_SCALARS = (str, int, float, bool)

_KINDS = {str: "a text", int: "a whole number", float: "a number", bool: "true or false", dict: "an object"}


@dataclasses.dataclass(frozen=True)
class _Reading:
    """What the type variables stand for at this place, and how strict to be."""

    names: Mapping[Any, Any]
    refuses_unknown: bool


class ShapeError(ValueError):
    """A document does not have the shape that was expected; the text says where."""


def to_json(item: object) -> Any:  # noqa: ANN401 - whatever JSON knows
    """Return dataclasses as objects, sequences as lists, instants as RFC 3339 with `Z`, enums as their values.

    Raises TypeError for what JSON cannot hold, and ValueError for an instant without a zone.
    """
    if dataclasses.is_dataclass(item) and not isinstance(item, type):
        return {field.name: to_json(getattr(item, field.name)) for field in dataclasses.fields(item)}
    if isinstance(item, Mapping):
        return {str(key): to_json(part) for key, part in item.items()}
    if isinstance(item, list | tuple | set | frozenset):
        return [to_json(part) for part in item]
    return _scalar_to_json(item)


def from_json(
    shape: type[Shape], document: object, *, where: str = "the document", refuses_unknown: bool = False
) -> Shape:
    """Return a dataclass (or any type that its fields may have) from what JSON held.

    Unknown fields are ignored, so that a newer server can be read, unless they are refused. Raises ShapeError, which
    names the place within `where`.
    """
    return typing.cast("Shape", _read(shape, document, _Reading({}, refuses_unknown=refuses_unknown), where))


def _scalar_to_json(item: object) -> object:
    if isinstance(item, Enum):
        return item.value
    if isinstance(item, datetime):
        if item.tzinfo is None:
            raise ValueError(f"{item} has no time zone")
        return item.astimezone(UTC).isoformat().replace("+00:00", "Z")
    if isinstance(item, UUID):
        return str(item)
    if item is None or isinstance(item, _SCALARS):
        return item
    raise TypeError(f"JSON cannot hold a {type(item).__name__}")


def _read(shape: Any, item: object, reading: _Reading, where: str) -> object:  # noqa: ANN401 - types of fields
    if shape is Any or shape is object:
        return item
    if isinstance(shape, TypeVar):
        return _read(reading.names.get(shape, Any), item, reading, where)
    origin = typing.get_origin(shape)
    if origin is not None:
        return _read_generic(shape, origin, item, reading, where)
    if dataclasses.is_dataclass(shape):
        return _read_dataclass(typing.cast("type", shape), item, dataclasses.replace(reading, names={}), where)
    return _read_scalar(shape, item, where)


def _read_generic(
    shape: Any,  # noqa: ANN401 - types of fields
    origin: Any,  # noqa: ANN401
    item: object,
    reading: _Reading,
    where: str,
) -> object:
    arguments = typing.get_args(shape)
    if origin in (typing.Union, types.UnionType):
        return _read_union(arguments, item, reading, where)
    if origin is typing.Literal:
        return _expect(item in arguments, item, where, f"one of {', '.join(map(str, arguments))}")
    if origin is tuple:
        return _read_tuple(arguments, item, reading, where)
    if origin is list:
        parts = typing.cast("list[object]", _expect(isinstance(item, list), item, where, "a list"))
        return [_read(arguments[0], part, reading, f"{where}[{at}]") for at, part in enumerate(parts)]
    if origin is dict:
        entries = typing.cast("dict[str, object]", _expect(isinstance(item, dict), item, where, "an object"))
        return {key: _read(arguments[1], part, reading, f"{where}.{key}") for key, part in entries.items()}
    names = dict(zip(origin.__parameters__, arguments, strict=True))
    return _read_dataclass(origin, item, dataclasses.replace(reading, names=names), where)


def _read_union(choices: tuple[Any, ...], item: object, reading: _Reading, where: str) -> object:
    """Only optional values are used: `T | None`."""
    if item is None and types.NoneType in choices:
        return None
    [choice] = [choice for choice in choices if choice is not types.NoneType]
    return _read(choice, item, reading, where)


def _read_tuple(arguments: tuple[Any, ...], item: object, reading: _Reading, where: str) -> tuple[object, ...]:
    parts = typing.cast("list[object]", _expect(isinstance(item, list | tuple), item, where, "a list"))
    if len(arguments) == 2 and arguments[1] is Ellipsis:
        shapes: tuple[Any, ...] = (arguments[0],) * len(parts)
    else:
        _expect(len(parts) == len(arguments), item, where, f"a list of {len(arguments)}")
        shapes = arguments
    pairs = enumerate(zip(shapes, parts, strict=True))
    return tuple(_read(shape, part, reading, f"{where}[{at}]") for at, (shape, part) in pairs)


def _read_dataclass(shape: type, item: object, reading: _Reading, where: str) -> object:
    document = typing.cast("dict[str, object]", _expect(isinstance(item, dict), item, where, "an object"))
    fields = _list_fields(shape)
    unknown = sorted(document.keys() - dict(fields).keys())
    if unknown and reading.refuses_unknown:
        raise ShapeError(f"{where} has the unknown field {unknown[0]}; known: {', '.join(dict(fields))}")
    missing = [name for name in _list_required(shape) if name not in document]
    if missing:
        raise ShapeError(f"{where} lacks {', '.join(missing)}")
    given = {name: _read(hint, document[name], reading, f"{where}.{name}") for name, hint in fields if name in document}
    return shape(**given)


def _read_scalar(shape: Any, item: object, where: str) -> object:  # noqa: ANN401 - types of fields
    if shape is datetime:
        return _read_instant(item, where)
    if shape is float and isinstance(item, int) and not isinstance(item, bool):
        return float(item)
    if shape is UUID or issubclass(shape, Enum):
        try:
            return shape(item)
        except (ValueError, AttributeError) as error:
            raise ShapeError(f"{where} is no {shape.__name__}: {item!r}") from error
    is_right = isinstance(item, shape) and (shape is bool or not isinstance(item, bool))
    return _expect(is_right, item, where, _KINDS.get(shape, f"a {shape.__name__}"))


def _read_instant(item: object, where: str) -> datetime:
    try:
        instant = datetime.fromisoformat(typing.cast("str", item))
    except (TypeError, ValueError) as error:
        raise ShapeError(f"{where} is not an instant: {item!r}") from error
    _expect(instant.tzinfo is not None, item, where, "an instant with its zone")
    return instant.astimezone(UTC)


def _expect(is_right: bool, item: object, where: str, what: str) -> object:  # noqa: FBT001 - a condition
    if not is_right:
        raise ShapeError(f"{where} should be {what}, not {item!r}")
    return item


@cache
def _list_fields(shape: type) -> tuple[tuple[str, Any], ...]:
    hints = typing.get_type_hints(shape)
    return tuple((field.name, hints[field.name]) for field in dataclasses.fields(shape))


@cache
def _list_required(shape: type) -> tuple[str, ...]:
    return tuple(
        field.name
        for field in dataclasses.fields(shape)
        if field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING
    )
