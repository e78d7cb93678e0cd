"""How keys, texts and other values are written in TOML."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Final

_BARE: Final = re.compile(r"[A-Za-z0-9_-]+")
_ESCAPES: Final = {"\b": "\\b", "\t": "\\t", "\n": "\\n", "\f": "\\f", "\r": "\\r", '"': '\\"', "\\": "\\\\"}
_WIDTH: Final = 100


def write_key(key: str) -> str:
    """A key, in quotes where it needs them."""
    return key if _BARE.fullmatch(key) else write_string(key)


def write_string(text: str) -> str:
    """A text in one line."""
    return f'"{"".join(map(_escape, text))}"'


def write_lines(text: str) -> str:
    """A text of many lines, as it looks."""
    body = "".join(character if character in "\n\t" else _escape(character) for character in text)
    return f'"""\n{body}"""'


def write_value(value: object) -> str:
    """Any value but a table; mappings become inline tables."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return write_lines(value) if "\n" in value.strip("\n") else write_string(value)
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() else repr(value)
    if isinstance(value, Mapping):
        entries = ", ".join(f"{write_key(key)} = {_write_inline(each)}" for key, each in value.items())
        return f"{{ {entries} }}" if entries else "{}"
    if isinstance(value, Sequence):
        return _write_list(value)
    return str(value)


def _write_inline(value: object) -> str:
    return write_string(value) if isinstance(value, str) else write_value(value)


def _write_list(values: Sequence[object]) -> str:
    items = [_write_inline(each) for each in values]
    line = f"[{', '.join(items)}]"
    if len(line) <= _WIDTH:
        return line
    return "[\n" + "".join(f"    {item},\n" for item in items) + "]"


def _escape(character: str) -> str:
    if character in _ESCAPES:
        return _ESCAPES[character]
    return character if character.isprintable() else f"\\U{ord(character):08x}"
