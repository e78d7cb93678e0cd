"""How values look on a page. Pure functions, used as filters of the templates."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from enum import Enum
from urllib.parse import quote, urlencode

from sutler.base.did import Did

DASH = "\N{EN DASH}"

_SIZES = ("B", "kB", "MB", "GB", "TB", "PB", "EB")
_DOTS = (".", "..")
_MEASURES = {"max_rss_bytes": "peak memory", "cpu_seconds": "CPU time", "wall_seconds": "wall time"}
_STATES = {"initial": "not submitted"}
_ENDINGS = {"memory": "its memory limit", "time": "its time limit", "stopped": "being stopped", "signal": "a signal"}


def format_size(size_bytes: float | None) -> str:
    """Write a size in steps of 1000, with three digits: `1.23 GB`. Unknown sizes are a dash."""
    if size_bytes is None:
        return DASH
    amount, unit = float(size_bytes), 0
    while amount >= 999.5 and unit < len(_SIZES) - 1:
        amount, unit = amount / 1000, unit + 1
    digits = 0 if unit == 0 or amount >= 99.95 else 1 if amount >= 9.995 else 2
    return f"{amount:.{digits}f} {_SIZES[unit]}"


def format_count(count: int) -> str:
    """Write a number with narrow blanks between thousands."""
    return f"{count:,}".replace(",", "\N{NARROW NO-BREAK SPACE}")


def format_duration(span: timedelta | float | None) -> str:
    """Write a time span, in seconds if it is a number, with its two largest units: `2 h 5 min`."""
    if span is None:
        return DASH
    seconds = span.total_seconds() if isinstance(span, timedelta) else float(span)
    if seconds < 10:
        return f"{seconds:.2g} s" if seconds < 1 else f"{seconds:.1f} s"
    total = round(seconds)
    units = [("d", 86400), ("h", 3600), ("min", 60), ("s", 1)]
    parts = []
    for name, length in units:
        count, total = divmod(total, length)
        if count:
            parts.append(f"{count} {name}")
        elif parts:
            break
    return " ".join(parts[:2])


def format_utc(at: datetime, *, with_seconds: bool = False) -> str:
    """Write an instant in UTC, as it stands on the page before the script turns it into the user's zone."""
    return f"{at:%Y-%m-%d %H:%M:%S} UTC" if with_seconds else f"{at:%Y-%m-%d %H:%M} UTC"


def format_instant(at: datetime) -> str:
    """Write an instant for programs: the `datetime` attribute of a `<time>`."""
    return f"{at:%Y-%m-%dT%H:%M:%S}.{at.microsecond // 1000:03d}Z"


def format_value(item: object) -> str:
    """Write any value of metadata or configuration: text as it is, the rest as JSON."""
    if isinstance(item, Enum):
        return str(item.value)
    if isinstance(item, str):
        return item
    if item is None:
        return DASH
    return json.dumps(item, ensure_ascii=False, indent=1 if isinstance(item, Mapping) else None, default=str)


def format_state(word: str) -> str:
    """Write a state as people know it: an `initial` file is shown as not submitted."""
    return _STATES.get(word, word.replace("_", " "))


def format_ending(cause: str) -> str:
    """Write what ended a batch job that did not end by itself: `memory` is its memory limit."""
    return _ENDINGS.get(cause, cause)


def format_measure(name: str, item: object) -> tuple[str, str]:
    """Turn one measure of a run into words: `("wall_seconds", 65)` becomes `("wall time", "1 min 5 s")`."""
    label = _MEASURES.get(name)
    if isinstance(item, int | float) and not isinstance(item, bool):
        if name.endswith("_seconds"):
            return label or name.removesuffix("_seconds").replace("_", " "), format_duration(item)
        if name.endswith("_bytes"):
            return label or name.removesuffix("_bytes").replace("_", " "), format_size(item)
    return name.replace("_", " "), format_value(item)


def format_command(words: object) -> str:
    """Write an argument list as it would be typed."""
    return shlex.join(str(word) for word in words) if isinstance(words, Iterable) else format_value(words)


def make_file_path(did: Did) -> str:
    """Return the address of a file's page, without the prefix of the installation."""
    return _make_did_path("files", did)


def make_dataset_path(did: Did) -> str:
    """Return the address of a dataset's page, without the prefix of the installation."""
    return _make_did_path("datasets", did)


def _make_did_path(kind: str, did: Did) -> str:
    # Browsers shorten paths with `.` and `..` before they ask, and a slash would end the namespace: as a query, then.
    if any(part in _DOTS for part in (did.namespace, *did.name.split("/"))) or "/" in did.namespace:
        return f"/{kind}?" + urlencode({"did": str(did)})
    return f"/{kind}/{quote(did.namespace, safe='')}/{quote(did.name, safe='/')}"
