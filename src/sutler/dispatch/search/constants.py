"""Constants: how they are read, and what they mean beside a time."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from sutler.dispatch.search.cursor import Cursor
from sutler.dispatch.search.lexer import Kind
from sutler.dispatch.search.tree import Constant, Number, Text, Truth

MAX_DIGITS = 300
"""How long a number can be written, and the largest power of ten in it."""

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

_NUMBER = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE]([+-]?[0-9]{1,5}))?")
_INSTANT = re.compile(
    r"(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d(?::\d\d(?:\.\d{1,6})?)?)\s*(Z|[+-]\d\d(?::?\d\d)?)?)?", re.ASCII
)


def parse_constant(cursor: Cursor, expected: str = "a value") -> Constant:
    """Read a constant: a quoted or bare text, a number, true or false. Raises SearchSyntaxError."""
    if not cursor.at_constant():
        cursor.fail(f"expected {expected}")
    token = cursor.take()
    if token.kind is Kind.STRING:
        return Text(token.text)
    if found := _NUMBER.fullmatch(token.text):
        if len(token.text) > MAX_DIGITS or abs(int(found[1] or 0)) > MAX_DIGITS:
            cursor.fail("expected a number of ordinary size", at=token)
        return Number(Decimal(token.text), token.text)
    if token.text.lower() in {"true", "false"}:
        return Truth(token.text.lower() == "true", token.text)
    return Text(token.text)


def read_instant(constant: Constant) -> datetime:
    """The point in time that a constant means: an ISO text, in UTC unless it has a zone, or seconds since 1970.

    Raises ValueError when it means none.
    """
    try:
        if isinstance(constant, Number):
            return EPOCH + timedelta(seconds=float(constant.number))
        found = _INSTANT.fullmatch(constant.written.strip())
        if not found:
            raise ValueError(constant.written)
        day, clock, zone = found.groups()
        return datetime.fromisoformat(f"{day}T{clock or '00:00'}{zone or '+00:00'}").astimezone(UTC)
    except OverflowError as error:
        raise ValueError(constant.written) from error
