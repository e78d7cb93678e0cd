"""From text to tree: constants."""

from __future__ import annotations

import math
import re

from sutler.catalog.mql.cursor import Cursor, is_sign
from sutler.catalog.mql.errors import MqlSyntaxError, shorten
from sutler.catalog.mql.instants import parse_day, parse_instant
from sutler.catalog.mql.lexer import Kind, Token
from sutler.catalog.mql.terms import Boolean, Constant, Instant, Number, Text

MAX_DIGITS = 300
"""How long a number can be written."""

_BARE = re.compile(r"[A-Za-z0-9$@_.-]+")
_INTEGER = re.compile(r"[+-]?[0-9]+")
_FLOAT = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_CALLS = ("date", "datetime")


def at_call(cursor: Cursor) -> bool:
    """Whether date() or datetime() is next."""
    return cursor.at_word(*_CALLS) and is_sign(cursor.look(), "(")


def parse_constant(cursor: Cursor, expected: str = "a value") -> Constant:
    """Read a constant: quoted or bare text, number, true or false, datetime() or date().

    Raises `MqlSyntaxError`, or `MqlMeaningError` for a quoted text that contains a quotation mark.
    """
    if not cursor.at_constant():
        cursor.fail(f"expected {expected}")
    if at_call(cursor):
        return _parse_call(cursor)
    token = cursor.take()
    if token.kind is Kind.STRING:
        with cursor.placing(token):
            return Text(token.text)
    if _FLOAT.fullmatch(token.text):
        return _number(cursor, token)
    if token.text.lower() in {"true", "false"}:
        return Boolean(token.text.lower() == "true")
    return Text(_bare(cursor, token))


def _bare(cursor: Cursor, token: Token) -> str:
    if not _BARE.fullmatch(token.text):
        cursor.fail("expected a value without special characters, or one in quotes", at=token)
    return token.text


def _number(cursor: Cursor, token: Token) -> Constant:
    if len(token.text) <= MAX_DIGITS and _INTEGER.fullmatch(token.text):
        return Number(int(token.text))
    if len(token.text) > MAX_DIGITS or math.isinf(float(token.text)):
        cursor.fail("expected a smaller number", at=token)
    return Number(float(token.text))


def _parse_call(cursor: Cursor) -> Constant:
    function = cursor.take()
    cursor.take()
    start = cursor.token
    arguments = [_argument(cursor)]
    if function.text == "date" and cursor.accept_sign(","):
        arguments.append(_argument(cursor))
    cursor.expect_sign(")", f"')' at the end of {function.text}(…)")
    try:
        return parse_day(*arguments) if function.text == "date" else Instant(parse_instant(arguments[0]))
    except ValueError as error:
        example = "2024-05-31" if function.text == "date" else "2024-05-31 12:00:00"
        raise MqlSyntaxError(
            f'expected a date like {function.text}("{example}"), but found "{shorten(", ".join(arguments))}".',
            position=cursor.position(start),
        ) from error


def _argument(cursor: Cursor) -> str:
    if not cursor.at_constant():
        cursor.fail("expected a date in quotes")
    token = cursor.take()
    return token.text if token.kind is Kind.STRING else _bare(cursor, token)
