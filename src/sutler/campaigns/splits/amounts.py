"""Values as people write them in split types: counts, amounts of data, time spans, instants, switches. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Generic, TypeVar

T = TypeVar("T")

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_END = datetime(3000, 1, 1, tzinfo=UTC)
_LONGEST = timedelta(days=36525)
_LARGEST_SIZE = 2**63 - 1

_SPANS = {
    "w": timedelta(weeks=1),
    "d": timedelta(days=1),
    "h": timedelta(hours=1),
    "m": timedelta(minutes=1),
    "s": timedelta(seconds=1),
}
_SIZES = {
    "B": 1,
    **{unit: 1000**power for power, unit in enumerate(("kB", "MB", "GB", "TB", "PB"), start=1)},
    **{unit: 1024**power for power, unit in enumerate(("KiB", "MiB", "GiB", "TiB", "PiB"), start=1)},
}
_SWITCHES = {"0": False, "1": True, "false": False, "true": True, "no": False, "yes": True}

_WHOLE = re.compile(r"[0-9]{1,18}")
_SPAN = re.compile(r"([0-9]{1,18})\s*([wdhms]?)")
_SIZE = re.compile(r"([0-9]{1,19}(?:\.[0-9]{1,6})?)\s*([A-Za-z]+)")
_INSTANT = re.compile(
    r"(\d{4}-\d\d-\d\d)(?:(?:\s*T\s*|\s+)(\d\d:\d\d(?::\d\d(?:\.\d{1,6})?)?)\s*(Z|[+-]\d\d:?\d\d)?)?", re.ASCII
)


@dataclass(frozen=True)
class Kind(Generic[T]):
    """How a value is written. `hint` completes the sentence "It takes …"; `read` raises ValueError."""

    name: str
    hint: str
    read: Callable[[str], T]
    write: Callable[[T], str]


def _read_count(text: str) -> int:
    count = _read_number(text)
    if count < 1:
        raise ValueError(text)
    return count


def _read_number(text: str) -> int:
    if not _WHOLE.fullmatch(text):
        raise ValueError(text)
    return int(text)


def _read_size(text: str) -> int:
    match = _SIZE.fullmatch(text)
    units = {unit.lower(): size for unit, size in _SIZES.items()}
    if not match or match[2].lower() not in units:
        raise ValueError(text)
    size = Decimal(match[1]) * units[match[2].lower()]
    if size != int(size) or not 1 <= size <= _LARGEST_SIZE:
        raise ValueError(text)
    return int(size)


def _write_size(size: int) -> str:
    count, unit = min((size // unit_size, unit) for unit, unit_size in _SIZES.items() if size % unit_size == 0)
    return f"{count}{unit}"


def _read_delay(text: str) -> timedelta:
    match = _SPAN.fullmatch(text)
    if not match:
        raise ValueError(text)
    unit = _SPANS[match[2] or "s"]
    if int(match[1]) > _LONGEST // unit:
        raise ValueError(text)
    return int(match[1]) * unit


def _read_duration(text: str) -> timedelta:
    duration = _read_delay(text)
    if not duration:
        raise ValueError(text)
    return duration


def _write_duration(duration: timedelta) -> str:
    if not duration:
        return "0s"
    return next(f"{duration // span}{unit}" for unit, span in _SPANS.items() if not duration % span)


def _read_instant(text: str) -> datetime:
    if _WHOLE.fullmatch(text):
        at = EPOCH + timedelta(seconds=min(int(text), (_END - EPOCH).total_seconds()))
    elif match := _INSTANT.fullmatch(text):
        at = datetime.fromisoformat(f"{match[1]}T{match[2] or '00:00'}{match[3] or '+00:00'}")
    else:
        raise ValueError(text)
    if not EPOCH <= at < _END:
        raise ValueError(text)
    return at.astimezone(UTC)


def write_instant(at: datetime, *, is_local: bool = False) -> str:
    """The instant by RFC 3339, in UTC; or in the time zone of this machine."""
    return at.astimezone().isoformat() if is_local else at.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _read_switch(text: str) -> bool:
    if text.lower() not in _SWITCHES:
        raise ValueError(text)
    return _SWITCHES[text.lower()]


COUNT = Kind("count", "a whole number of at least 1", _read_count, str)
NUMBER = Kind("number", "a whole number", _read_number, str)
SIZE = Kind("size", "an amount of data with its unit, such as 500MB, 10GB or 2TiB", _read_size, _write_size)
DURATION = Kind("duration", "a time span such as 30m, 8h, 1d or 2w", _read_duration, _write_duration)
DELAY = Kind("duration", "a time span such as 0s, 30m or 1d", _read_delay, _write_duration)
INSTANT = Kind(
    "instant", "an instant such as 2026-03-01T12:00:00Z, or seconds since 1970", _read_instant, write_instant
)
SWITCH = Kind("switch", "0 or 1", _read_switch, lambda on: str(int(on)))


def or_word(kind: Kind[T], word: str) -> Kind[T | None]:
    """The same kind, where a word stands for None. The empty word may stand for it too."""

    def read(text: str) -> T | None:
        return None if text == word else kind.read(text)

    def write(value: T | None) -> str:
        return word if value is None else kind.write(value)

    return Kind(kind.name, f"{word} or {kind.hint}" if word else kind.hint, read, write)
