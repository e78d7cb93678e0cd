"""Predicates on the attributes of a project, in PostgreSQL's jsonpath language.

Each is true or false, never unknown, because the type of a value is asked for before it is compared. In its lax mode a
filter looks at the elements of a list one by one; a list in a list is of no type that a constant has. Whatever comes
from a search stands in a JSON literal and cannot break out of it.
"""

from __future__ import annotations

import json
from collections.abc import Sequence

from sutler.base.reading.conditions import Op
from sutler.dispatch.search.tree import (
    Attribute,
    Compare,
    Constant,
    Contains,
    Element,
    Every,
    InRange,
    InSet,
    Length,
    Member,
    Number,
    Some,
    Truth,
    Values,
)

_COMPARISONS = {Op.EQ: "==", Op.NE: "!=", Op.LT: "<", Op.LE: "<=", Op.GT: ">", Op.GE: ">="}


def about_values(operand: Values, term: Compare | InSet | InRange) -> str:
    """Predicate for values. `not in` is the opposite of `in`, but `[any]` and `[all]` ask it of each element."""
    fits = _fit(term)
    path = _path_of(operand)
    is_negated = not isinstance(term, Compare) and term.is_negated
    match operand:
        case Some():
            return _exists(path, _negate(fits) if is_negated else fits)
        case Every():
            exception = _exists(path, fits if is_negated else _negate(fits))
            return f"(exists({path}) && {_negate(exception)})"
        case _:
            return _negate(_exists(path, fits)) if is_negated else _exists(path, fits)


def about_length(operand: Length, term: Compare | InSet | InRange) -> str:
    """Predicate for the length of a list; nothing else has one."""
    path = f"$.{_quote(operand.key)}"
    fits = f'({path}.type() == "array" && exists({path}.size() ? ({_fit(term)})))'
    return _negate(fits) if not isinstance(term, Compare) and term.is_negated else fits


def about_contents(operand: Attribute, term: Contains) -> str:
    """Predicate for an element of a list, equal to the constant, or a text with the constant in it."""
    path = f"$.{_quote(operand.key)}"
    element = f'{path}.type() == "array" && {_exists(path, _equal(term.constant))}'
    part = f'@.type() == "string" && @ like_regex {_quote(term.constant.written)} flag "q"'
    contained = f'(({element}) || ({path}.type() == "string" && {_exists(path, part)}))'
    return _negate(contained) if term.is_negated else contained


def _path_of(operand: Values) -> str:
    match operand:
        case Element(key, index):
            place = str(index) if index >= 0 else f"last - {-index - 1}"
            return f"$.{_quote(key)}[{place}]"
        case Member(key, member):
            return f"$.{_quote(key)}.{_quote(member)}"
        case Attribute(key) | Some(key) | Every(key):
            return f"$.{_quote(key)}"


def _fit(term: Compare | InSet | InRange) -> str:
    """Predicate for one value `@` to be as the term says, before any negation."""
    match term:
        case Compare(_, op, constant) if op.is_regexp:
            return _match(op, constant.written)
        case Compare(_, op, constant):
            return f"{_of_type(constant)} && @ {_COMPARISONS[op]} {_literal(constant)}"
        case InSet(_, constants):
            return _any_of([_equal(constant) for constant in constants])
        case InRange(_, low, high):
            return f"{_of_type(low)} && @ >= {_literal(low)} && @ <= {_literal(high)}"


def _match(op: Op, regexp: str) -> str:
    flag = ' flag "i"' if op in {Op.MATCH_ANY_CASE, Op.NOT_MATCH_ANY_CASE} else ""
    matches = f"@ like_regex {_quote(regexp)}{flag}"
    is_negated = op in {Op.NOT_MATCH, Op.NOT_MATCH_ANY_CASE}
    return f'@.type() == "string" && {_negate(matches) if is_negated else matches}'


def _any_of(predicates: Sequence[str]) -> str:
    """Nested as flat as can be: the server reads this by recursion."""
    if len(predicates) == 1:
        return predicates[0]
    middle = len(predicates) // 2
    return f"({_any_of(predicates[:middle])} || {_any_of(predicates[middle:])})"


def _equal(constant: Constant) -> str:
    return f"({_of_type(constant)} && @ == {_literal(constant)})"


def _of_type(constant: Constant) -> str:
    names: dict[type, str] = {Number: "number", Truth: "boolean"}
    return f'@.type() == "{names.get(type(constant), "string")}"'


def _literal(constant: Constant) -> str:
    match constant:
        case Number(number):
            return format(number, "f")
        case Truth(truth):
            return "true" if truth else "false"
        case _:
            return _quote(constant.written)


def _exists(path: str, predicate: str) -> str:
    return f"exists({path} ? ({predicate}))"


def _negate(predicate: str) -> str:
    return f"!({predicate})"


def _quote(text: str) -> str:
    return json.dumps(text)
