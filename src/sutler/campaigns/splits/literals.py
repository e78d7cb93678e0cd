"""Lists that are written in the query field of a stage. They are parsed, never evaluated."""

from __future__ import annotations

import ast
import json
import warnings
from typing import TypeGuard

from sutler.campaigns.errors import SplitTypeError

_OPENING, _CLOSING = "([{", ")]}"


def is_plain_text(item: object) -> TypeGuard[str]:
    """Whether it is a text that can be kept and handed to a job: escapes can mean signs that cannot be."""
    return isinstance(item, str) and "\0" not in item and item.encode(errors="replace").decode() == item


def read_list(text: str) -> list[object]:
    """The list that a text is in JSON, or with the quotes of Python. Raises SplitTypeError."""
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        found = _read_python(text)
    if not isinstance(found, list):
        raise SplitTypeError('What stands there cannot be read as a list. One is written as ["first", "second"].')
    return found


def _read_python(text: str) -> object:
    try:
        with warnings.catch_warnings():
            # An unknown escape, as in a regular expression, stays as it is; Python says so as a warning.
            warnings.simplefilter("ignore")
            return ast.literal_eval(text.strip())
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        return None


def split_at_commas(text: str) -> list[str]:
    """The pieces between commas that stand outside quotes and brackets, without white space around.

    Raises SplitTypeError when a quote or a bracket stays open.
    """
    pieces = [""]
    depth, quote = 0, ""
    for sign in text:
        if sign == "," and not depth and not quote:
            pieces.append("")
            continue
        pieces[-1] += sign
        if quote:
            quote = "" if sign == quote else quote
        elif sign in "'\"":
            quote = sign
        else:
            depth += (sign in _OPENING) - (sign in _CLOSING)
    if quote or depth:
        raise SplitTypeError("A quote or a bracket stays open, or one is closed that was not open.")
    return [piece.strip() for piece in pieces]
