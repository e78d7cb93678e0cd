"""Wishes to launch: at once, later in the order they came, or when a schedule is due."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sutler.campaigns.model.words import (
    Cause,
    HoldKind,
    Methodology,
    Overlap,
    Parameters,
    QueueState,
    RecoveryType,
    RunState,
)


@dataclass(frozen=True)
class ChosenQuery:
    """Files of a query in MQL, given at launch. No split cuts them, and no position moves."""

    query: str


@dataclass(frozen=True)
class ChosenProject:
    """The files of a project that nobody owns, given at launch."""

    project_id: int


ChosenData = ChosenQuery | ChosenProject


@dataclass(frozen=True)
class LaunchRequest:
    """A wish to launch a stage. `key` makes it happen once, however often it is repeated.

    `data` replaces what the stage would take; `parameter_overrides` come over all others.
    """

    stage_id: int
    key: str
    is_test: bool = False
    data: ChosenData | None = None
    parameter_overrides: Parameters = ()
    cause: Cause = Cause.MANUAL
    schedule_id: int | None = None


@dataclass(frozen=True)
class RecoveryRequest:
    """A wish to recover a submission of a stage by hand. Methodology None: as the submission was launched."""

    stage_id: int
    key: str
    submission_id: int
    recovery_type: RecoveryType
    methodology: Methodology | None = None
    parameter_overrides: Parameters = ()


@dataclass(frozen=True)
class RelaunchRequest:
    """A wish to launch a submission of a stage again: on its files, or what is left of them in its project."""

    stage_id: int
    key: str
    submission_id: int
    same_project: bool = False


AnyRequest = LaunchRequest | RecoveryRequest | RelaunchRequest
"""A wish that waits in the queue while launches of its stage are on hold."""


@dataclass(frozen=True)
class Launched:
    """A launch that was made, now or by an earlier call with its key."""

    submission_id: int


@dataclass(frozen=True)
class Queued:
    """A launch that waits for a hold to end. `reason` says for which."""

    queued_id: int
    reason: str


LaunchOutcome = Launched | Queued


@dataclass(frozen=True)
class Rehearsal:
    """What a launch would do if it were made now. Nothing was moved.

    `files` are the first of `file_count`; `arguments` what each job runs, `setup` the shell text before it.
    `split_position` says where the split would stand. Numbers that a launch is given are shown as 0.
    """

    stage_id: int
    stage: str
    file_count: int
    size_bytes: int
    files: tuple[str, ...]
    dataset_query: str | None
    slice_number: int | None
    slice_note: str
    backend: str
    host: str
    account: str
    job_count: int
    setup: str
    arguments: tuple[str, ...]
    environment: Mapping[str, str]
    held_because: str


@dataclass(frozen=True)
class Hold:
    """A switch that is on: of an experiment, or of the whole installation when `experiment_id` is None."""

    experiment_id: int | None
    kind: HoldKind
    reason: str
    held_by: str
    held_at: datetime


@dataclass(frozen=True)
class QueuedLaunch:
    """A launch that waits, or waited, for a hold to end."""

    id: int
    experiment_id: int
    stage_id: int
    stage: str
    campaign: str
    launch_key: str
    request: Mapping[str, object]
    reason: str
    state: QueueState
    outcome: str
    queued_by: int
    username: str
    creator_role: str
    stage_creator_id: int
    queued_at: datetime
    settled_at: datetime | None
    submission_id: int | None


@dataclass(frozen=True)
class NewSchedule:
    """What a schedule is saved with: five fields of cron (minute, hour, day of month, month, day of week), a zone."""

    cron: str
    time_zone: str = "UTC"
    overlap: Overlap = Overlap.SKIP
    is_active: bool = True


@dataclass(frozen=True)
class Schedule:
    """When a stage is launched by itself, on behalf of whoever saved it. `reason` is why it is not active."""

    id: int
    experiment_id: int
    stage_id: int
    stage: str
    campaign_id: int
    campaign: str
    cron: str
    time_zone: str
    overlap: Overlap
    is_active: bool
    reason: str
    next_due_at: datetime | None
    saved_by: int
    username: str
    saved_at: datetime


@dataclass(frozen=True)
class ScheduleRun:
    """One time that a schedule was due, and what came of it."""

    id: int
    schedule_id: int
    due_at: datetime
    state: RunState
    reason: str
    tries: int
    submission_id: int | None
    created_at: datetime
    settled_at: datetime | None
