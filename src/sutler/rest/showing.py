"""From model values of the rooms to the shapes of the wire."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable
from datetime import timedelta
from typing import TypeVar

from sutler.base.errors import InvalidInputError, Problem
from sutler.database.listing import Page
from sutler.wire import page as wire

LONGEST_SECONDS = 10 * 366 * 86_400

Shape = TypeVar("Shape")
Item = TypeVar("Item")


def show(shape: type[Shape], model: object, **given: object) -> Shape:
    """Make a shape of the wire from the attributes of a model value that have the same names.

    `given` overrides them. `…_seconds` is taken from the timedelta without that ending.
    """
    values = {
        field.name: given[field.name] if field.name in given else _get(model, field.name)
        for field in dataclasses.fields(shape)  # type: ignore[arg-type]  # a shape is a dataclass
    }
    return shape(**values)


def show_all(shape: type[Shape], models: Iterable[object], **given: object) -> tuple[Shape, ...]:
    """Make a shape of each model value; `given` overrides the same fields in all of them."""
    return tuple(show(shape, model, **given) for model in models)


def show_page(page: Page[Item], make: Callable[[Item], Shape]) -> wire.Page[Shape]:
    """Make a page of shapes from a page of model values."""
    return wire.Page(items=tuple(make(item) for item in page.items), next_cursor=page.next_cursor)


def _get(model: object, name: str) -> object:
    if name.endswith("_seconds") and not hasattr(model, name):
        return to_seconds(getattr(model, name.removesuffix("_seconds")))
    return getattr(model, name)


def to_seconds(duration: timedelta | None) -> float | None:
    """Return the seconds of a duration; None stays None."""
    return None if duration is None else duration.total_seconds()


def to_duration(seconds: float | None, where: str) -> timedelta | None:
    """Return the duration of some seconds; None stays None. Raises InvalidInputError for what is no sensible time."""
    if seconds is None:
        return None
    if not 0 < seconds <= LONGEST_SECONDS:
        raise InvalidInputError([Problem(where, f"must be above 0 and at most {LONGEST_SECONDS} seconds")])
    return timedelta(seconds=seconds)
