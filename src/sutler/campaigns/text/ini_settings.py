"""The settings of a stage, or of all stages, from the places in an INI file where they can stand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sutler.campaigns.settings import StageSettings, check
from sutler.campaigns.text.ini_keys import GROUPS, KEYS, SPLIT_TYPES, GroupedKey
from sutler.campaigns.text.ini_source import Source

_Found = tuple[Source, str, Any]


def read_settings(own: Source, sections: Mapping[str, Source]) -> StageSettings:
    """What a section says of the settings.

    An object of JSON, or a section of the data handler's defaults in `sections`, goes before single keys in `own`.
    """
    said: dict[str, Any] = {}
    for key in KEYS:
        value = own.take(key.names, key.read, none_word=key.field in SPLIT_TYPES)
        _say(said, key.field, [(own, _spell(own, key.names), value)])
    for object_name, section_name, keys in GROUPS:
        members = own.open_object(object_name)
        section = sections.get(section_name)
        for grouped in keys:
            found = _find_all(grouped, members, section, own)
            _say(said, grouped.field, found)
            _warn_of_conflicts(found)
        if members is not None:
            own.keep_rest_of(object_name, members)
    return StageSettings(**said)


def _find_all(key: GroupedKey, members: Source | None, section: Source | None, own: Source) -> list[_Found]:
    places = ((members, key.in_object), (section, key.in_section), (own, key.alone))
    found = [(source, names, source.take(names, key.read)) for source, names in places if source is not None]
    return [(source, _spell(source, names), value) for source, names, value in found if value is not None]


def _spell(source: Source, names: Sequence[str]) -> str:
    return next((name for name in names if name in source.section.entries), names[0])


def _say(said: dict[str, Any], field: str, found: Sequence[_Found]) -> None:
    for source, name, value in found:
        if value is None:
            continue
        problems = check(StageSettings(**{field: value}), "")
        for problem in problems:
            source.complain(name, problem.what)
        if not problems:
            said.setdefault(field, value)


def _warn_of_conflicts(found: Sequence[_Found]) -> None:
    for source, name, value in found[1:]:
        first, first_name, first_value = found[0]
        if value != first_value:
            source.warn(name, f"{first.place(first_name)}, says otherwise, and holds.")
