"""Projects as plain Python values, with one of everything that searches tell apart, and what a search means there."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from tests.conftest import NOON

from sutler.dispatch.search import (
    And,
    Attribute,
    Compare,
    Condition,
    Constant,
    Contains,
    Element,
    Every,
    Field,
    InRange,
    InSet,
    Length,
    Member,
    Not,
    Number,
    Op,
    Operand,
    Or,
    Present,
    Some,
    Text,
    Truth,
)

DAY = timedelta(days=1)

_ORDER: dict[Op, Callable[[Any, Any], bool]] = {
    Op.EQ: operator.eq, Op.NE: operator.ne, Op.LT: operator.lt,
    Op.LE: operator.le, Op.GT: operator.gt, Op.GE: operator.ge,
}  # fmt: skip


@dataclass(frozen=True)
class Searched:
    """A project as searches see it."""

    id: int
    attributes: Mapping[str, Any]
    owner: str = "ada"
    state: str = "active"
    query: str | None = None
    created_at: datetime = NOON
    ended_at: datetime | None = None
    worker_timeout: timedelta | None = None
    idle_timeout: timedelta | None = None

    @property
    def facts(self) -> Mapping[Field, object]:
        return {
            Field.ID: Decimal(self.id),
            Field.OWNER: self.owner,
            Field.STATE: self.state,
            Field.QUERY: self.query,
            Field.CREATED: self.created_at,
            Field.ENDED: self.ended_at,
            Field.WORKER_TIMEOUT: _seconds(self.worker_timeout),
            Field.IDLE_TIMEOUT: _seconds(self.idle_timeout),
        }


PROJECTS = (
    Searched(1, {"n": 1, "t": "raw", "l": [1, 2, 3]}, query="files from dc4:raw"),
    Searched(2, {"n": 5, "t": "Raw", "l": [2]}, owner="bob", state="done", ended_at=NOON + DAY),
    Searched(3, {"n": 10, "t": "reco", "l": []}, worker_timeout=timedelta(minutes=1), query="files from dc4:reco"),
    Searched(4, {"n": 10.5, "t": "", "l": ["raw", "Raw"]}, worker_timeout=12 * timedelta(hours=1)),
    Searched(5, {"n": "5", "t": 5, "l": [1, "raw", None, True]}, created_at=NOON - DAY, idle_timeout=3 * DAY),
    Searched(6, {"n": True, "t": False, "l": [True, False]}, owner="bob", state="cancelled", ended_at=NOON + 2 * DAY),
    Searched(7, {"n": None, "t": None, "l": None}, created_at=NOON + timedelta(microseconds=1)),
    Searched(8, {"n": [1, 5], "t": ["raw", "reco"], "l": [[1, 2], [3]]}, state="failed", ended_at=NOON),
    Searched(9, {"n": {"k": 5}, "t": {"k": "raw", "m": [1, 2]}, "l": [{"k": 1}, {"k": "raw"}, {"m": 2}]}),
    Searched(10, {}, owner="Ada", state="abandoned", query=""),
    Searched(11, {"n": -1, "t": "r.w", "l": [0.5, -1]}, query='with "quotes" and \\ and é'),
    Searched(12, {"n": 0.1, "t": "Ω raw", "l": ["a" * 3, ""]}, worker_timeout=timedelta(seconds=0.5)),
    Searched(13, {"n": 10**20, "t": "10", "l": [[], {}]}, idle_timeout=DAY, created_at=NOON + 40 * DAY),
)


def is_true(condition: Condition, project: Searched) -> bool:
    """Whether a condition holds of a project, said as plainly as can be."""
    match condition:
        case Not(item):
            return not is_true(item, project)
        case And(items):
            return all(is_true(item, project) for item in items)
        case Or(items):
            return any(is_true(item, project) for item in items)
        case Present(key, is_negated):
            return (key in project.attributes) != is_negated
        case Contains(constant, operand, is_negated):
            return _contains(operand, constant, project) != is_negated
        case Compare() | InSet() | InRange():
            return _holds(condition, project)


def _holds(term: Compare | InSet | InRange, project: Searched) -> bool:
    is_negated = not isinstance(term, Compare) and term.is_negated
    if isinstance(term.operand, Field | Length):
        found = _measure(term.operand, project)
        return (found is not None and _fits(term, found, term.operand)) != is_negated
    values = _values(term.operand, project.attributes)
    fits = [_fits(term, value, None) for value in values or ()]
    match term.operand:
        case Some():
            return any(fit != is_negated for fit in fits)
        case Every():
            return values is not None and all(fit != is_negated for fit in fits)
        case _:
            return any(fits) != is_negated


def _measure(operand: Field | Length, project: Searched) -> object:
    if isinstance(operand, Field):
        return project.facts[operand]
    found = project.attributes.get(operand.key)
    return Decimal(len(found)) if isinstance(found, list) else None


def _values(operand: Operand, attributes: Mapping[str, Any]) -> list[Any] | None:
    """The values that an operand stands for; None where the attribute is missing."""
    assert not isinstance(operand, Field | Length)
    if operand.key not in attributes:
        return None
    found = attributes[operand.key]
    items = found if isinstance(found, list) else [found]
    match operand:
        case Element(_, index):
            return _spread(items[index]) if -len(items) <= index < len(items) else []
        case Member(_, member):
            objects = [item for item in items if isinstance(item, dict) and member in item]
            return [value for item in objects for value in _spread(item[member])]
        case _:
            return items


def _spread(value: object) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _fits(term: Compare | InSet | InRange, found: Any, field: Field | Length | None) -> bool:  # noqa: ANN401 - JSON
    match term:
        case Compare(_, op, constant):
            return _compare(found, op, constant, field)
        case InSet(_, constants):
            return any(_compare(found, Op.EQ, constant, field) for constant in constants)
        case InRange(_, low, high):
            return _compare(found, Op.GE, low, field) and _compare(found, Op.LE, high, field)


def _compare(found: Any, op: Op, constant: Constant, field: Field | Length | None) -> bool:  # noqa: ANN401 - JSON
    if op.is_regexp:
        flags = re.IGNORECASE if op in {Op.MATCH_ANY_CASE, Op.NOT_MATCH_ANY_CASE} else 0
        is_negated = op in {Op.NOT_MATCH, Op.NOT_MATCH_ANY_CASE}
        return isinstance(found, str) and bool(re.search(constant.written, found, flags)) != is_negated
    if isinstance(field, Field) and isinstance(found, str):
        return _ORDER[op](found, constant.written)
    if isinstance(found, datetime):
        return _ORDER[op](found, _instant(constant))
    match constant:
        case Number(number):
            is_number = isinstance(found, int | float | Decimal) and not isinstance(found, bool)
            return is_number and _ORDER[op](Decimal(str(found)), number)
        case Truth(truth):
            return isinstance(found, bool) and _ORDER[op](found, truth)
        case Text(text):
            return isinstance(found, str) and _ORDER[op](found, text)


def _contains(operand: Field | Attribute, constant: Constant, project: Searched) -> bool:
    found = project.facts[operand] if isinstance(operand, Field) else project.attributes.get(operand.key)
    if isinstance(found, list):
        return any(_compare(item, Op.EQ, constant, None) for item in found)
    return isinstance(found, str) and constant.written in found


def _instant(constant: Constant) -> datetime:
    if isinstance(constant, Number):
        return datetime.fromtimestamp(float(constant.number), NOON.tzinfo)
    at = datetime.fromisoformat(constant.written)
    return at if at.tzinfo else at.replace(tzinfo=NOON.tzinfo)


def _seconds(length: timedelta | None) -> Decimal | None:
    return None if length is None else Decimal(str(length.total_seconds()))
