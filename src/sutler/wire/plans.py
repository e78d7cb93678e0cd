"""Campaigns as text: what a text would change about a campaign, and what it did."""

from __future__ import annotations

from dataclasses import dataclass

from sutler.wire.bounds import Id
from sutler.wire.strict import Strict


@dataclass(frozen=True)
class CampaignText(Strict):
    """A campaign as text, INI or TOML: which of them is told by its file name, else by the text itself.

    `experiment` comes before the one that the text names. With a `revision`, that of the plan, it is applied only if
    nobody has changed the campaign since.
    """

    text: str
    file_name: str | None = None
    experiment: str | None = None
    revision: Id | None = None


@dataclass(frozen=True)
class PlannedChange:
    """One difference: `added`, `removed` or `changed`. `where` names the part and its key."""

    kind: str
    where: str
    before: str
    after: str


@dataclass(frozen=True)
class StageEffect:
    """What a plan means for one stage.

    `file_count` files match its query, null where that is not known now. `given_out_count` of them were given out in
    the present pass; with `begins_anew` they would be given out once more. `submission_count` stay with their stage.
    """

    stage: str
    kind: str | None
    file_count: int | None
    given_out_count: int
    begins_anew: bool
    submission_count: int


@dataclass(frozen=True)
class CampaignPlan:
    """What applying a text would do. Without changes text and campaign say the same. `problems` keep it from being
    applied, `warnings` do not. Campaign and revision are null for one that is not there yet.
    """

    experiment: str
    name: str
    campaign_id: int | None
    revision: int | None
    changes: tuple[PlannedChange, ...]
    effects: tuple[StageEffect, ...]
    warnings: tuple[str, ...]
    problems: tuple[str, ...]


@dataclass(frozen=True)
class AppliedStage:
    """A stage of a campaign that a text was applied to."""

    id: int
    name: str


@dataclass(frozen=True)
class AppliedPlan:
    """What was done: the campaign, its stages in order, the changes that were made, and warnings."""

    campaign_id: int
    name: str
    stages: tuple[AppliedStage, ...]
    changes: tuple[PlannedChange, ...]
    warnings: tuple[str, ...]


@dataclass(frozen=True)
class Difference:
    """What is different about the second of two submissions: of all that was frozen when they were launched."""

    changes: tuple[PlannedChange, ...]


@dataclass(frozen=True)
class Sample:
    """A campaign to look at and to begin with, as TOML. Whoever takes it gives it an experiment and a name."""

    name: str
    title: str
    description: str
    text: str
