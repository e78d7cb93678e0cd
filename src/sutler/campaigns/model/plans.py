"""What a text would change about a campaign."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class ChangeKind(StrEnum):
    """What happens to a part of a campaign."""

    ADDED = "added"
    REMOVED = "removed"
    CHANGED = "changed"


@dataclass(frozen=True)
class PlannedChange:
    """One difference between a text and what is there: `where` names the part and its key."""

    kind: ChangeKind
    where: str
    before: str
    after: str


@dataclass(frozen=True)
class StageEffect:
    """What a plan means for one stage.

    `file_count` files match its query, None where that is not known now. `given_out_count` of them were given out in
    the present pass; with `begins_anew` they would be given out once more. `submission_count` stay with their stage.
    """

    stage: str
    kind: ChangeKind | None
    file_count: int | None
    given_out_count: int
    begins_anew: bool
    submission_count: int


@dataclass(frozen=True)
class CampaignPlan:
    """What applying a text would do. Without changes, text and campaign say the same. `problems` keep it from being
    applied; `warnings` do not. `revision` is that of the campaign that was looked at, None for a new one.
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
class AppliedPlan:
    """What was done: the campaign, its stages with their ids in order, the changes that were made, and warnings."""

    campaign_id: int
    name: str
    stages: tuple[tuple[int, str], ...]
    changes: tuple[PlannedChange, ...]
    warnings: tuple[str, ...]
