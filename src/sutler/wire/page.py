"""One page of a list, and small replies that many routes share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Generic, TypeVar

Item = TypeVar("Item")


@dataclass(frozen=True)
class Page(Generic[Item]):
    """One page of a list. `next_cursor` asks for the next one; null on the last page."""

    items: tuple[Item, ...]
    next_cursor: str | None = None


@dataclass(frozen=True)
class Count:
    """How many there are, or how many were changed."""

    count: int
