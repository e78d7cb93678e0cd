"""Typed decoders made from the shapes of the wire. They take what nobody could find fault with, and nothing else."""

from __future__ import annotations

import dataclasses
import types
import typing
from collections.abc import Callable
from typing import Annotated, Any, TypeVar, cast

import msgspec

from sutler.wire.bounds import Bounds

Shape = TypeVar("Shape")

_NUL = b"\\u0000"


def make_decoder(shape: type[Shape]) -> Callable[[bytes], Shape | None]:
    """Return what makes a shape of a JSON text, or None of a text that somebody has to look at more closely.

    None means: not JSON, not of this shape, with fields that are unknown, or with characters that cannot be stored.
    Nothing is converted but whole numbers where any number may stand.
    """
    decoder = msgspec.json.Decoder(make_struct(shape))

    def decode(body: bytes) -> Shape | None:
        if _NUL in body:
            return None
        try:
            # A struct with the same fields is as good as the shape for everybody who only reads it.
            return cast("Shape", decoder.decode(body))
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError, ValueError):
            return None

    return decode


def make_struct(shape: type) -> type[msgspec.Struct]:
    """Return a struct with the fields, defaults and bounds of a dataclass of the wire, and of those it consists of."""
    hints = typing.get_type_hints(shape, include_extras=True)
    fields = [_translate_field(field, hints[field.name]) for field in dataclasses.fields(shape)]
    return msgspec.defstruct(shape.__name__, fields, forbid_unknown_fields=True, frozen=True)


def _translate_field(field: dataclasses.Field[Any], hint: Any) -> tuple[str, Any, Any]:  # noqa: ANN401 - types of fields
    default: Any = msgspec.NODEFAULT if field.default is dataclasses.MISSING else field.default
    if field.default_factory is not dataclasses.MISSING:
        default = msgspec.field(default_factory=field.default_factory)
    return field.name, _translate(hint), default


def _translate(hint: Any) -> Any:  # noqa: ANN401 - types of fields
    if dataclasses.is_dataclass(hint):
        return make_struct(cast("type", hint))
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin is Annotated:
        [bounds] = [mark for mark in arguments[1:] if isinstance(mark, Bounds)]
        return Annotated[arguments[0], msgspec.Meta(ge=bounds.least, le=bounds.most)]
    if origin in (typing.Union, types.UnionType):
        return typing.Union[tuple(map(_translate, arguments))]  # noqa: UP007 - made of a list
    if origin is tuple:
        return tuple[_translate(arguments[0]), ...]  # type: ignore[misc]  # made at run time
    return hint
