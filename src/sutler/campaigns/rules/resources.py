"""What a job asks its batch system for, written as parameters: `resource.memory=` and its kin.

They are merged like all parameters, so a stage, a test launch or a recovery asks for more with the same key, and they
are left out of the command.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Final

from sutler.base.errors import InvalidInputError, Problem
from sutler.campaigns.model import Parameters
from sutler.launch.model import ResourceRequest

PREFIX: Final = "resource."
LARGEST: Final = 2.0**62

_AMOUNT = re.compile(r"\s*(\d+(?:\.\d+)?)\s*([A-Za-z]*)\s*")
_BYTES: Final[Mapping[str, int]] = {
    "B": 1,
    "KB": 10**3,
    "MB": 10**6,
    "GB": 10**9,
    "TB": 10**12,
    "KIB": 2**10,
    "MIB": 2**20,
    "GIB": 2**30,
    "TIB": 2**40,
}
_SECONDS: Final[Mapping[str, int]] = {"S": 1, "M": 60, "H": 3600, "D": 86400}


def split_requests(parameters: Parameters) -> tuple[Parameters, ResourceRequest]:
    """Return the parameters of the command, and what the others ask for. Raises InvalidInputError for all faults."""
    rest = tuple((key, text) for key, text in parameters if not key.startswith(PREFIX))
    asked: dict[str, float] = {}
    problems = []
    for key, text in parameters:
        if key.startswith(PREFIX):
            name = key.removeprefix(PREFIX).strip().rstrip("=").strip()
            try:
                field, read = _READERS[name]
                asked[field] = read(text)
            except KeyError:
                problems.append(Problem(key, f"is no resource; there are {', '.join(PREFIX + n for n in _READERS)}"))
            except ValueError as error:
                problems.append(Problem(key, str(error)))
    if problems:
        raise InvalidInputError(problems)
    return rest, ResourceRequest(**asked)  # type: ignore[arg-type]  # the readers return what the fields take


def _read_bytes(text: str) -> int:
    return int(_read_amount(text, _BYTES, "MB", "2GB or 500 MB"))


def _read_seconds(text: str) -> float:
    return _read_amount(text, _SECONDS, "S", "8h or 30m")


def _read_count(text: str) -> int:
    if not text.strip().isdecimal() or len(text) > 9 or int(text) < 1:
        raise ValueError(f"must be a whole number of at least 1, not {text!r}")
    return int(text)


def _read_amount(text: str, units: Mapping[str, int], default: str, example: str) -> float:
    match = _AMOUNT.fullmatch(text)
    unit = (match[2].upper() or default) if match else ""
    amount = float(match[1]) * units[unit] if match and unit in units else 0.0
    if not 0 < amount < LARGEST:
        raise ValueError(f"must be an amount like {example}, not {text[:50]!r}")
    return amount


_READERS: Final[Mapping[str, tuple[str, Callable[[str], float]]]] = {
    "memory": ("memory_bytes", _read_bytes),
    "disk": ("disk_bytes", _read_bytes),
    "cpu": ("cpu_count", _read_count),
    "time": ("run_seconds", _read_seconds),
}
