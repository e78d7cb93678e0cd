"""What a split wants of the catalogue: a query, and what is laid over it. A small algebra: filter, group, part."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


@dataclass(frozen=True)
class CreatedWithin:
    """Files declared after one instant and not after another. None means that this end is open."""

    after: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True)
class ValueWithin:
    """Files whose number under a metadata key lies between two numbers, both included."""

    key: str
    low: int
    high: int


Filter = CreatedWithin | ValueWithin


@dataclass(frozen=True)
class GroupBy:
    """One value of a metadata key at a time: all files that share it with the first one.

    The value may be a number, a text, or a list whose items (or the first items of whose items) are such: then a file
    belongs to each of them. With `is_ascending` the smallest number comes first, else the value of the first file.
    """

    key: str
    is_ascending: bool = False


class Measure(StrEnum):
    """What a budget counts."""

    BYTES = "bytes"
    EVENTS = "events"


@dataclass(frozen=True)
class Budget:
    """As many files, in order, as stay within an amount together, and at least one.

    Events are the number under the metadata key `core.event_count`; a file without one counts nothing.
    """

    measure: Measure
    amount: int


@dataclass(frozen=True)
class Part:
    """One of `count` disjoint parts, by every `count`-th file in order, from `number` on, which counts from 0.

    Which files are in which part is kept with the ledger when its first part is taken, and stays.
    """

    number: int
    count: int


@dataclass(frozen=True)
class Selection:
    """Which files a split wants: a query in MQL, as text, what narrows it, and at most how many. None means no limit.

    Filters come first, then the group, then the part, then the limit and the budget.
    """

    query: str
    experiment_id: int
    limit: int | None = None
    filters: tuple[Filter, ...] = ()
    group_by: GroupBy | None = None
    budget: Budget | None = None
    part: Part | None = None
