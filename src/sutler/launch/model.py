"""Words of the room: plans, receipts, launches, batch jobs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any


class LaunchState(StrEnum):
    """Where a launch is: intended (written down), submitted (the back-end took it), failed, stopping or ended."""

    INTENDED = "intended"
    SUBMITTED = "submitted"
    FAILED = "failed"
    STOPPING = "stopping"
    ENDED = "ended"


class JobState(StrEnum):
    """Where a batch job is, in one set of words for all back-ends."""

    WAITING = "waiting"
    HELD = "held"
    RUNNING = "running"
    PAUSED = "paused"
    ENDED = "ended"
    STOPPED = "stopped"
    UNKNOWN = "unknown"
    LOST = "lost"

    @property
    def is_final(self) -> bool:
        """Whether the job will not change any more."""
        return self in (JobState.ENDED, JobState.STOPPED, JobState.LOST)


class JobCause(StrEnum):
    """What ended a batch job that did not end by itself. NONE: it did, or nobody knows.

    MEMORY and TIME: it used more than its plan asked for. STOPPED: it was told to end. SIGNAL: anything else killed it.
    """

    NONE = ""
    MEMORY = "memory"
    TIME = "time"
    SIGNAL = "signal"
    STOPPED = "stopped"


class LaunchEvent(StrEnum):
    """What can happen in this room, with the facts of each event. The subject is the launch key."""

    LAUNCH_INTENDED = "launch.launch_intended"  # backend, count, retry
    LAUNCH_SUBMITTED = "launch.launch_submitted"  # batch_job_ids
    LAUNCH_FAILED = "launch.launch_failed"  # reason
    JOBS_CHANGED = "launch.jobs_changed"  # waiting, held, running, ended, failed
    LAUNCH_STOPPING = "launch.launch_stopping"  # reason
    LAUNCH_ENDED = "launch.launch_ended"  # ended, failed


@dataclass(frozen=True)
class ResourceRequest:
    """What each batch job may use, `run_seconds` from its start on. None: not said, the back-end decides."""

    memory_bytes: int | None = None
    disk_bytes: int | None = None
    cpu_count: int | None = None
    run_seconds: float | None = None


@dataclass(frozen=True)
class LaunchPlan:
    """What a back-end is to start: `job_count` copies of one command.

    `setup` is the login setup's shell text, run first in the same shell; it is the only shell text in a plan.
    `arguments` is an argument list, never pasted into a shell. `environment` holds no secrets: they are given at
    submission and not stored here.
    """

    arguments: tuple[str, ...]
    job_count: int
    setup: str = ""
    environment: Mapping[str, str] = field(default_factory=dict)
    host: str = ""
    account: str = ""
    request: ResourceRequest = field(default_factory=ResourceRequest)


def encode_plan(plan: LaunchPlan) -> dict[str, object]:
    """Return the plan as it is kept in a table or a file."""
    return {**asdict(plan), "arguments": list(plan.arguments), "environment": dict(plan.environment)}


def decode_plan(kept: Mapping[str, Any]) -> LaunchPlan:
    """Return the plan that was kept. What a newer version added and an older one did not keep has its default."""
    request = ResourceRequest(**kept.get("request", {}))
    return LaunchPlan(**{**kept, "arguments": tuple(kept["arguments"]), "request": request})


@dataclass(frozen=True)
class Receipt:
    """What a back-end answered to a submission: the ids of the batch jobs in order, and what it printed.

    `is_complete` is false when only a part of the batch jobs was started, because the submitting process died.
    """

    batch_job_ids: tuple[str, ...]
    output: str = ""
    is_complete: bool = True


@dataclass(frozen=True)
class JobStatus:
    """What a back-end says of one batch job. `reason` is a clause for people, `cause` is for programs.

    `peak_memory_bytes` is the most that all its processes used at once, as far as the back-end saw; None if it did not.
    """

    batch_job_id: str
    state: JobState
    exit_code: int | None = None
    signal: int | None = None
    reason: str = ""
    host: str = ""
    started_at: datetime | None = None
    ended_at: datetime | None = None
    cause: JobCause = JobCause.NONE
    peak_memory_bytes: int | None = None


@dataclass(frozen=True)
class JobCounts:
    """Batch jobs of a launch by state. `failed_count` is the part of `ended_count` without exit code 0."""

    waiting_count: int = 0
    held_count: int = 0
    running_count: int = 0
    ended_count: int = 0
    failed_count: int = 0

    @property
    def total_count(self) -> int:
        """All batch jobs."""
        return self.waiting_count + self.held_count + self.running_count + self.ended_count


@dataclass(frozen=True)
class BatchJob:
    """One batch job of a launch, as it is kept. Its number counts from 1; `changed_at` is of its state."""

    launch_key: str
    number: int
    batch_job_id: str
    state: JobState
    exit_code: int | None
    signal: int | None
    reason: str
    host: str
    started_at: datetime | None
    ended_at: datetime | None
    changed_at: datetime | None = None
    cause: JobCause = JobCause.NONE
    peak_memory_bytes: int | None = None


@dataclass(frozen=True)
class Launch:
    """One launch, by its key. `failed_count` is the part of `ended_count` that did not end with exit code 0.

    `failure` is why it failed, or, while it is intended, what the back-end said at the last try.
    """

    key: str
    experiment_id: int
    backend: str
    plan: LaunchPlan
    state: LaunchState
    failure: str
    output: str
    stop_reason: str | None
    waiting_count: int
    held_count: int
    running_count: int
    ended_count: int
    failed_count: int
    intended_at: datetime
    submitted_at: datetime | None
    ended_at: datetime | None

    @property
    def counts(self) -> JobCounts:
        """Its batch jobs by state."""
        return JobCounts(self.waiting_count, self.held_count, self.running_count, self.ended_count, self.failed_count)


@dataclass(frozen=True)
class JobOutput:
    """The text a batch job has written so far; `is_cut` says that only the end of it is here."""

    text: str
    is_cut: bool
