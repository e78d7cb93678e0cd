"""What people type into forms and filters, read into values. Pure functions; each raises InvalidInputError."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from datetime import timedelta

from sutler.base.errors import InvalidInputError, Problem
from sutler.pages.formats import format_duration

LONGEST_FILTER = 1_024
LARGEST_NUMBER = 2**31 - 1

_SECONDS = {"s": 1, "sec": 1, "min": 60, "m": 60, "h": 3_600, "d": 86_400}
_PART = re.compile(r"([0-9]{1,9}(?:\.[0-9]{1,6})?)\s*([a-z]*)\s*")
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
_DURATION = "write it like 90 s, 45 min, 2 h or 1 d 12 h, or nothing for no limit"


def read_text(where: str, text: str, *, longest: int = LONGEST_FILTER) -> str:
    """Return a text without the blanks around it, if the database can hold it."""
    if len(text) > longest:
        raise InvalidInputError([Problem(where, f"must have at most {longest} characters")])
    if found := _UNSTORABLE.search(text):
        raise InvalidInputError([Problem(where, f"must not hold the character {found.group()!r}")])
    return text.strip()


def read_number(where: str, text: str, *, least: int = -LARGEST_NUMBER) -> int:
    """Return a whole number."""
    wanted = text.strip()
    if not re.fullmatch(r"[+-]?[0-9]{1,10}", wanted) or not least <= int(wanted) <= LARGEST_NUMBER:
        raise InvalidInputError(
            [Problem(where, f"{wanted[:40]!r} is no whole number from {least} to {LARGEST_NUMBER}")]
        )
    return int(wanted)


def read_optional_number(where: str, text: str, *, least: int) -> int | None:
    """Return a whole number; None if nothing stands there."""
    return read_number(where, text, least=least) if text.strip() else None


def read_duration(where: str, text: str) -> timedelta | None:
    """Return a time span; a bare number is seconds, and nothing is None."""
    rest = text.strip().lower()
    if not rest:
        return None
    seconds = 0.0
    while rest:
        part = _PART.match(rest)
        if part is None or (part[2] or "s") not in _SECONDS:
            raise InvalidInputError([Problem(where, f"{text.strip()[:40]!r} is no time span: {_DURATION}")])
        seconds += float(part[1]) * _SECONDS[part[2] or "s"]
        rest = rest[part.end() :]
    if not 0 < seconds <= 10**9:
        raise InvalidInputError([Problem(where, "must be longer than nothing and not longer than centuries")])
    return timedelta(seconds=seconds)


def write_duration(span: timedelta | None) -> str:
    """Write a time span so that `read_duration` reads the same one; empty for none."""
    if span is None:
        return ""
    text = format_duration(span)
    return text if read_duration("", text) == span else f"{span.total_seconds():.6f}".rstrip("0").rstrip(".") + " s"


def read_names(where: str, text: str) -> list[str]:
    """Return names that stand between commas, blanks or on lines of their own, each once."""
    return list(dict.fromkeys(re.split(r"[,\s]+", read_text(where, text, longest=20_000)))) if text.strip() else []


def read_object(where: str, text: str) -> Mapping[str, object]:
    """Return an object that is written as JSON; nothing is an empty one."""
    if not text.strip():
        return {}
    try:
        found = json.loads(text)
    except (ValueError, RecursionError) as error:
        what = (
            f"is no JSON: {error.msg}, line {error.lineno}" if isinstance(error, json.JSONDecodeError) else "is no JSON"
        )
        raise InvalidInputError([Problem(where, what)]) from None
    if not isinstance(found, dict):
        raise InvalidInputError([Problem(where, 'must be an object of JSON, like {"version": "1.2"}')])
    return found


def list_problems(errors: Sequence[InvalidInputError]) -> tuple[Problem, ...]:
    """Return all that is wrong, of several fields."""
    return tuple(problem for error in errors for problem in error.problems)
