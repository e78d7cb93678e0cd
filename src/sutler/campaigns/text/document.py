"""What stands in the text of a campaign, whichever of the two forms it has."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from sutler.campaigns.settings import NOTHING_SAID, Pairs, StageSettings

OVERLAPS: Final = ("skip", "queue", "allow")
EVERY_FILE: Final = "%"

Extras = Mapping[str, Mapping[str, str]]


@dataclass(frozen=True)
class ScheduleText:
    """When a stage is launched by itself: five fields of cron, the zone they are in, and what if one still runs."""

    cron: str
    time_zone: str = "UTC"
    overlap: str = "skip"


@dataclass(frozen=True)
class StageText:
    """A stage, or (without name and schedule) the defaults of the campaign. None: inherited."""

    name: str = ""
    job_type: str | None = None
    login_setup: str | None = None
    schedule: ScheduleText | None = None
    settings: StageSettings = NOTHING_SAID

    def __post_init__(self) -> None:
        """Make None of empty names."""
        object.__setattr__(self, "job_type", self.job_type or None)
        object.__setattr__(self, "login_setup", self.login_setup or None)


@dataclass(frozen=True)
class DependencyText:
    """The downstream stage is launched on those outputs of the upstream stage that match the pattern."""

    downstream: str
    upstream: str
    file_pattern: str = EVERY_FILE


@dataclass(frozen=True)
class LoginSetupText:
    """How to get ready to submit. `setup` may have many lines. `backend` None: not said, as in files of others."""

    name: str
    host: str = ""
    account: str = ""
    setup: str = ""
    backend: str | None = None

    def __post_init__(self) -> None:
        """Make None of an empty back-end."""
        object.__setattr__(self, "backend", self.backend or None)


@dataclass(frozen=True)
class RecoveryText:
    """One entry of the list of recoveries: which kind, and what its launch has otherwise."""

    type: str
    parameter_overrides: Pairs = ()


@dataclass(frozen=True)
class JobTypeText:
    """What to run. Everything with None is not said, and is left as it is on the server, or built in."""

    name: str
    launch_script: str = ""
    parameters: Pairs = ()
    output_file_patterns: tuple[str, ...] = ()
    recoveries: tuple[RecoveryText, ...] = ()
    output_namespace: str | None = None
    output_dataset: str | None = None
    output_rse: str | None = None
    files_per_run: int | None = None
    max_attempts: int | None = None
    run_timeout_seconds: float | None = None


@dataclass(frozen=True)
class CampaignText:
    """A campaign with everything that belongs to it, as one text says it.

    Dependencies stand in the order of the stages that they feed, whatever order they were given in. `positions` are
    places in the drawing, by name. `extras` are keys that mean nothing here, by section and key as in an INI file:
    they are kept and written again. `experiment` and `creator_role` are empty when not said.
    """

    experiment: str
    name: str
    creator_role: str = ""
    data_handler: str = "data_dispatcher"
    is_active: bool = True
    is_test: bool = False
    keywords: Mapping[str, str] = field(default_factory=dict)
    tags: tuple[str, ...] = ()
    defaults: StageText = field(default_factory=StageText)
    stages: tuple[StageText, ...] = ()
    dependencies: tuple[DependencyText, ...] = ()
    login_setups: tuple[LoginSetupText, ...] = ()
    job_types: tuple[JobTypeText, ...] = ()
    positions: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    extras: Extras = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Put the dependencies into the order of the stages that they feed."""
        ranks: dict[str, int] = {}
        for name in [stage.name for stage in self.stages] + [each.downstream for each in self.dependencies]:
            ranks.setdefault(name, len(ranks))
        in_order = tuple(sorted(self.dependencies, key=lambda each: ranks[each.downstream]))
        object.__setattr__(self, "dependencies", in_order)


@dataclass(frozen=True)
class ReadText:
    """A campaign that was read, and what its author should know of the reading."""

    campaign: CampaignText
    warnings: tuple[str, ...] = ()
