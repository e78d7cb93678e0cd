"""Whether a condition makes sense: the attribute exists and the constant is of a kind that it can be compared with."""

from __future__ import annotations

import json

from sutler.base.reading.conditions import Op
from sutler.catalog.mql.cursor import suggest
from sutler.catalog.mql.errors import MqlMeaningError, MqlUnsupportedError, shorten
from sutler.catalog.mql.instants import instant_of
from sutler.catalog.mql.subjects import Column, Nature, Subject
from sutler.catalog.mql.terms import (
    Attribute,
    Boolean,
    Compare,
    Constant,
    Contains,
    Day,
    Element,
    InRange,
    InSet,
    Instant,
    Length,
    Number,
    Operand,
    Term,
    Text,
)

_ORDER = (Op.EQ, Op.NE, Op.LT, Op.LE, Op.GT, Op.GE)
_OPS = {
    Nature.TEXT: tuple(Op),
    Nature.NUMBER: _ORDER,
    Nature.INSTANT: _ORDER,
    Nature.FLAG: (Op.EQ, Op.NE),
    Nature.JSON: (Op.EQ, Op.NE),
}
_INDEX_LIMIT = 2**31


def check_term(term: Term, subject: Subject) -> None:
    """Return if the term makes sense; otherwise raise `MqlMeaningError` or `MqlUnsupportedError`."""
    match term:
        case Compare(operand, op, constant):
            _check_operand(operand, subject)
            _check_compare(operand, op, constant, subject)
        case InSet(operand, constants):
            _check_operand(operand, subject)
            if any(isinstance(constant, Day) for constant in constants):
                raise MqlMeaningError("a whole day cannot stand in a set; use a range like date(a):date(b).")
            _check_members(operand, constants, subject)
        case InRange(operand, low, high):
            _check_operand(operand, subject)
            if _family(low) != _family(high):
                raise MqlMeaningError("both ends of a range must be of one type.")
            _check_members(operand, (low, high), subject)
        case Contains(Day()):
            raise MqlMeaningError("a whole day cannot be an element of a list.")
        case _:
            pass


def _check_operand(operand: Operand, subject: Subject) -> None:
    if isinstance(operand, Element) and not -_INDEX_LIMIT <= operand.index < _INDEX_LIMIT:
        raise MqlMeaningError(f"no list is long enough for the index {operand.index}.")
    if isinstance(operand, Attribute) and operand.name not in subject.columns:
        known = ", ".join(subject.columns)
        raise MqlMeaningError(
            f"{subject.noun} have no attribute '{shorten(operand.name)}', only {known};"
            " metadata parameters have a dot.",
            suggestion=suggest(operand.name, subject.columns),
        )


def _check_compare(operand: Operand, op: Op, constant: Constant, subject: Subject) -> None:
    if isinstance(operand, Attribute):
        column = subject.columns[operand.name]
        if op not in _OPS[column.nature]:
            raise MqlMeaningError(f"'{op.value}' cannot be used with '{operand.name}', which is {column.nature.value}.")
        _check_fit(operand.name, column, constant)
    elif op is Op.LIKE:
        raise MqlUnsupportedError("'like' is not supported for metadata; use a regular expression with '~'.")
    elif isinstance(operand, Length) and (op.is_regexp or not isinstance(constant, Number)):
        raise MqlMeaningError(f"len({shorten(operand.key)}) can only be compared with a number.")
    if op.is_regexp and not isinstance(constant, Text):
        raise MqlMeaningError(f"'{op.value}' needs a text; put it in quotes.")
    if op is Op.LIKE and isinstance(constant, Text) and _ends_in_escape(constant.text):
        raise MqlMeaningError("a pattern for 'like' cannot end with a single backslash.")


def _check_members(operand: Operand, constants: tuple[Constant, ...], subject: Subject) -> None:
    if isinstance(operand, Attribute):
        column = subject.columns[operand.name]
        if column.nature is Nature.JSON:
            raise MqlMeaningError(f"'{operand.name}' can only be compared by = and !=.")
        for constant in constants:
            _check_fit(operand.name, column, constant)
    elif isinstance(operand, Length) and not all(isinstance(constant, Number) for constant in constants):
        raise MqlMeaningError(f"len({shorten(operand.key)}) can only be compared with numbers.")


def _check_fit(name: str, column: Column, constant: Constant) -> None:
    """The constant of an attribute must be of its nature."""
    if not _fits(column.nature, constant):
        hint = "; write it in quotes" if column.nature is Nature.TEXT else ""
        raise MqlMeaningError(f"'{name}' is {column.nature.value}, which cannot be compared with this{hint}.")


def _fits(nature: Nature, constant: Constant) -> bool:
    match nature:
        case Nature.TEXT:
            return isinstance(constant, Text)
        case Nature.NUMBER:
            return isinstance(constant, Number)
        case Nature.FLAG:
            return isinstance(constant, Boolean)
        case Nature.INSTANT:
            return _is_instant(constant)
        case Nature.JSON:
            return isinstance(constant, Text) and _is_json_object(constant.text)


def _is_instant(constant: Constant) -> bool:
    try:
        instant_of(constant)
    except ValueError:
        return False
    return True


def _is_json_object(text: str) -> bool:
    try:
        return isinstance(json.loads(text), dict)
    except ValueError:
        return False


def _family(constant: Constant) -> type:
    return Number if isinstance(constant, Instant) else type(constant)


def _ends_in_escape(pattern: str) -> bool:
    return (len(pattern) - len(pattern.rstrip("\\"))) % 2 == 1
