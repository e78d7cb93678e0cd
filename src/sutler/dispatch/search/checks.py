"""Which terms make sense: fields have types, and not everything can be compared with everything."""

from __future__ import annotations

from sutler.dispatch.search.constants import read_instant
from sutler.dispatch.search.tree import (
    Compare,
    Constant,
    Field,
    InRange,
    InSet,
    Length,
    Number,
    Operand,
    Text,
    Truth,
)

TEXTS = frozenset({Field.OWNER, Field.STATE, Field.QUERY})
NUMBERS = frozenset({Field.ID, Field.WORKER_TIMEOUT, Field.IDLE_TIMEOUT})
INSTANTS = frozenset({Field.CREATED, Field.ENDED})

_ONE_TYPE = "the ends of a range must be two numbers or two texts."


def find_fault(term: Compare | InSet | InRange) -> str | None:
    """Return a sentence about what makes no sense in a term, or None."""
    match term:
        case Compare(operand, op, constant):
            if op.is_regexp:
                return _find_fault_with_regexp(operand)
            if op.is_order and isinstance(constant, Truth) and operand not in TEXTS:
                return "true and false have no order; compare them by = or !=."
            return _find_fault_with_constants(operand, [constant])
        case InSet(operand, constants):
            return _find_fault_with_constants(operand, constants)
        case InRange(operand, low, high):
            if not isinstance(operand, Field) and (type(low) is not type(high) or isinstance(low, Truth)):
                return _ONE_TYPE
            return _find_fault_with_constants(operand, [low, high])


def _find_fault_with_regexp(operand: Operand) -> str | None:
    if operand in TEXTS or not isinstance(operand, Field | Length):
        return None
    return f"{_name(operand)} is no text, so a regular expression cannot be used with it."


def _find_fault_with_constants(operand: Operand, constants: list[Constant] | tuple[Constant, ...]) -> str | None:
    if operand in INSTANTS:
        if all(map(_is_instant, constants)):
            return None
        return f'{_name(operand)} is a time: write it like "2024-05-31" or "2024-05-31 12:00:00+02:00".'
    if (operand in NUMBERS or isinstance(operand, Length)) and not all(isinstance(c, Number) for c in constants):
        unit = ", in seconds" if operand in {Field.WORKER_TIMEOUT, Field.IDLE_TIMEOUT} else ""
        return f"{_name(operand)} is a number{unit}, and can only be compared with one."
    return None


def _is_instant(constant: Constant) -> bool:
    if isinstance(constant, Text | Number):
        try:
            read_instant(constant)
        except ValueError:
            return False
        return True
    return False


def _name(operand: Operand) -> str:
    return f"'{operand.value}'" if isinstance(operand, Field) else "the length of a list"
