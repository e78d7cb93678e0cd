"""Patterns of file names: those of the shell, and SQL's LIKE."""

from __future__ import annotations

import re


def is_condition(pattern: str) -> bool:
    """Whether a pattern of a dependency is a condition on metadata: names have no blank."""
    return " " in pattern.strip()


def read_glob(pattern: str) -> str:
    """Return a regular expression, for the database and for Python, that matches what a pattern of the shell does."""
    parts, place = [], 0
    while place < len(pattern):
        letter = pattern[place]
        begins_at = place + (2 if pattern.startswith("[!", place) else 1)
        # A bracket that comes first stands for itself.
        end = pattern.find("]", begins_at + 1) if letter == "[" else -1
        letters = _read_set(pattern[begins_at:end], is_negated=begins_at == place + 2) if end > 0 else None
        if letters is not None:
            parts.append(letters)
            place = end + 1
            continue
        parts.append({"*": ".*", "?": "."}.get(letter, _escape(letter)))
        place += 1
    return f"^{''.join(parts)}$"


def _read_set(inner: str, *, is_negated: bool) -> str | None:
    """Return a set of letters as an expression has it; None for one that has no meaning, such as z-a."""
    escaped = "".join(f"\\{letter}" if letter in "\\[]^" else letter for letter in inner)
    letters = f"[{'^' if is_negated else ''}{escaped}]"
    try:
        re.compile(letters)
    except re.error:
        return None
    return letters


def matches_like(name: str, pattern: str) -> bool:
    """Whether SQL's LIKE finds that a name matches a pattern."""
    parts, letters = [], iter(pattern)
    for letter in letters:
        if letter == "\\":
            parts.append(re.escape(next(letters, "\\")))
        else:
            parts.append({"%": ".*", "_": "."}.get(letter, re.escape(letter)))
    return re.fullmatch("".join(parts), name, re.DOTALL) is not None


def _escape(letter: str) -> str:
    return letter if letter.isalnum() or letter in "_-" or not letter.isascii() else f"\\{letter}"
