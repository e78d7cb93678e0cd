"""From text to tree."""

from __future__ import annotations

import re
from functools import partial

from sutler.base.reading import conditions
from sutler.base.reading.cursor import is_sign
from sutler.dispatch.search.checks import TEXTS, find_fault
from sutler.dispatch.search.constants import parse_constant
from sutler.dispatch.search.cursor import Cursor
from sutler.dispatch.search.lexer import Kind, Token
from sutler.dispatch.search.tree import (
    Attribute,
    Compare,
    Condition,
    Contains,
    Element,
    Every,
    Field,
    InRange,
    InSet,
    Length,
    Member,
    Operand,
    Present,
    Some,
    Term,
)

FIELDS = {field.value: field for field in Field} | {"created": Field.CREATED, "ended": Field.ENDED}
KEYWORDS = frozenset({"and", "or", "in", "not", "present"})

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*(?:\.[A-Za-z][A-Za-z0-9_]*)*")
_INDEX = re.compile(r"[+-]?[0-9]{1,9}")
_COMPARISON = "a comparison like = or ~, 'in' or 'present'"


def parse(text: str) -> Condition:
    """Read a search. `and` binds tighter than `or`, `!` takes one term or bracket.

    Raises SearchSyntaxError, SearchMeaningError.
    """
    cursor = Cursor(text)
    condition = conditions.parse_condition(cursor, _TermParser(cursor).term)
    if cursor.token.kind is not Kind.END:
        cursor.fail("expected 'and' or 'or'", near=("and", "or"))
    return condition


class _TermParser:
    def __init__(self, cursor: Cursor) -> None:
        self.cursor = cursor

    def term(self) -> Term:
        cursor = self.cursor
        if cursor.at_word("not"):
            cursor.fail("expected '!' to turn a condition around")
        return self.containment() if self.starts_containment() else self.comparison()

    def starts_containment(self) -> bool:
        """Whether this is `constant in x`, which can begin like a comparison: `raw in tags`, but `x in a:b`."""
        cursor = self.cursor
        if cursor.token.kind is Kind.STRING:
            return True
        ahead = 2 if _is_word(cursor.look(), "not") else 1
        name, after = cursor.look(ahead + 1), cursor.look(ahead + 2)
        if cursor.token.kind is not Kind.WORD or not _is_word(cursor.look(ahead), "in"):
            return False
        is_range = after.kind is Kind.WORD and after.text.startswith(":")
        return name.kind is Kind.WORD and bool(_NAME.fullmatch(name.text)) and not is_range

    def containment(self) -> Term:
        cursor = self.cursor
        constant = parse_constant(cursor)
        is_negated = bool(cursor.accept_word("not"))
        if not cursor.accept_word("in"):
            cursor.fail("expected 'in' and a name after a constant", near=("in", "not"))
        start = cursor.token
        operand = self.name()
        if isinstance(operand, Field) and operand not in TEXTS:
            cursor.refuse(f"'{start.text}' is no text, so nothing can be contained in it.", at=start)
        return Contains(constant, operand, is_negated)

    def comparison(self) -> Term:
        cursor = self.cursor
        start = cursor.token
        operand = self.operand()
        if cursor.token.kind is Kind.SIGN and cursor.token.text in conditions.SIGNS:
            op = conditions.SIGNS[cursor.take().text]
            return self.checked(Compare(operand, op, parse_constant(cursor)), start)
        if _is_word(cursor.token, "like"):
            cursor.fail("expected ~ and a regular expression, for patterns are not known")
        is_negated = bool(cursor.accept_word("not"))
        if cursor.accept_word("in"):
            inside = self.set_of if cursor.accept_sign("(") else self.range_of
            return self.checked(inside(operand, is_negated=is_negated), start)
        return self.presence(operand, start, is_negated=is_negated)

    def presence(self, operand: Operand, start: Token, *, is_negated: bool) -> Term:
        """Read `x present`, where the word may be left out, and `x not present`."""
        cursor = self.cursor
        at_end = cursor.token.kind is Kind.END or cursor.at_sign(")") or cursor.at_word("and", "or")
        if not cursor.at_word("present") and (is_negated or not at_end):
            expected = "'in' or 'present' after 'not'" if is_negated else _COMPARISON
            cursor.fail(f"expected {expected}", near=("in", "not", "present", "and", "or"))
        if not isinstance(operand, Attribute):
            cursor.refuse(f"expected {_COMPARISON}: only attributes can be present or not.", at=start)
        cursor.accept_word("present")
        return Present(operand.key, is_negated)

    def checked(self, term: Compare | InSet | InRange, start: Token) -> Term:
        if fault := find_fault(term):
            self.cursor.refuse(fault, at=start)
        return term

    def set_of(self, operand: Operand, *, is_negated: bool) -> InSet:
        return InSet(operand, self.cursor.take_list(partial(parse_constant, self.cursor)), is_negated)

    def range_of(self, operand: Operand, *, is_negated: bool) -> InRange:
        cursor = self.cursor
        cursor.cut_at_colon()
        low = parse_constant(cursor, "a set like (a, b) or a range like low:high")
        cursor.cut_at_colon()
        if not cursor.accept_word(":"):
            cursor.fail("expected ':' and the end of the range")
        if cursor.token.kind is Kind.WORD and ":" in cursor.token.text:
            cursor.fail("expected an end of the range without colon, or one in quotes")
        return InRange(operand, low, parse_constant(cursor, "the end of the range"), is_negated)

    def operand(self) -> Operand:
        cursor = self.cursor
        if cursor.at_word("len") and is_sign(cursor.look(), "("):
            cursor.index += 2
            length = Length(self.attribute("inside len()").key)
            cursor.expect_sign(")", "')'")
            return length
        start = cursor.token
        operand = self.name()
        if not cursor.at_sign("["):
            return operand
        if isinstance(operand, Field):
            cursor.refuse(f"'{start.text}' is no attribute and has no elements.", at=start)
        cursor.take()
        part = self.part_of(operand.key)
        cursor.expect_sign("]", "']'")
        return part

    def attribute(self, where: str) -> Attribute:
        start = self.cursor.token
        operand = self.name()
        if isinstance(operand, Field):
            self.cursor.refuse(
                f"expected an attribute {where}, but '{start.text}' is a field of every project.", at=start
            )
        return operand

    def name(self) -> Field | Attribute:
        token = self.cursor.token
        if token.kind is not Kind.WORD or not _NAME.fullmatch(token.text) or token.text in KEYWORDS:
            self.cursor.fail("expected the name of a field or an attribute")
        self.cursor.take()
        return FIELDS.get(token.text) or Attribute(token.text)

    def part_of(self, key: str) -> Operand:
        token = self.cursor.take()
        if token.kind is Kind.STRING:
            return Member(key, token.text)
        if token.text in {"any", "all"}:
            return Some(key) if token.text == "any" else Every(key)
        if not _INDEX.fullmatch(token.text):
            self.cursor.fail("expected any, all, a number or a quoted text in []", at=token, near=("any", "all"))
        return Element(key, int(token.text))


def _is_word(token: Token, word: str) -> bool:
    return token.kind is Kind.WORD and token.text == word
