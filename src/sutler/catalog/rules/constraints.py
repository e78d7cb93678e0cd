"""Constraints: what the value of one parameter must be. They are checked when they are stored, values by them later.

A constraint has a `type` (without one every type will do), and may list the `values` that are allowed, else give `min`
and `max`, and a `pattern` that texts match from their beginning. For lists all this is about each element. The types
any, boolean, list and dict know no limits: old catalogues hold such constraints, whose limits were never looked at.
`required` is for the place where the constraint stands. A key whose value is null counts as not given.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, cast

from sutler.base.errors import Problem
from sutler.catalog.rules.patterns import PatternError, compile_pattern

Constraint = Mapping[str, object]
Check = Callable[[object], str | None]
"""Returns what is wrong with a value; None when nothing is."""

MOST_CONSTRAINTS = 1000
MOST_VALUES = 1000
LONGEST_SHOWN = 100

_IS_OF_TYPE: Mapping[str, Callable[[object], bool]] = {
    # As in the catalogues that programs were written for: true is an int, but 5 is no float and 5.0 no int.
    "int": lambda item: isinstance(item, int),
    "float": lambda item: isinstance(item, float),
    "text": lambda item: isinstance(item, str),
    "boolean": lambda item: isinstance(item, bool),
    "dict": lambda item: isinstance(item, Mapping),
    "list": lambda item: isinstance(item, list | tuple),
    "any": lambda _: True,
}
_LIST_TYPES = {f"{kind}[]": kind for kind in ("int", "float", "text", "boolean")}
_LIMITLESS = frozenset({"any", "boolean", "boolean[]", "list", "dict"})
_NUMERIC = frozenset({"int", "float"})
_KEYS = ("type", "values", "min", "max", "pattern", "required")
TYPES = (*_IS_OF_TYPE, *_LIST_TYPES)


def check_constraints(constraints: Mapping[str, object], where: str) -> list[Problem]:
    """Return what is wrong with the constraints of a category: by name, the last word of a parameter."""
    problems = _check_number(constraints, where)
    for name, constraint in constraints.items():
        if not _is_word(name):
            problems.append(Problem(where, f"{name!r} is not a name: one word without dots"))
        problems += check_constraint(constraint, f"{where} {name}")
    return problems


def check_requirements(requirements: Mapping[str, object], where: str = "requirements") -> list[Problem]:
    """Return what is wrong with the requirements of a dataset: constraints by the whole names of parameters."""
    problems = _check_number(requirements, where)
    for key, constraint in requirements.items():
        if "." not in key or not all(map(_is_word, key.split("."))):
            problems.append(Problem(where, f"{key!r} is not the name of a parameter: category.name, with a dot"))
        problems += check_constraint(constraint, f"{where} {key}")
    return problems


def check_constraint(constraint: object, where: str) -> list[Problem]:
    """Return what is wrong with one constraint."""
    if not isinstance(constraint, Mapping):
        return [Problem(where, "a constraint is an object")]
    unknown = sorted(str(key) for key in constraint if key not in _KEYS)
    if unknown:
        return [Problem(where, f"{', '.join(unknown)} is not known; a constraint has {', '.join(_KEYS)}")]
    kind = constraint.get("type")
    if kind is not None and kind not in TYPES:
        return [Problem(where, f"{kind!r} is not a type; the types are {', '.join(TYPES)}")]
    reasons: list[str | None] = [_refuse_values(constraint), _refuse_limits(constraint), _refuse_pattern(constraint)]
    if not isinstance(constraint.get("required"), bool | None):
        reasons.append("required is true or false")
    return [Problem(where, reason) for reason in reasons if reason]


def make_check(constraint: Constraint) -> Check:
    """Return what checks values by a constraint that was found to be right."""
    kind = cast("str | None", constraint.get("type"))
    if kind not in _LIST_TYPES:
        return _make_scalar_check(kind, constraint)
    check_element = _make_scalar_check(_LIST_TYPES[kind], constraint)

    def check(item: object) -> str | None:
        if not isinstance(item, list | tuple):
            return f"value {_show(item)} is not of type {kind}"
        return next((reason for element in item if (reason := check_element(element))), None)

    return check


def _make_scalar_check(kind: str | None, constraint: Constraint) -> Check:
    limit = None if kind in _LIMITLESS else _make_limit(constraint)
    if kind is None:
        return limit or (lambda _: None)
    is_of_type = _IS_OF_TYPE[kind]

    def check(item: object) -> str | None:
        if not is_of_type(item):
            return f"value {_show(item)} is not of type {kind}"
        return limit(item) if limit is not None else None

    return check


def _make_limit(constraint: Constraint) -> Check | None:
    if constraint.get("values") is not None:
        return _make_enumeration(cast("Sequence[object]", constraint["values"]))
    checks = [check for check in (_make_range(constraint), _make_pattern(constraint)) if check is not None]
    if len(checks) < 2:
        return checks[0] if checks else None
    return lambda item: next((reason for check in checks if (reason := check(item))), None)


def _make_enumeration(values: Sequence[object]) -> Check:
    allowed = frozenset(values)

    def check(item: object) -> str | None:
        is_allowed = not isinstance(item, Mapping | list | tuple) and item in allowed
        return None if is_allowed else f"value {_show(item)} is not one of the allowed values"

    return check


def _make_range(constraint: Constraint) -> Check | None:
    least, most = cast("Any", constraint.get("min")), cast("Any", constraint.get("max"))
    if least is None and most is None:
        return None
    bounds = [f"{name}:{_show(bound)}" for name, bound in (("min", least), ("max", most)) if bound is not None]
    said = f"out of range ({', '.join(bounds)})"
    comparable = str if isinstance(least if least is not None else most, str) else (int, float)

    def check(item: Any) -> str | None:  # noqa: ANN401 - a value of metadata
        if not isinstance(item, comparable):
            return f"value {_show(item)} cannot be compared, it is {said}"
        is_within = (least is None or item >= least) and (most is None or item <= most)
        return None if is_within else f"value {_show(item)} {said}"

    return check


def _make_pattern(constraint: Constraint) -> Check | None:
    text = constraint.get("pattern")
    if text is None:
        return None
    pattern = compile_pattern(cast("str", text))

    def check(item: object) -> str | None:
        is_right = isinstance(item, str) and pattern.matches(item)
        return None if is_right else f"value {_show(item)} does not match the pattern {text}"

    return check


def _check_number(constraints: Mapping[str, object], where: str) -> list[Problem]:
    if len(constraints) <= MOST_CONSTRAINTS:
        return []
    return [Problem(where, f"there are {len(constraints)} constraints; {MOST_CONSTRAINTS} is the most")]


def _refuse_values(constraint: Constraint) -> str | None:
    values = constraint.get("values")
    if values is None:
        return None
    if not isinstance(values, list | tuple) or not 0 < len(values) <= MOST_VALUES:
        return f"values is a list of 1 to {MOST_VALUES} values"
    wrong = next((item for item in values if not _is_limit(item, constraint, is_value=True)), values)
    return None if wrong is values else f"{_show(wrong)} in values is not what a parameter of this type can be"


def _refuse_limits(constraint: Constraint) -> str | None:
    least, most = cast("Any", constraint.get("min")), cast("Any", constraint.get("max"))
    for name, bound in (("min", least), ("max", most)):
        if bound is not None and not _is_limit(bound, constraint):
            return f"{name} {_show(bound)} is not what a parameter of this type can be compared with"
    if least is None or most is None:
        return None
    if isinstance(least, str) is not isinstance(most, str):
        return "min and max are either both numbers or both texts"
    return f"min {_show(least)} is above max {_show(most)}" if least > most else None


def _refuse_pattern(constraint: Constraint) -> str | None:
    pattern = constraint.get("pattern")
    if pattern is None:
        return None
    if not isinstance(pattern, str) or _find_base(constraint) in _NUMERIC:
        return "pattern is a regular expression, for parameters of type text"
    try:
        compile_pattern(pattern)
    except PatternError as error:
        return f"the pattern {_show(pattern)} cannot be used: {error}"
    return None


def _is_limit(item: object, constraint: Constraint, *, is_value: bool = False) -> bool:
    """Whether values of a type can be compared with this; as one of `values` it may be of more types."""
    base = _find_base(constraint)
    is_text = isinstance(item, str)
    is_number = isinstance(item, int | float) and not isinstance(item, bool) and math.isfinite(item)
    if base == "text":
        return is_text
    if base in _NUMERIC:
        return is_number
    return is_text or is_number or (is_value and isinstance(item, bool | None))


def _find_base(constraint: Constraint) -> str | None:
    """Return the type of a value, or of each element of a list."""
    kind = cast("str | None", constraint.get("type"))
    return _LIST_TYPES.get(kind, kind) if kind is not None else None


def _is_word(text: str) -> bool:
    return bool(text) and "." not in text and text.isprintable()


def _show(item: object) -> str:
    text = str(item)
    return text if len(text) <= LONGEST_SHOWN else f"{text[:LONGEST_SHOWN]}…"
