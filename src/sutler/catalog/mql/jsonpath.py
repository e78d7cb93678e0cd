"""Texts in PostgreSQL's jsonpath language about metadata.

The language is three-valued just like conditions are: in its lax mode a comparison is true if some value fulfils it,
else unknown if some value is of another type than the constant, else false; null differs from everything; and lists
stand for their elements. So a condition on metadata becomes one predicate, which an index on `jsonb_path_ops` can
serve. `exists(values ? (…))` is never unknown. Whatever comes from a query stands in a JSON literal and cannot break
out of it.

In the predicates below `@` is one value. A value that is itself a list (in a list of lists) equals nothing.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime

from sutler.base.reading.conditions import Op
from sutler.catalog.mql.terms import (
    AllOf,
    AnyOf,
    Boolean,
    Constant,
    Day,
    Element,
    Instant,
    Member,
    Number,
    Parameter,
    Text,
    Values,
)

_COMPARISONS = {Op.EQ: "==", Op.NE: "!=", Op.LT: "<", Op.LE: "<=", Op.GT: ">", Op.GE: ">="}
_UNKNOWN = '1 == "x"'


def quote(text: str) -> str:
    """A text as a jsonpath literal, or the key of a member."""
    return json.dumps(text)


def values_of(operand: Values) -> str:
    """The path of the values that an operand stands for."""
    match operand:
        case Element(key, index):
            return f"$.{quote(key)}[{index}]"
        case Member(key, member):
            return f"$.{quote(key)}.{quote(member)}"
        case Parameter(key) | AnyOf(key) | AllOf(key):
            return f"$.{quote(key)}"


def literal(constant: Constant) -> str:
    """A constant as a jsonpath literal; a point in time as seconds since 1970, a day as its first second."""
    match constant:
        case Number(number):
            return repr(number)
        case Boolean(truth):
            return "true" if truth else "false"
        case Text(text):
            return quote(text)
        case Instant(at):
            return _seconds(at)
        case Day():
            return _seconds(constant.begins_at)


def _seconds(at: datetime) -> str:
    return repr(at.timestamp())


def some(values: str, predicate: str) -> str:
    """Some of the values fulfil a predicate; never unknown."""
    return f"exists({values} ? ({predicate}))"


def negate(predicate: str) -> str:
    """The opposite; what is unknown stays unknown."""
    return f"!({predicate})"


def combine(sign: str, predicates: Sequence[str]) -> str:
    """All (`&&`) or any (`||`) of some predicates, nested as flat as can be: the server reads this by recursion."""
    if len(predicates) == 1:
        return predicates[0]
    middle = len(predicates) // 2
    return f"({combine(sign, predicates[:middle])} {sign} {combine(sign, predicates[middle:])})"


def compare(values: str, op: Op, constant: Constant) -> str:
    """Some value compares like this with the constant."""
    if isinstance(constant, Day):
        return _compare_day(values, op, constant)
    if op.is_regexp and isinstance(constant, Text):
        return _match(values, op, constant.text)
    return f"{values} {_COMPARISONS[op]} {literal(constant)}"


def _compare_day(values: str, op: Op, day: Day) -> str:
    begin, end = literal(day), _seconds(day.ends_at)
    match op:
        case Op.EQ:
            other = some(values, '@.type() != "number" && @.type() != "null"')
            return f"({some(values, f'@ >= {begin} && @ < {end}')} || ({other} && {_UNKNOWN}))"
        case Op.NE:
            return f"({values} < {begin} || {values} >= {end} || {values} == null)"
        case Op.LT:
            return f"{values} < {begin}"
        case Op.LE:
            return f"{values} < {end}"
        case Op.GT:
            return f"{values} >= {end}"
        case _:
            return f"{values} >= {begin}"


def _match(values: str, op: Op, regexp: str) -> str:
    flag = ' flag "i"' if op in {Op.MATCH_ANY_CASE, Op.NOT_MATCH_ANY_CASE} else ""
    matches = f"@ like_regex {quote(regexp)}{flag}"
    negated = op in {Op.NOT_MATCH, Op.NOT_MATCH_ANY_CASE}
    return some(values, f'@.type() == "string" && {negate(matches) if negated else matches}')


def contain(values: str, text: str) -> str:
    """Some value is a text with this text in it."""
    return some(values, f'@.type() == "string" && @ like_regex {quote(text)} flag "q"')


def is_one_of(constants: Sequence[Constant]) -> str:
    """`@` equals one of the constants."""
    return f'@.type() != "array" && {combine("||", [f"@ == {literal(constant)}" for constant in constants])}'


def is_none_of(constants: Sequence[Constant]) -> str:
    """`@` equals none of the constants, being of whatever type."""
    equal = combine("||", [f"@ == {literal(constant)}" for constant in constants])
    return f'@.type() == "array" || !exists(@ ? ({equal}))'


def is_within(low: Constant, high: Constant) -> str:
    """`@` is of the type of the range and in it; the range of two days ends with the second."""
    return f"{_of_type(low)} && @ >= {literal(low)} && {_before_end(high)}"


def is_beyond(low: Constant, high: Constant) -> str:
    """`@` is of the type of the range but not in it."""
    return f"{_of_type(low)} && (@ < {literal(low)} || {negate(_before_end(high))})"


def _before_end(high: Constant) -> str:
    return f"@ < {_seconds(high.ends_at)}" if isinstance(high, Day) else f"@ <= {literal(high)}"


def _of_type(constant: Constant) -> str:
    names = {Text: "string", Boolean: "boolean"}
    return f'@.type() == "{names.get(type(constant), "number")}"'
