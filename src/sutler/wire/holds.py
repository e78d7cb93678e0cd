"""Holding launches, and launches that wait for a hold to end."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from sutler.wire.bounds import Id
from sutler.wire.strict import Strict

HoldKind = Literal["launches", "followers"]
QueueState = Literal["queued", "launched", "refused", "deleted"]


@dataclass(frozen=True)
class NewHold(Strict):
    """A switch to be turned on, or off: of an experiment, or of the whole installation when it is null.

    `followers` are recoveries and dependants that would be launched by themselves.
    """

    experiment: str | None = None
    kind: HoldKind = "launches"
    reason: str = ""


@dataclass(frozen=True)
class Hold:
    """A switch that is on: of an experiment, or of the whole installation when it is null."""

    experiment: str | None
    kind: str
    reason: str
    held_by: str
    held_at: datetime


@dataclass(frozen=True)
class StageHold(Strict):
    """Why launches of a stage are held or released. A hold ends its schedule unless that is declined."""

    reason: str = ""
    ends_schedules: bool = True


@dataclass(frozen=True)
class StagesHold(Strict):
    """Stages whose launches are held or released, all or none, and why. A hold ends their schedules, too."""

    stage_ids: tuple[Id, ...]
    reason: str = ""
    ends_schedules: bool = True


@dataclass(frozen=True)
class QueuedLaunch:
    """A launch that waits, or waited, for a hold to end; `outcome` says what became of it."""

    id: int
    experiment: str
    stage_id: int
    stage: str
    campaign: str
    launch_key: str
    request: dict[str, Any]
    reason: str
    state: str
    outcome: str
    username: str
    queued_at: datetime
    settled_at: datetime | None
    submission_id: int | None


@dataclass(frozen=True)
class DeletedLaunches(Strict):
    """Launches to be taken out of the queue."""

    queued_ids: tuple[Id, ...]
