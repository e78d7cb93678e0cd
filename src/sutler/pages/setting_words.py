"""What the settings of stages are called on pages, and how their values are written."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import timedelta
from enum import Enum
from typing import Final

from sutler.campaigns import Campaign, Stage, StageSettings
from sutler.pages.forms import write_duration

NEVER = "never"
DURATIONS: Final = ("idle_timeout_seconds", "worker_timeout_seconds")


@dataclass(frozen=True)
class SettingWords:
    """The name of a setting in the room, what pages call it, and a sentence of help."""

    name: str
    label: str
    help: str


@dataclass(frozen=True)
class SettingGroup:
    """Settings that stand together."""

    title: str
    settings: tuple[SettingWords, ...]


def _group(title: str, *settings: tuple[str, str, str]) -> SettingGroup:
    return SettingGroup(title, tuple(SettingWords(*each) for each in settings))


GROUPS: Final = (
    _group(
        "Data",
        ("dataset_query", "Query", "Files in MQL, or what the split type reads. A stage that others feed needs none."),
        ("project_id", "Project", "Every submission works on this project instead of the query; 0 for none."),
        ("split_type", "Split type", "How files are cut into slices, one for each submission; None for no split."),
        ("test_split_type", "Split type of test launches", "Test launches have a position of their own."),
        ("clears_schedule", "A split that is over ends the schedule", "Otherwise the schedule goes on asking."),
        ("unit_count", "Units", "How many numbered units a generator makes."),
        ("load_limit", "Most files of a submission", "0 for no limit."),
        ("sam_dataset", "SAM dataset", "Its name in SAM, for campaigns that SAM serves."),
    ),
    _group(
        "Work",
        ("stage_type", "Type", "A generator has no files; an approval stage waits for a person."),
        ("vo_role", "Role of the jobs", "Such as Production; it goes into their environment."),
        ("software_version", "Software version", "Stands in for %(version)s."),
        ("job_count", "Batch jobs", "How many a submission starts."),
        ("parameter_overrides", "Parameters", "In place of those of the job type, or after them."),
        ("merges_overrides", "Merge with those of the campaign", "Otherwise a stage's own replace them all."),
        ("test_parameter_overrides", "Parameters of test launches", "They come over all others."),
        ("is_virtual", "Files need no replicas", "They are given out without one."),
        ("worker_timeout_seconds", "Time for a file with one worker", "Like 12 h; never for no limit."),
        ("idle_timeout_seconds", "Project abandoned without work for", "Like 72 h; never for no limit."),
    ),
    _group(
        "Completion and what follows",
        ("completion_type", "Ready for dependants when", "Complete, or when its outputs are there, too."),
        ("completion_pct", "Percent done", "From so much on it counts as complete."),
        ("output_ancestor_depth", "Generations of outputs", "How far down children count as outputs."),
        ("recovery_mode", "Recoveries", "Standard tries at most two; aggressive until enough is done."),
        ("recovery_limit", "Most recoveries", "Instead of what the mode says."),
        ("methodology", "Project of recoveries", "Standard: each its own. one_project: all work on the first."),
    ),
)

LABELS: Final[Mapping[str, str]] = {each.name: each.label for group in GROUPS for each in group.settings}
BUILT_IN: Final[Mapping[str, object]] = {each.name: each.default for each in fields(Stage)}
"""What holds where neither stage nor campaign says anything, by the fields of a stage in force."""


@dataclass(frozen=True)
class SettingInForce:
    """A setting as it holds for a stage. `origin` is empty for its own word, else where it is inherited from."""

    words: SettingWords
    text: str
    pairs: tuple[tuple[str, str], ...]
    origin: str


def list_in_force(stage: Stage, campaign: Campaign) -> tuple[tuple[str, tuple[SettingInForce, ...]], ...]:
    """Return what holds for a stage, group by group."""
    return tuple(
        (group.title, tuple(_find_in_force(each, stage, campaign) for each in group.settings)) for group in GROUPS
    )


def list_said(settings: StageSettings) -> tuple[SettingInForce, ...]:
    """Return what is said, in the order of the groups."""
    found = ((each, getattr(settings, each.name)) for group in GROUPS for each in group.settings)
    return tuple(
        SettingInForce(each, write_setting(each.name, item), item if isinstance(item, tuple) else (), "")
        for each, item in found
        if item is not None
    )


def find_inherited(name: str, campaign: Campaign | None) -> str:
    """Return what a setting would be if it were not said; of a stage below its campaign, else of a campaign."""
    said = getattr(campaign.defaults, name) if campaign is not None else None
    return write_setting(name, said if said is not None else BUILT_IN.get(_find_field(name)))


def write_setting(name: str, item: object) -> str:
    """Write the value of a setting, of the room or in force; empty for nothing, or what cannot stand on a line."""
    if name in DURATIONS and isinstance(item, int | float):
        item = timedelta(seconds=item) if item else None
    match item:
        case None | dict():
            text = NEVER if item is None and name in DURATIONS else ""
        case bool():
            text = "yes" if item else "no"
        case Enum():
            text = str(item.value)
        case timedelta():
            text = write_duration(item)
        case float():
            text = f"{item:g}"
        case tuple():
            text = " ".join(f"{key}{value}" for key, value in item)
        case _:
            text = str(item)
    return text


def _find_in_force(words: SettingWords, stage: Stage, campaign: Campaign) -> SettingInForce:
    item = getattr(stage, _find_field(words.name))
    origin = ""
    if getattr(stage.own, words.name) is None:
        is_said = getattr(campaign.defaults, words.name) is not None
        origin = "from the campaign" if is_said else "built in"
    elif words.name == "parameter_overrides" and stage.merges_overrides and campaign.defaults.parameter_overrides:
        origin = "merged with the campaign's"
    return SettingInForce(words, write_setting(words.name, item), item if isinstance(item, tuple) else (), origin)


def _find_field(name: str) -> str:
    return name.removesuffix("_seconds") if name in DURATIONS else name
