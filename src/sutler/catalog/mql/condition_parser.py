"""From text to tree: conditions."""

from __future__ import annotations

import re

from sutler.base.reading import conditions
from sutler.base.reading.conditions import Op
from sutler.catalog.mql.checks import check_term
from sutler.catalog.mql.constant_parser import at_call, parse_constant
from sutler.catalog.mql.cursor import Cursor, is_sign
from sutler.catalog.mql.lexer import Kind, Token
from sutler.catalog.mql.list_parser import parse_constants
from sutler.catalog.mql.sizes import ONE_TERM
from sutler.catalog.mql.subjects import Subject
from sutler.catalog.mql.terms import (
    AllOf,
    AnyOf,
    Attribute,
    Compare,
    Condition,
    Contains,
    Element,
    InRange,
    InSet,
    Length,
    Member,
    Operand,
    Parameter,
    Present,
    Term,
)

_WORD = r"[A-Za-z][A-Za-z0-9_]*"
_KEY = re.compile(rf"{_WORD}(?:\.{_WORD})+")
_ATTRIBUTE = re.compile(_WORD)
_INDEX = re.compile(r"[+-]?[0-9]{1,18}")
_AFTER_OPERAND = ("in", "not", "present", "like")
_PARAMETER = "a metadata parameter like core.run_type"


def parse_condition(cursor: Cursor, subject: Subject) -> Condition:
    """Read a condition on files or datasets. `and` binds tighter than `or`, `!` takes one term or bracket.

    Raises `MqlSyntaxError`, `MqlMeaningError` or `MqlUnsupportedError`.
    """
    return conditions.parse_condition(cursor, _TermParser(cursor, subject).term)


class _TermParser:
    def __init__(self, cursor: Cursor, subject: Subject) -> None:
        self.cursor = cursor
        self.subject = subject

    def term(self) -> Term:
        cursor = self.cursor
        start = cursor.token
        cursor.enlarge(ONE_TERM)
        term = self.containment() if self.starts_containment() else self.comparison()
        with cursor.placing(start):
            check_term(term, self.subject)
        return term

    def starts_containment(self) -> bool:
        """Whether this is `constant in parameter`, which can begin like a comparison: `raw in det.mods`."""
        cursor = self.cursor
        if cursor.token.kind is Kind.STRING or at_call(cursor):
            return True
        ahead = 2 if cursor.look().text == "not" else 1
        if cursor.look(ahead).text != "in" or cursor.look(ahead).kind is not Kind.WORD:
            return False
        return bool(_KEY.fullmatch(cursor.look(ahead + 1).text)) and not is_sign(cursor.look(ahead + 2), ":")

    def containment(self) -> Term:
        cursor = self.cursor
        constant = parse_constant(cursor)
        negated = bool(cursor.accept_word("not"))
        if not cursor.accept_word("in"):
            cursor.fail(f"expected 'in' and {_PARAMETER} after a constant")
        return Contains(constant, self.key(), negated=negated)

    def comparison(self) -> Term:
        cursor = self.cursor
        start = cursor.token
        operand = self.operand()
        if cursor.token.kind is Kind.SIGN and cursor.token.text in conditions.SIGNS:
            return Compare(operand, conditions.SIGNS[cursor.take().text], parse_constant(cursor))
        if cursor.accept_word("like"):
            return Compare(operand, Op.LIKE, parse_constant(cursor))
        negated = bool(cursor.accept_word("not"))
        if cursor.at_word("present"):
            if not isinstance(operand, Parameter):
                cursor.fail(f"expected {_PARAMETER} before 'present'", at=start)
            cursor.take()
            return Present(operand.key, negated)
        if not cursor.accept_word("in"):
            expected = "'in' or 'present' after 'not'" if negated else "a comparison like =, 'in' or 'present'"
            cursor.fail(f"expected {expected}", near=_AFTER_OPERAND)
        return self.set_of(operand, negated) if cursor.accept_sign("(") else self.range_of(operand, negated)

    def set_of(self, operand: Operand, negated: bool) -> Term:  # noqa: FBT001 - read from the text just before
        return InSet(operand, parse_constants(self.cursor), negated)

    def range_of(self, operand: Operand, negated: bool) -> Term:  # noqa: FBT001 - read from the text just before
        low = parse_constant(self.cursor, "a set like (a, b) or a range like a:b")
        self.cursor.expect_sign(":", "':' and the end of the range")
        return InRange(operand, low, parse_constant(self.cursor), negated)

    def operand(self) -> Operand:
        cursor = self.cursor
        token = cursor.token
        if token.kind is Kind.WORD and token.text == "len" and is_sign(cursor.look(), "("):
            cursor.index += 2
            key = self.key()
            cursor.expect_sign(")", "')'")
            return Length(key)
        if token.kind is Kind.WORD and _ATTRIBUTE.fullmatch(token.text):
            cursor.take()
            if cursor.at_sign("["):
                cursor.fail(f"expected {_PARAMETER} before '['", at=token)
            return Attribute(token.text)
        key = self.key()
        return self.subscript(key) if cursor.accept_sign("[") else Parameter(key)

    def key(self) -> str:
        token = self.cursor.token
        if token.kind is not Kind.WORD or not _KEY.fullmatch(token.text):
            self.cursor.fail(f"expected {_PARAMETER}")
        return self.cursor.take().text

    def subscript(self, key: str) -> Operand:
        token = self.cursor.take()
        operand = self.subscripted(key, token)
        self.cursor.expect_sign("]", "']'")
        return operand

    def subscripted(self, key: str, token: Token) -> Operand:
        if token.kind is Kind.STRING:
            with self.cursor.placing(token):
                return Member(key, token.text)
        if token.text in {"any", "all"}:
            return AnyOf(key) if token.text == "any" else AllOf(key)
        if not _INDEX.fullmatch(token.text):
            self.cursor.fail("expected any, all, a number or a quoted text in []", at=token, near=("any", "all"))
        return Element(key, int(token.text))
