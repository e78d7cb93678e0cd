"""Durations as people write them: `72h`, `1h30m`, `never`, or a number of seconds."""

from __future__ import annotations

import re
from typing import Final

NEVER: Final = "never"
_SECONDS: Final = {"w": 604_800, "d": 86_400, "h": 3_600, "m": 60, "s": 1}
_TEXT: Final = re.compile(r"(?:[0-9]{1,12}(?:\.[0-9]{1,6})?[wdhms])+")
_PART: Final = re.compile(r"([0-9.]+)([wdhms])")


def read_duration(text: str) -> float:
    """Seconds. `never` is 0. Raises ValueError that says what to write."""
    text = text.replace(" ", "").lower()
    if text == NEVER:
        return 0.0
    if not _TEXT.fullmatch(text):
        raise ValueError("Write a duration such as 72h, 1h30m, 90s or never.")
    return sum(float(count) * _SECONDS[unit] for count, unit in _PART.findall(text))


def write_duration(seconds: float) -> str | float:
    """Hours, minutes or seconds, whichever comes out even; the number itself where none does."""
    if seconds == 0:
        return NEVER
    for unit in "hms":
        if seconds % _SECONDS[unit] == 0:
            return f"{int(seconds) // _SECONDS[unit]}{unit}"
    return float(seconds)
