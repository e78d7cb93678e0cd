"""What a campaign says by default and a stage by itself: the settings of stages, each said or not said.

None means that nothing is said: a stage takes what its campaign says, and a campaign what is built in. An empty text
says nothing either; "no split" is the split type `None`, "no project" the number 0, "never" a time-out of 0 seconds.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any, Final

from sutler.base.errors import InvalidInputError, Problem

Pairs = tuple[tuple[str, str], ...]

COMPLETION_TYPES: Final = ("complete", "located")
STAGE_TYPES: Final = ("regular", "generator", "test", "approval", "datatransfer")
RECOVERY_MODES: Final = ("standard", "aggressive")
METHODOLOGIES: Final = ("standard", "one_project")

LONGEST_TIMEOUT: Final = 10 * 365 * 86_400
"""Seconds. Ten years; whoever wants more means never, which is 0."""
LARGEST_ID: Final = 2**63 - 1
LARGEST_COUNT: Final = 2**31 - 1


_LARGEST_NUMBER: Final = 1e15
"""Beyond this a number is no number of seconds or percent, and neither are infinity and what is not a number."""


@dataclass(frozen=True)
class _Range:
    """The numbers from `least` to `most`, both included unless `least` is left out."""

    least: float
    most: float
    without_least: bool = False

    def has(self, number: float) -> bool:
        above = number > self.least if self.without_least else number >= self.least
        return above and number <= self.most

    def __str__(self) -> str:
        least = f"more than {self.least}" if self.without_least else f"at least {self.least}"
        return f"{least} and at most {self.most}"


@dataclass(frozen=True)
class StageSettings:
    """The settings of a stage, or the defaults of a campaign. None: not said.

    `parameter_overrides` without an entry are said: they say that nothing is overridden. Time-outs are seconds, 0 for
    never; `project_id`, `load_limit` 0 for none.
    """

    vo_role: str | None = None
    software_version: str | None = None
    dataset_query: str | None = None
    project_id: int | None = None
    split_type: str | None = None
    test_split_type: str | None = None
    clears_schedule: bool | None = None
    completion_type: str | None = None
    completion_pct: float | None = None
    parameter_overrides: Pairs | None = None
    test_parameter_overrides: Pairs | None = None
    merges_overrides: bool | None = None
    stage_type: str | None = None
    output_ancestor_depth: int | None = None
    idle_timeout_seconds: float | None = None
    worker_timeout_seconds: float | None = None
    is_virtual: bool | None = None
    recovery_mode: str | None = None
    methodology: str | None = None
    load_limit: int | None = None
    unit_count: int | None = None
    job_count: int | None = None
    sam_dataset: str | None = None
    recovery_limit: int | None = None

    def __post_init__(self) -> None:
        """Make None of empty texts."""
        for name, value in vars(self).items():
            if value == "":
                object.__setattr__(self, name, None)


NOTHING_SAID: Final = StageSettings()

_KINDS: Final[Mapping[str, Sequence[str]]] = {
    "whole number": ("project_id", "output_ancestor_depth", "load_limit", "unit_count", "job_count", "recovery_limit"),
    "number": ("completion_pct", "idle_timeout_seconds", "worker_timeout_seconds"),
    "yes or no": ("clears_schedule", "merges_overrides", "is_virtual"),
    "pairs": ("parameter_overrides", "test_parameter_overrides"),
}

FIELDS: Final[Mapping[str, str]] = {
    each.name: next((kind for kind, names in _KINDS.items() if each.name in names), "text")
    for each in fields(StageSettings)
}
"""What kind of value each setting has: "text", "whole number", "number", "yes or no" or "pairs"."""

CHOICES: Final[Mapping[str, tuple[str, ...]]] = {
    "completion_type": COMPLETION_TYPES,
    "stage_type": STAGE_TYPES,
    "recovery_mode": RECOVERY_MODES,
    "methodology": METHODOLOGIES,
}
"""The words that a setting can have, where they are counted."""

_RANGES: Final[Mapping[str, _Range]] = {
    "project_id": _Range(0, LARGEST_ID),
    "completion_pct": _Range(0, 100, without_least=True),
    "output_ancestor_depth": _Range(1, 10),
    "idle_timeout_seconds": _Range(0, LONGEST_TIMEOUT),
    "worker_timeout_seconds": _Range(0, LONGEST_TIMEOUT),
    "load_limit": _Range(0, LARGEST_COUNT),
    "unit_count": _Range(1, 1_000_000),
    "job_count": _Range(1, 10_000),
    "recovery_limit": _Range(0, 100),
}


def list_said(settings: StageSettings) -> Iterator[tuple[str, Any]]:
    """Names and values of what is said, in the order of the fields."""
    for name in FIELDS:
        value = getattr(settings, name)
        if value is not None:
            yield name, value


def overlay(below: StageSettings, above: StageSettings) -> StageSettings:
    """`below`, with what `above` says in its place. Overrides of parameters are replaced, not merged."""
    return replace(below, **dict(list_said(above)))


def encode(settings: StageSettings) -> dict[str, object]:
    """What is said, as an object of JSON; pairs become lists of two."""
    return {
        name: [list(pair) for pair in value] if FIELDS[name] == "pairs" else value
        for name, value in list_said(settings)
    }


def decode(mapping: Mapping[str, object]) -> StageSettings:
    """Settings from an object of JSON, the opposite of `encode`. null and an empty text say nothing.

    Raises InvalidInputError with all keys that are unknown and all values of a wrong kind. Ranges are left to `check`.
    """
    problems = [Problem(key, "There is no such setting.") for key in mapping if key not in FIELDS]
    said: dict[str, Any] = {}
    for name, value in mapping.items():
        if value is None or value == "" or name not in FIELDS:
            continue
        try:
            said[name] = _DECODERS[FIELDS[name]](value)
        except ValueError:
            problems.append(Problem(name, f"This takes {_EXPECTED[FIELDS[name]]}, not {repr(value)[:80]}."))
    if problems:
        raise InvalidInputError(problems)
    return StageSettings(**said)


def check(settings: StageSettings, where: str) -> list[Problem]:
    """What is out of range or not among the words there are. `where` is put before the name of the setting."""
    problems = []
    for name, value in list_said(settings):
        what = _complain(name, value)
        if what:
            problems.append(Problem(f"{where} {name}".strip(), what))
    return problems


def _complain(name: str, value: object) -> str | None:
    if name in _RANGES:
        assert isinstance(value, int | float)
        return None if _RANGES[name].has(value) else f"This must be {_RANGES[name]}, not {value}."
    if name in CHOICES and value not in CHOICES[name]:
        return f"This must be one of {', '.join(CHOICES[name])}, not {value!r}."
    texts = [value] if isinstance(value, str) else sum(value, ()) if isinstance(value, tuple) else []
    if any("\x00" in text for text in texts):
        return "This has a character with the number 0, which cannot be kept."
    return None


def _decode_text(value: object) -> str:
    if not isinstance(value, str):
        raise ValueError  # noqa: TRY004 one kind of complaint, whatever is wrong
    return value


def _decode_whole(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise ValueError  # noqa: TRY004
    return value


def _decode_number(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) <= _LARGEST_NUMBER:
        raise ValueError
    return float(value)


def _decode_truth(value: object) -> bool:
    if not isinstance(value, bool):
        raise ValueError  # noqa: TRY004
    return value


def _decode_pairs(value: object) -> Pairs:
    if not isinstance(value, list | tuple):
        raise ValueError  # noqa: TRY004
    pairs = []
    for pair in value:
        if not isinstance(pair, list | tuple) or len(pair) != 2:
            raise ValueError
        pairs.append((_decode_text(pair[0]), _decode_text(pair[1])))
    return tuple(pairs)


_DECODERS: Final[Mapping[str, Callable[[object], Any]]] = {
    "text": _decode_text,
    "whole number": _decode_whole,
    "number": _decode_number,
    "yes or no": _decode_truth,
    "pairs": _decode_pairs,
}

_EXPECTED: Final[Mapping[str, str]] = {
    "text": "text",
    "whole number": "a whole number",
    "number": "a number",
    "yes or no": "true or false",
    "pairs": 'pairs such as [["--key=", "value"]]',
}
