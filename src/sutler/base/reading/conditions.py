"""Conditions: terms of any kind, joined by `and` and `or` and turned around by `!`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Generic, LiteralString, TypeAlias, TypeVar

from sutler.base.reading.cursor import Cursor

Item_co = TypeVar("Item_co", covariant=True)
Term = TypeVar("Term")


@dataclass(frozen=True, slots=True)
class Not(Generic[Item_co]):
    """The opposite; where a language knows the unknown, it stays unknown."""

    item: Item_co


@dataclass(frozen=True, slots=True)
class And(Generic[Item_co]):
    """All of two or more conditions."""

    items: tuple[Item_co, ...]


@dataclass(frozen=True, slots=True)
class Or(Generic[Item_co]):
    """Any of two or more conditions."""

    items: tuple[Item_co, ...]


Condition: TypeAlias = Term | Not["Condition[Term]"] | And["Condition[Term]"] | Or["Condition[Term]"]


class Op(Enum):
    """How an operand is compared with a constant. `like` is a word, and not in every language."""

    EQ = "="
    NE = "!="
    LT = "<"
    LE = "<="
    GT = ">"
    GE = ">="
    MATCH = "~"
    MATCH_ANY_CASE = "~*"
    NOT_MATCH = "!~"
    NOT_MATCH_ANY_CASE = "!~*"
    LIKE = "like"

    @property
    def is_regexp(self) -> bool:
        """Whether the constant is a regular expression."""
        return "~" in self.value

    @property
    def is_order(self) -> bool:
        """Whether it asks which is larger."""
        return self.value[0] in "<>"


SIGNS: Mapping[str, Op] = {op.value: op for op in Op if op is not Op.LIKE} | {"==": Op.EQ}
"""The comparisons that are written as signs."""

SQL_SIGNS: Mapping[Op, LiteralString] = {
    Op.EQ: " = ",
    Op.NE: " <> ",
    Op.LT: " < ",
    Op.LE: " <= ",
    Op.GT: " > ",
    Op.GE: " >= ",
    Op.MATCH: " ~ ",
    Op.MATCH_ANY_CASE: " ~* ",
    Op.NOT_MATCH: " !~ ",
    Op.NOT_MATCH_ANY_CASE: " !~* ",
    Op.LIKE: " like ",
}
"""How PostgreSQL writes them."""


def parse_condition(cursor: Cursor, parse_term: Callable[[], Term]) -> Condition[Term]:
    """Read a condition whose terms `parse_term` reads. `and` binds tighter than `or`, `!` takes one term or bracket.

    Raises the error of the language, and what `parse_term` raises.
    """
    items = [_parse_conjunction(cursor, parse_term)]
    while cursor.accept_word("or"):
        items.append(_parse_conjunction(cursor, parse_term))
    return Or(tuple(items)) if len(items) > 1 else items[0]


def _parse_conjunction(cursor: Cursor, parse_term: Callable[[], Term]) -> Condition[Term]:
    items = [_parse_part(cursor, parse_term)]
    while cursor.accept_word("and"):
        items.append(_parse_part(cursor, parse_term))
    return And(tuple(items)) if len(items) > 1 else items[0]


def _parse_part(cursor: Cursor, parse_term: Callable[[], Term]) -> Condition[Term]:
    if cursor.accept_sign("!"):
        with cursor.deeper():
            return Not(_parse_part(cursor, parse_term))
    if cursor.accept_sign("("):
        with cursor.deeper():
            condition = parse_condition(cursor, parse_term)
        cursor.expect_sign(")", "'and', 'or' or ')'")
        return condition
    return parse_term()
