"""Filters of a selection, laid over the tree of a query.

`lay_over` is for the compiler, which puts a condition where it is served best. `write_narrowed` is for readers: people,
and other servers, whose parsers do not take one condition on top of another. There the condition joins the one that is
there, or stands beside the query in a join.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime

from sutler.base.errors import InvalidInputError, Problem
from sutler.base.reading.conditions import And, Op
from sutler.catalog.model import CreatedWithin, Filter, ValueWithin
from sutler.catalog.mql.printer import to_text
from sutler.catalog.mql.sizes import count_terms
from sutler.catalog.mql.terms import Attribute, Compare, Condition, InRange, Instant, Number, Parameter, Term
from sutler.catalog.mql.tree import (
    AllFiles,
    FileQuery,
    Filtered,
    Join,
    Limit,
    Minus,
    Ordered,
    SelectedBy,
    Skip,
    Union,
    Where,
)

MAX_WRITTEN_TERMS = 128
"""How many terms all copies of the condition may have together in a text."""

_KEY = re.compile(r"[A-Za-z][A-Za-z0-9_]*(\.[A-Za-z][A-Za-z0-9_]*)+")
_CREATED = Attribute("created_timestamp")


def lay_over(tree: FileQuery, filters: Sequence[Filter]) -> FileQuery:
    """Return those files of a set that pass all filters. Raises InvalidInputError for a filter that makes no sense."""
    condition = _condition_of(filters)
    return tree if condition is None else Where(tree, condition)


def write_narrowed(tree: FileQuery, filters: Sequence[Filter]) -> str:
    """Return a text for those files of a set that pass all filters. Raises what `lay_over` raises, MqlMeaningError."""
    condition = _condition_of(filters)
    return to_text(tree if condition is None else _place(tree, condition))


def _condition_of(filters: Sequence[Filter]) -> Condition | None:
    terms = tuple(term for one in filters for term in _terms_of(one))
    return And(terms) if len(terms) > 1 else next(iter(terms), None)


def _terms_of(one: Filter) -> list[Term]:
    match one:
        case CreatedWithin(after, until):
            ends = ((Op.GT, "after", after), (Op.LE, "until", until))
            return [Compare(_CREATED, op, Instant(_in_utc(name, at))) for op, name, at in ends if at is not None]
        case ValueWithin(key, low, high):
            if not _KEY.fullmatch(key):
                raise InvalidInputError([Problem("key", f"{key!r} is no metadata key: it needs words with a dot")])
            return [InRange(Parameter(key), Number(low), Number(high))]


def _in_utc(name: str, at: datetime) -> datetime:
    if at.tzinfo is None:
        raise InvalidInputError([Problem(name, f"{at.isoformat()} has no time zone")])
    return at.astimezone(UTC)


def _place(tree: FileQuery, condition: Condition) -> FileQuery:  # noqa: PLR0911 - one return per kind of set
    """The files of a set for which a condition is true, so that no condition stands on a set that has one."""
    match tree:
        case Where(Where() | Minus() | Ordered() | Join() | Union() as source, first):
            return _place(_place(source, first), condition)
        case Where(source, first):
            return Where(source, And((*_items(first), *_items(condition))))
        case Minus(left, right):
            return Minus(_place(left, condition), right)
        case Ordered(source):
            return Ordered(_place(source, condition))
        case Join(parts):
            return Join((_place(parts[0], condition), *parts[1:]))
        case Union(parts) if len(parts) * count_terms(condition) <= MAX_WRITTEN_TERMS:
            return Union(tuple(_place(part, condition) for part in parts))
        case Limit() | Skip() | Filtered() | SelectedBy() | Union():
            return Join((tree, Where(AllFiles(), condition)))
        case _:
            return Where(tree, condition)


def _items(condition: Condition) -> tuple[Condition, ...]:
    return condition.items if isinstance(condition, And) else (condition,)
