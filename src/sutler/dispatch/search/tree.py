"""What must be true of a project: conditions, their operands and constants."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from enum import Enum
from typing import TypeAlias

from sutler.base.reading import conditions
from sutler.base.reading.conditions import Op


@dataclass(frozen=True, slots=True)
class Number:
    """A number, with the way it was written: beside a text it is a text."""

    number: Decimal
    written: str


@dataclass(frozen=True, slots=True)
class Truth:
    """True or false, with the way it was written."""

    truth: bool
    written: str


@dataclass(frozen=True, slots=True)
class Text:
    """A text."""

    written: str


Constant = Number | Truth | Text


class Field(Enum):
    """Something every project has, by the name that searches use."""

    ID = "id"
    OWNER = "owner"
    STATE = "state"
    QUERY = "query"
    CREATED = "created_timestamp"
    ENDED = "ended_timestamp"
    WORKER_TIMEOUT = "worker_timeout"
    IDLE_TIMEOUT = "idle_timeout"


@dataclass(frozen=True, slots=True)
class Attribute:
    """An attribute of the project; a list stands for its elements."""

    key: str


@dataclass(frozen=True, slots=True)
class Some:
    """Some element of an attribute; what is no list is a list of one."""

    key: str


@dataclass(frozen=True, slots=True)
class Every:
    """Every element of an attribute that is there; what is no list is a list of one."""

    key: str


@dataclass(frozen=True, slots=True)
class Element:
    """One element of an attribute, from 0, or from the end when negative; what is no list is a list of one."""

    key: str
    index: int


@dataclass(frozen=True, slots=True)
class Member:
    """One member of an attribute that is an object, or of each object in a list."""

    key: str
    member: str


@dataclass(frozen=True, slots=True)
class Length:
    """The length of an attribute that is a list."""

    key: str


Values = Attribute | Some | Every | Element | Member
Operand = Field | Values | Length


@dataclass(frozen=True, slots=True)
class Compare:
    """An operand compared with a constant of its type."""

    operand: Operand
    op: Op
    constant: Constant


@dataclass(frozen=True, slots=True)
class InSet:
    """An operand equals one of the constants, or with `is_negated` none."""

    operand: Operand
    constants: tuple[Constant, ...]
    is_negated: bool = False


@dataclass(frozen=True, slots=True)
class InRange:
    """An operand lies between two constants of one type, both included, or with `is_negated` does not."""

    operand: Operand
    low: Constant
    high: Constant
    is_negated: bool = False


@dataclass(frozen=True, slots=True)
class Contains:
    """A constant is an element of a list or a part of a text, or with `is_negated` is not."""

    constant: Constant
    operand: Field | Attribute
    is_negated: bool = False


@dataclass(frozen=True, slots=True)
class Present:
    """The project has an attribute, even if it is null, or with `is_negated` has not."""

    key: str
    is_negated: bool = False


Term = Compare | InSet | InRange | Contains | Present
Condition: TypeAlias = conditions.Condition[Term]
