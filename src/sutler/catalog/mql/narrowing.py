"""What follows from a condition that an index on a metadata key can tell.

An index on a key holds one value per file: its number, or the beginning of its text. Lists, and what does not fit,
stand in it as one value behind all others, so that they are found by every question and looked at. Here a condition
becomes ranges of such values; the condition itself stays beside them and decides.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Literal

from sutler.base.reading.conditions import And, Op, Or
from sutler.catalog.model import KeyKind
from sutler.catalog.mql.subjects import Subject
from sutler.catalog.mql.terms import (
    AnyOf,
    Compare,
    Condition,
    Constant,
    Day,
    InRange,
    Instant,
    Number,
    Parameter,
    Text,
)
from sutler.database.sql import Fragment, sql, value

IndexedKeys = Collection[tuple[str, KeyKind]]
End = Decimal | str

LONGEST_TEXT = 200
"""So many characters of a text are in an index."""
LAST_CHARACTER = "\U0010ffff"
_NOT_A_NUMBER = value(Decimal("NaN"), "numeric")
_LAST_TEXT = value(LAST_CHARACTER, "text")
_PREFIX = re.compile(r"\^([A-Za-z0-9_ /:,@-]+)([?*{]?)")


@dataclass(frozen=True, slots=True)
class _Range:
    """Values of a key, both ends included; None means that there is no end."""

    key: str
    kind: KeyKind
    low: End | None
    high: End | None

    def meet(self, other: _Range) -> _Range:
        """What is in both ranges of the same key and kind."""
        lows = [end for end in (self.low, other.low) if end is not None]
        highs = [end for end in (self.high, other.high) if end is not None]
        return _Range(self.key, self.kind, _largest(lows), _smallest(highs))


def narrow(condition: Condition, subject: Subject, keys: IndexedKeys) -> list[Fragment]:
    """Expressions that are true wherever a condition is, each of which an index on one of the keys can serve."""
    if not keys:
        return []
    match condition:
        case And(items):
            ranges = [found for item in items if (found := _find_range(item, keys))]
            others = [part for item in items if isinstance(item, And | Or) for part in narrow(item, subject, keys)]
            return [_as_sql(one, subject) for one in _meet_all(ranges)] + others
        case Or(items):
            parts = [narrow(item, subject, keys) for item in items]
            if not all(parts):
                return []
            return [sql("(") + Fragment.join(" or ", [_all_of(part) for part in parts]) + sql(")")]
        case _:
            found = _find_range(condition, keys)
            return [_as_sql(found, subject)] if found else []


def _all_of(parts: Sequence[Fragment]) -> Fragment:
    return sql("(") + Fragment.join(" and ", parts) + sql(")")


def _meet_all(ranges: Sequence[_Range]) -> list[_Range]:
    met: dict[tuple[str, KeyKind], _Range] = {}
    for one in ranges:
        place = (one.key, one.kind)
        met[place] = met[place].meet(one) if place in met else one
    return list(met.values())


def _find_range(term: Condition, keys: IndexedKeys) -> _Range | None:
    match term:
        case Compare(Parameter(key) | AnyOf(key), op, constant):
            ends = _ends_of_comparison(op, constant)
        case InRange(Parameter(key) | AnyOf(key), low, high, negated=False):
            ends = (_begin(low), _end(high))
        case _:
            return None
    known = [end for end in ends if end is not None]
    if not known:
        return None
    kind = KeyKind.TEXT if isinstance(known[0], str) else KeyKind.NUMBER
    return _Range(key, kind, *ends) if (key, kind) in keys else None


def _ends_of_comparison(op: Op, constant: Constant) -> tuple[End | None, End | None]:  # noqa: PLR0911 - one per sign
    match op:
        case Op.EQ:
            return _begin(constant), _end(constant)
        case Op.LT:
            return None, _begin(constant)
        case Op.LE:
            return None, _end(constant)
        case Op.GT:
            return _end(constant), None
        case Op.GE:
            return _begin(constant), None
        case Op.MATCH if isinstance(constant, Text):
            return _ends_of_pattern(constant.text)
        case _:
            return None, None


def _ends_of_pattern(regexp: str) -> tuple[str | None, str | None]:
    """The texts that begin as an anchored pattern says. With alternatives somewhere in it nothing is known."""
    found = _PREFIX.match(regexp)
    if found is None or "|" in regexp:
        return None, None
    prefix = found[1][:-1] if found[2] else found[1]
    if not prefix:
        return None, None
    prefix = prefix[:LONGEST_TEXT]
    return prefix, prefix[:-1] + chr(ord(prefix[-1]) + 1)


def _begin(constant: Constant) -> End | None:
    match constant:
        case Number(number):
            return Decimal(repr(number))
        case Text(text):
            return min(text[:LONGEST_TEXT], LAST_CHARACTER)
        case Instant(at):
            return _seconds(at)
        case Day():
            return _seconds(constant.begins_at)
        case _:
            return None


def _end(constant: Constant) -> End | None:
    return _seconds(constant.ends_at) if isinstance(constant, Day) else _begin(constant)


def _seconds(at: datetime) -> Decimal:
    return Decimal(repr(at.timestamp()))


def _largest(ends: Sequence[End]) -> End | None:
    return max(ends) if ends else None


def _smallest(ends: Sequence[End]) -> End | None:
    return min(ends) if ends else None


def _as_sql(found: _Range, subject: Subject) -> Fragment:
    place = subject.metadata + sql(", ") + value(found.key, "text") + sql(")")
    if found.kind is KeyKind.NUMBER:
        return _between(sql("catalog.number_at(") + place, found, _NOT_A_NUMBER, "numeric")
    return _between(sql("catalog.text_at(") + place + sql(' collate "C"'), found, _LAST_TEXT, "text")


def _between(expression: Fragment, found: _Range, last: Fragment, cast: Literal["numeric", "text"]) -> Fragment:
    """What comes last stands for values to be looked at: it is above every lower end, and asked for beside an upper."""
    low = [] if found.low is None else [expression + sql(" >= ") + value(found.low, cast)]
    if found.high is None:
        return low[0]
    ends = [*low, expression + sql(" <= ") + value(found.high, cast)]
    return sql("(") + Fragment.join(" and ", ends) + sql(" or ") + expression + sql(" = ") + last + sql(")")
