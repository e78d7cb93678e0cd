"""Whole numbers within bounds: what does not fit into the database is refused where it comes in."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any

LARGEST_INT64 = 2**63 - 1
LARGEST_INT32 = 2**31 - 1


@dataclass(frozen=True)
class Bounds:
    """The least and the largest value of a field. Validators that look for their own method find it here."""

    least: int
    most: int

    def __get_pydantic_core_schema__(self, source: object, build: Callable[[object], dict[str, Any]]) -> dict[str, Any]:
        """Add the bounds to the validator of the number."""
        return {**build(source), "ge": self.least, "le": self.most}


Id = Annotated[int, Bounds(1, LARGEST_INT64)]
"""The number of something."""

Size = Annotated[int, Bounds(0, LARGEST_INT64)]
"""A number of bytes."""

Amount = Annotated[int, Bounds(1, LARGEST_INT32)]
"""How many of something, at least one."""

Limit = Annotated[int, Bounds(0, LARGEST_INT32)]
"""How many of something at most, where 0 says that there is no limit."""

SmallInt = Annotated[int, Bounds(-LARGEST_INT32, LARGEST_INT32)]
"""A whole number that people choose."""
