"""What differs between two frozen configurations."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping

from sutler.campaigns.model import ChangeKind, PlannedChange

NAMED_LISTS = ("parameters", "parameter_overrides", "test_parameter_overrides")
"""Lists of pairs, which are compared by key."""


def compare_configs(before: Mapping[str, object], after: Mapping[str, object]) -> tuple[PlannedChange, ...]:
    """Return every value that differs, by its place such as `stage.completion_pct`, in the order of the first."""
    old, new = dict(_flatten(before, "")), dict(_flatten(after, ""))
    places = list(dict.fromkeys([*old, *new]))
    return tuple(
        PlannedChange(_name_kind(place, old, new), place, old.get(place, ""), new.get(place, ""))
        for place in places
        if old.get(place) != new.get(place)
    )


def _name_kind(place: str, old: Mapping[str, str], new: Mapping[str, str]) -> ChangeKind:
    if place not in old:
        return ChangeKind.ADDED
    return ChangeKind.CHANGED if place in new else ChangeKind.REMOVED


def _flatten(value: object, place: str) -> Iterator[tuple[str, str]]:
    match value:
        case Mapping():
            for name, item in value.items():
                yield from _flatten(item, f"{place}.{name}" if place else str(name))
        case list() if place.rpartition(".")[2] in NAMED_LISTS:
            for key, text in value:
                yield f"{place}[{str(key).strip()}]", str(text)
        case str():
            yield place, value
        case _:
            yield place, json.dumps(value, ensure_ascii=False)
