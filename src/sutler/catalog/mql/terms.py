"""The part of the tree that says what must be true of a file or a dataset: conditions, their operands and constants."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, timezone
from typing import TypeAlias

from sutler.base.reading import conditions
from sutler.base.reading.conditions import Op
from sutler.catalog.mql.errors import MqlMeaningError

_UNWRITABLE = re.compile("[\"'\x00\ud800-\udfff]")


def is_writable(text: str) -> bool:
    """Whether a text can be written between quotes."""
    return not _UNWRITABLE.search(text)


def check_writable(text: str) -> str:
    """Return a text that can be written between quotes. Raises `MqlMeaningError` for one that cannot."""
    if found := _UNWRITABLE.search(text):
        raise MqlMeaningError(f"a text with the character {found.group()!r} cannot be written in a query.")
    return text


@dataclass(frozen=True, slots=True)
class Number:
    """A finite number; 1 and 1.0 are the same."""

    number: int | float

    def __post_init__(self) -> None:
        if isinstance(self.number, float) and not math.isfinite(self.number):
            raise MqlMeaningError("a number must be finite.")


@dataclass(frozen=True, slots=True)
class Boolean:
    """True or false."""

    truth: bool


@dataclass(frozen=True, slots=True)
class Text:
    """a text without quotation marks of either kind."""

    text: str

    def __post_init__(self) -> None:
        check_writable(self.text)


@dataclass(frozen=True, slots=True)
class Instant:
    """A point in time, aware of its zone. Beside metadata it stands for seconds since 1970."""

    at: datetime


@dataclass(frozen=True, slots=True)
class Day:
    """A whole day in a zone given in minutes east of UTC. Comparing with it means comparing with all of the day."""

    day: date
    zone_minutes: int = 0

    @property
    def begins_at(self) -> datetime:
        """The first instant of the day."""
        zone = timezone(timedelta(minutes=self.zone_minutes)) if self.zone_minutes else UTC
        return datetime.combine(self.day, time(), zone)

    @property
    def ends_at(self) -> datetime:
        """The first instant after the day."""
        return self.begins_at + timedelta(days=1)


Constant = Number | Boolean | Text | Instant | Day


@dataclass(frozen=True, slots=True)
class Attribute:
    """Something every file (or dataset) has, like its name. Its name has no dot."""

    name: str


@dataclass(frozen=True, slots=True)
class Parameter:
    """A metadata parameter; a list stands for its elements, a missing one for nothing."""

    key: str


@dataclass(frozen=True, slots=True)
class AnyOf:
    """Some element of a metadata parameter."""

    key: str


@dataclass(frozen=True, slots=True)
class AllOf:
    """Every element of a metadata parameter; true of none."""

    key: str


@dataclass(frozen=True, slots=True)
class Element:
    """One element of a metadata parameter, from 0. What is no list is a list of one."""

    key: str
    index: int


@dataclass(frozen=True, slots=True)
class Member:
    """One member of a metadata parameter that is an object, or of each object in a list."""

    key: str
    member: str

    def __post_init__(self) -> None:
        check_writable(self.member)


@dataclass(frozen=True, slots=True)
class Length:
    """The length of a metadata parameter that is a list; unknown of anything else."""

    key: str


Values = Parameter | AnyOf | AllOf | Element | Member
Operand = Attribute | Values | Length


@dataclass(frozen=True, slots=True)
class Compare:
    """An operand compared with a constant."""

    operand: Operand
    op: Op
    constant: Constant


@dataclass(frozen=True, slots=True)
class InSet:
    """An operand equals one of the constants, or with `negated` none."""

    operand: Operand
    constants: tuple[Constant, ...]
    negated: bool = False


@dataclass(frozen=True, slots=True)
class InRange:
    """An operand lies between two constants, both included, or with `negated` does not."""

    operand: Operand
    low: Constant
    high: Constant
    negated: bool = False


@dataclass(frozen=True, slots=True)
class Present:
    """A metadata parameter exists, even if it is null, or with `negated` does not."""

    key: str
    negated: bool = False


@dataclass(frozen=True, slots=True)
class Contains:
    """A constant is an element of a metadata parameter or, a text, a part of one; or with `negated` is not."""

    constant: Constant
    key: str
    negated: bool = False


Term = Compare | InSet | InRange | Present | Contains
Condition: TypeAlias = conditions.Condition[Term]
