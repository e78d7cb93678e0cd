"""The settings of a stage, or the defaults of a campaign, as fields of a form: empty fields inherit."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from typing import Any, Final

from sutler.base.errors import InvalidInputError, Problem
from sutler.campaigns import Campaign, StageSettings, load_split_types
from sutler.campaigns.settings import CHOICES, FIELDS
from sutler.pages.forms import list_problems, read_duration, read_number
from sutler.pages.setting_words import DURATIONS, GROUPS, NEVER, SettingWords, find_inherited, write_setting
from sutler.pages.typed import Rows, Typed, pad_rows

LONG: Final = ("dataset_query",)
SPLITS: Final = ("split_type", "test_split_type")
NONE_SAID = "none"
"""What the box sends that says: no parameters, instead of those that would be inherited."""


@dataclass(frozen=True)
class SettingField:
    """One field. `kind` is text, long, choice, pairs or split; `inherited` what holds while it is empty."""

    words: SettingWords
    kind: str
    text: str
    inherited: str
    choices: tuple[str, ...] = ()
    rows: Rows = ()
    says_none: bool = False


@dataclass(frozen=True)
class FieldGroup:
    """Fields that stand together."""

    title: str
    fields: tuple[SettingField, ...]


@dataclass(frozen=True)
class SplitChoice:
    """A split type to pick: its example is put into the field."""

    name: str
    example: str
    help: str
    base_help: str
    arguments: tuple[tuple[str, str], ...]


def list_fields(typed: Typed, campaign: Campaign | None) -> tuple[FieldGroup, ...]:
    """Return the fields with what was typed into them; a campaign is what a stage inherits from."""
    return tuple(
        FieldGroup(group.title, tuple(_make_field(each, typed, campaign) for each in group.settings))
        for group in GROUPS
    )


def write_fields(settings: StageSettings) -> dict[str, tuple[str, ...]]:
    """Return what stands in the fields for settings that are said."""
    typed: dict[str, tuple[str, ...]] = {}
    for each in fields(settings):
        item = getattr(settings, each.name)
        if FIELDS[each.name] == "pairs":
            typed[f"{each.name}_key"] = tuple(key for key, _ in item or ())
            typed[f"{each.name}_value"] = tuple(text for _, text in item or ())
            typed[f"{each.name}_none"] = (NONE_SAID,) if item == () else ()
        else:
            typed[each.name] = (write_setting(each.name, item),) if item is not None else ()
    return typed


def read_settings(typed: Typed) -> StageSettings:
    """Return what the fields say. Raises InvalidInputError with everything that cannot be read."""
    errors: list[InvalidInputError] = []
    said: dict[str, Any] = {}
    for name, kind in FIELDS.items():
        try:
            said[name] = _read_setting(name, kind, typed)
        except InvalidInputError as error:
            errors.append(error)
    if errors:
        raise InvalidInputError(list_problems(errors))
    return StageSettings(**said)


def list_split_choices() -> tuple[SplitChoice, ...]:
    """Return the split types of this installation for a picker."""
    return tuple(
        SplitChoice(
            name,
            kind.example,
            kind.help,
            kind.base_help,
            tuple((each.name, each.help) for each in kind.parameters()),
        )
        for name, kind in load_split_types().items()
    )


def _make_field(words: SettingWords, typed: Typed, campaign: Campaign | None) -> SettingField:
    name, inherited = words.name, find_inherited(words.name, campaign)
    if FIELDS[name] == "pairs":
        rows = pad_rows(typed.rows(f"{name}_key", f"{name}_value"), 2)
        return SettingField(words, "pairs", "", inherited, rows=rows, says_none=typed.has(f"{name}_none"))
    choices = ("yes", "no") if FIELDS[name] == "yes or no" else CHOICES.get(name, ())
    kind = "choice" if choices else "long" if name in LONG else "split" if name in SPLITS else "text"
    return SettingField(words, kind, typed.text(name), inherited, choices)


def _read_setting(name: str, kind: str, typed: Typed) -> object:
    if kind == "pairs":
        pairs = typed.pairs(name)
        return () if not pairs and typed.has(f"{name}_none") else pairs or None
    text = typed.text(name)
    if not text:
        return None
    if name in DURATIONS:
        return _read_seconds(name, text)
    return _READERS[kind](name, text)


def _read_seconds(name: str, text: str) -> float:
    if text.lower() in (NEVER, "0"):
        return 0.0
    span = read_duration(name, text)
    return span.total_seconds() if span else 0.0


def _read_float(name: str, text: str) -> float:
    try:
        number = float(text.removesuffix("%"))
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise InvalidInputError([Problem(name, f"{text[:40]!r} is no number")])
    return number


def _read_switch(name: str, text: str) -> bool:
    if text not in ("yes", "no"):
        raise InvalidInputError([Problem(name, f"{text[:40]!r} is neither yes nor no")])
    return text == "yes"


_READERS: Mapping[str, Callable[[str, str], object]] = {
    "text": lambda _, text: text,
    "whole number": read_number,
    "number": _read_float,
    "yes or no": _read_switch,
}
