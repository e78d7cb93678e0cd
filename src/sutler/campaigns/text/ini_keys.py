"""Which keys an INI file has for the settings of stages, in each of the places where they can stand.

Keys of SAM and of Data Dispatcher stand in sections of their own for the campaign (`[data_dispatcher_defaults]`), in
one object of JSON for a stage (`data_dispatcher_settings`), and in older files as single keys.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from sutler.campaigns.text import values

JSON_SUFFIX: Final = "_json"
"""A text that an INI file would change (blank edges, lines with #) stands as JSON, under its key with this ending."""


@dataclass(frozen=True)
class Key:
    """A setting and its spellings: the first is written, all are read. `write` makes text, or a value of JSON."""

    field: str
    names: tuple[str, ...]
    read: Callable[[str], Any]
    write: Callable[[Any], str] = str


@dataclass(frozen=True)
class GroupedKey:
    """A setting of one data handler: its spellings in the object of a stage, in the section of the defaults, alone."""

    field: str
    in_object: tuple[str, ...]
    in_section: tuple[str, ...]
    alone: tuple[str, ...]
    read: Callable[[str], Any]
    write: Callable[[Any], object] = lambda value: value


def read_as_is(text: str) -> str:
    """The text as it stands."""
    return text


def read_pattern(text: str) -> str:
    """A pattern, whose percent signs may be doubled. As JSON it is exact."""
    return values.halve_percents(text)


TEXT_READERS: Final = (read_as_is, read_pattern)
"""Readers of what can also stand as JSON, exactly."""


def _write_pairs(pairs: tuple[tuple[str, str], ...]) -> str:
    return values.write_json([list(pair) for pair in pairs])


def _write_number(number: float) -> object:
    return int(number) if float(number).is_integer() else number


SPLIT_TYPES: Final = frozenset({"split_type", "test_split_type"})
"""Settings whose `None` says something."""

KEYS: Final = (
    Key("vo_role", ("vo_role",), read_as_is),
    Key("software_version", ("software_version",), read_as_is),
    Key("split_type", ("cs_split_type", "split_type"), read_as_is),
    Key("test_split_type", ("test_split_type",), read_as_is),
    Key("clears_schedule", ("default_clear_cronjob",), values.read_truth),
    Key("completion_type", ("completion_type",), values.read_word),
    Key("completion_pct", ("completion_pct",), values.read_number, values.write_number),
    Key("parameter_overrides", ("param_overrides",), values.read_pairs, _write_pairs),
    Key("test_parameter_overrides", ("test_param_overrides",), values.read_pairs, _write_pairs),
    Key("merges_overrides", ("merge_overrides",), values.read_truth),
    Key("stage_type", ("stage_type", "campaign_stage_type"), values.read_stage_type),
    Key("output_ancestor_depth", ("output_ancestor_depth",), values.read_whole),
    Key("unit_count", ("unit_count",), values.read_whole),
    Key("job_count", ("job_count",), values.read_whole),
    Key("recovery_limit", ("recovery_limit",), values.read_whole),
)

_DATASET: Final = ("dataset_or_split_data",)

SAM_KEYS: Final = (GroupedKey("sam_dataset", _DATASET, _DATASET, _DATASET, read_as_is),)


def _dd(field: str, name: str, alone: str, read: Callable[[str], Any], **others: Any) -> GroupedKey:  # noqa: ANN401
    return GroupedKey(field, (name,), (name,), (f"data_dispatcher_{alone}",), read, **others)


DD_KEYS: Final = (
    GroupedKey(
        "dataset_query",
        ("dataset_query", "query"),
        ("query", "dataset_query"),
        ("data_dispatcher_dataset_query", "dataset_query"),
        read_as_is,
    ),
    _dd("project_id", "project_id", "project_id", values.read_whole),
    _dd("idle_timeout_seconds", "idle_timeout", "idle_timeout", values.read_number, write=_write_number),
    _dd("worker_timeout_seconds", "worker_timeout", "worker_timeout", values.read_number, write=_write_number),
    _dd("is_virtual", "virtual", "project_virtual", values.read_truth),
    _dd("recovery_mode", "recovery_mode", "recovery_mode", values.read_word),
    _dd(
        "methodology",
        "stage_methodology",
        "stage_methodology",
        values.read_methodology,
        write=values.write_methodology,
    ),
    _dd("load_limit", "load_limit", "load_limit", values.read_whole),
)

SAM_OBJECT: Final = "sam_settings"
DD_OBJECT: Final = "data_dispatcher_settings"
SAM_SECTION: Final = "sam_defaults"
DD_SECTION: Final = "data_dispatcher_defaults"

GROUPS: Final = ((DD_OBJECT, DD_SECTION, DD_KEYS), (SAM_OBJECT, SAM_SECTION, SAM_KEYS))
"""Name of the object, name of the section and the keys of each data handler."""

STAGE: Final = "campaign_stage"
LOGIN_SETUP: Final = "login_setup"
JOB_TYPE: Final = "job_type"
DEPENDENCIES: Final = "dependencies"

NAMED_SECTIONS: Final[Mapping[str, str]] = {
    STAGE: STAGE,
    "campaign_layer": STAGE,
    LOGIN_SETUP: LOGIN_SETUP,
    "launch_template": LOGIN_SETUP,
    JOB_TYPE: JOB_TYPE,
    "campaign_definition": JOB_TYPE,
    DEPENDENCIES: DEPENDENCIES,
}
"""First words of the sections that have a name behind them, old ones included, and what they are now."""

SINGLE_SECTIONS: Final = ("campaign", "campaign_defaults", SAM_SECTION, DD_SECTION, "node_positions")

POSITION_KEY: Final = re.compile(r"nxy[0-9]+")
UPSTREAM_KEY: Final = re.compile(r"campaign_(?:stage|layer)_([0-9]{1,9})")
PATTERN_KEY: Final = re.compile(r"file_pattern_([0-9]{1,9})")
