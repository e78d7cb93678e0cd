"""Words of the room: projects, shares, handles, leases, attempts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import Enum, StrEnum
from typing import Final
from uuid import UUID

from sutler.base.did import Did
from sutler.replicas.model import Replica


class ProjectState(StrEnum):
    """Where a project is in its life."""

    ACTIVE = "active"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"
    ABANDONED = "abandoned"


class HandleState(StrEnum):
    """Where a file of a project is in its life."""

    INITIAL = "initial"
    RESERVED = "reserved"
    DONE = "done"
    FAILED = "failed"


class Outcome(StrEnum):
    """How a lease ended."""

    DONE = "done"
    FAILED = "failed"
    TIMED_OUT = "timed_out"
    WORKER_LOST = "worker_lost"
    RESTARTED = "restarted"


class Order(StrEnum):
    """What a worker is told when it renews."""

    CONTINUE = "continue"
    FINISH_AND_STOP = "finish_and_stop"
    STOP_NOW = "stop_now"


class DispatchEvent(StrEnum):
    """What can happen in this room, with the facts of each event."""

    PROJECT_CREATED = "dispatch.project_created"  # count, source where it is a copy
    PROJECT_ENDED = "dispatch.project_ended"  # state
    PROJECT_CANCELLED = "dispatch.project_cancelled"  # reason
    PROJECT_ACTIVATED = "dispatch.project_activated"  # state before
    PROJECT_ABANDONED = "dispatch.project_abandoned"  # no facts
    PROJECT_ALTERED = "dispatch.project_altered"  # changed, added, removed
    PROJECT_DELETED = "dispatch.project_deleted"  # state, count
    HANDLES_RESERVED = "dispatch.handles_reserved"  # worker, attempts
    HANDLES_RELEASED = "dispatch.handles_released"  # worker, attempts, outcome, state
    HANDLES_LOCATED = "dispatch.handles_located"  # count
    HANDLES_RESTARTED = "dispatch.handles_restarted"  # count
    HANDLES_RESTED = "dispatch.handles_rested"  # count
    SHARE_FINISHED = "dispatch.share_finished"  # project


class Keep(Enum):
    """Says that something stays as it is, where None means that there is none."""

    KEEP = "keep"


KEEP: Final = Keep.KEEP


@dataclass(frozen=True)
class NewHandle:
    """A file that a project is to hold. `fid` is None for files that no catalogue knows."""

    namespace: str
    name: str
    fid: str | None = None
    size_bytes: int | None = None
    attributes: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True)
class NewProject:
    """What a project starts with. Timeouts None mean never; `max_attempts` None means no limit.

    `users`, by their names, and `groups` may process its files beside its owner. A handle whose attempt failed is not
    given out for `retry_pause`, doubled with every further attempt; with `retry_on_timeout` off it fails when its
    lease runs out.
    """

    experiment_id: int
    handles: tuple[NewHandle, ...]
    query: str | None = None
    attributes: Mapping[str, object] = field(default_factory=dict)
    is_virtual: bool = False
    max_attempts: int | None = None
    worker_timeout: timedelta | None = None
    idle_timeout: timedelta | None = None
    users: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    retry_on_timeout: bool = True
    retry_pause: timedelta | None = None


@dataclass(frozen=True)
class Counts:
    """Handles by state.

    `unlocated_count` is the part of `initial_count` without a usable replica, `resting_count` the part that pauses
    after a failure.
    """

    total_count: int
    initial_count: int
    unlocated_count: int
    reserved_count: int
    done_count: int
    failed_count: int
    resting_count: int = 0

    @property
    def submitted_count(self) -> int:
        """Handles that a worker has or had: reserved, done or failed."""
        return self.reserved_count + self.done_count + self.failed_count

    @property
    def percent_completed(self) -> int:
        """Whole percent, rounded down, of handles that are done or failed; 0 when there are none."""
        return 100 * (self.done_count + self.failed_count) // self.total_count if self.total_count else 0

    @property
    def is_final(self) -> bool:
        """Whether every handle is done or failed."""
        return self.initial_count == 0 and self.reserved_count == 0


@dataclass(frozen=True)
class Project:
    """A set of file handles that workers draw from."""

    id: int
    experiment_id: int
    owner_id: int
    owner: str
    owner_role: str
    state: ProjectState
    query: str | None
    attributes: Mapping[str, object]
    is_virtual: bool
    max_attempts: int | None
    worker_timeout: timedelta | None
    idle_timeout: timedelta | None
    total_count: int
    initial_count: int
    unlocated_count: int
    reserved_count: int
    done_count: int
    failed_count: int
    created_at: datetime
    ended_at: datetime | None
    resting_count: int = 0
    active_at: datetime | None = None
    users: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    retry_on_timeout: bool = True
    retry_pause: timedelta | None = None

    @property
    def counts(self) -> Counts:
        """Its handles by state."""
        return Counts(
            self.total_count,
            self.initial_count,
            self.unlocated_count,
            self.reserved_count,
            self.done_count,
            self.failed_count,
            self.resting_count,
        )


@dataclass(frozen=True)
class CreatedProject:
    """A new project and the share that owns all its handles."""

    project_id: int
    share_id: int
    handle_count: int


@dataclass(frozen=True)
class Handle:
    """One file in a project."""

    project_id: int
    position: int
    share_id: int | None
    namespace: str
    name: str
    fid: str | None
    size_bytes: int | None
    attributes: Mapping[str, object]
    state: HandleState
    attempts: int
    worker_id: str | None
    reserved_at: datetime | None
    reason: str = ""

    @property
    def did(self) -> Did:
        """The file it stands for."""
        return Did(self.namespace, self.name)


@dataclass(frozen=True)
class PlacedHandle:
    """A handle with every copy of its file that is recorded, the preferred first; none unless they were asked for."""

    handle: Handle
    replicas: tuple[Replica, ...] = ()


@dataclass(frozen=True)
class Attempt:
    """One lease of one handle, from reservation to outcome. `outcome` is None while it runs."""

    id: int
    project_id: int
    position: int
    attempt: int
    worker_id: str
    site: str | None
    batch_job_id: str | None
    reserved_at: datetime
    ended_at: datetime | None
    outcome: Outcome | None
    handle_state: HandleState | None
    reason: str
    measures: Mapping[str, object]
    log_tail: str


@dataclass(frozen=True)
class HandleView:
    """Everything the page of a handle shows: the handle and its attempts, newest first."""

    handle: Handle
    attempts: tuple[Attempt, ...]


@dataclass(frozen=True)
class Wish:
    """What a worker asks for. The same `request_id` again gives the same leases: a lost reply costs nothing."""

    worker_id: str
    request_id: UUID
    count: int = 1
    share_id: int | None = None
    site: str | None = None
    batch_job_id: str | None = None
    lease_for: timedelta | None = None


@dataclass(frozen=True)
class ReplicaAt:
    """A usable copy that goes with a lease."""

    rse: str
    url: str


@dataclass(frozen=True)
class Lease:
    """The right of one worker to one handle until a time. `attempt_id` is the fencing token."""

    attempt_id: int
    attempt: int
    project_id: int
    position: int
    share_id: int | None
    namespace: str
    name: str
    fid: str | None
    size_bytes: int | None
    attributes: Mapping[str, object]
    expires_at: datetime | None
    replicas: tuple[ReplicaAt, ...] = ()


class NothingReady(StrEnum):
    """Why a worker got nothing."""

    WAIT = "wait"
    OVER = "over"


@dataclass(frozen=True)
class Reply:
    """The answer to a wish: leases, or why there are none and whether asking again makes sense."""

    leases: tuple[Lease, ...]
    nothing: NothingReady | None = None
    why: str = ""


@dataclass(frozen=True)
class Renewal:
    """The answer to a renewal of one lease."""

    attempt_id: int
    order: Order
    expires_at: datetime | None
    why: str = ""


@dataclass(frozen=True)
class Output:
    """A file that a run produced and that is declared together with its outcome.

    `dataset` is a DID or None; `rse` and `url` say where its copy is.
    """

    namespace: str
    name: str
    size_bytes: int
    checksums: Mapping[str, str]
    metadata: Mapping[str, object] = field(default_factory=dict)
    dataset: str | None = None
    rse: str | None = None
    url: str | None = None
    media_type: str | None = None


@dataclass(frozen=True)
class Report:
    """What a worker says about the end of a run over one or several leases: all of it holds, or none of it."""

    worker_id: str
    attempt_ids: tuple[int, ...]
    outcome: Outcome
    reason: str = ""
    may_retry: bool = True
    measures: Mapping[str, object] = field(default_factory=dict)
    log_tail: str = ""
    outputs: tuple[Output, ...] = ()


@dataclass(frozen=True)
class Answer:
    """The answer to a report about one lease. Not accepted means that the lease, or one of its group, was lost before.

    `state` is where the report put the handle, or where the handle is now if the report was not accepted.
    """

    attempt_id: int
    state: HandleState
    is_accepted: bool
    why: str = ""


@dataclass(frozen=True)
class ProducedFile:
    """An output of a share, for pages and dependants."""

    file_id: int
    fid: str
    namespace: str
    name: str
    size_bytes: int | None
    media_type: str | None
    url: str | None
    attempt_id: int

    @property
    def did(self) -> Did:
        """Its namespace and name."""
        return Did(self.namespace, self.name)


@dataclass(frozen=True)
class ProjectHeader:
    """What permission and the next step need of a project; read for every hot call, so it is small.

    `ready_count` and `ready_from` are those of the share if one was named.
    """

    project_id: int
    experiment_id: int
    owner_id: int
    owner_role: str
    state: ProjectState
    max_attempts: int | None
    share_id: int | None = None
    is_virtual: bool = False
    ready_count: int = 0
    ready_from: int = 0
    allowed_users: Sequence[int] = ()
    allowed_groups: Sequence[str] = ()
    retry_on_timeout: bool = True
    retry_pause: timedelta | None = None


@dataclass(frozen=True)
class AttemptHeader(ProjectHeader):
    """The project of an attempt, and the how-manieth of its handle the attempt is."""

    attempt_id: int = 0
    attempt: int = 0


@dataclass(frozen=True)
class ShareStanding:
    """The counts of a share and the state of its project."""

    share_id: int
    project_id: int
    state: ProjectState
    counts: Counts


@dataclass(frozen=True)
class Holders:
    """Who holds the reserved handles: how many workers, and when the first lease ends if it is not renewed.

    `next_wake_at` is when the first handle has paused for long enough.
    """

    worker_count: int
    next_end_at: datetime | None
    next_wake_at: datetime | None = None


@dataclass(frozen=True)
class LockedLease:
    """A lease that this transaction has locked."""

    attempt_id: int
    attempt: int
    project_id: int


@dataclass(frozen=True)
class LockedHandle:
    """A handle that this transaction has locked."""

    position: int
    namespace: str
    name: str
    state: HandleState


@dataclass(frozen=True)
class HeldHandle(Handle):
    """A handle with what a release needs to know of its lease, if it has one.

    `last_outcome` is how the last attempt of the worker that asks ended.
    """

    attempt_id: int | None = None
    last_outcome: Outcome | None = None


@dataclass(frozen=True)
class Settings:
    """What can be changed about a project, as it is to be."""

    attributes: Mapping[str, object]
    max_attempts: int | None
    worker_timeout: timedelta | None
    idle_timeout: timedelta | None
    retry_on_timeout: bool
    retry_pause: timedelta | None
    users: tuple[str, ...]
    groups: tuple[str, ...]


@dataclass(frozen=True)
class Remainder:
    """How open a project and one of its shares are after handles were taken away."""

    share_id: int | None
    experiment_id: int
    project_state: ProjectState
    project_total_count: int
    project_open_count: int
    project_failed_count: int
    share_open_count: int | None


@dataclass(frozen=True)
class EndedLease:
    """A lease that was just ended, where its handle went, and how open its project and share are now."""

    attempt_id: int
    share_id: int | None
    state: HandleState
    experiment_id: int
    project_state: ProjectState
    project_open_count: int
    project_failed_count: int
    share_open_count: int | None


@dataclass(frozen=True)
class RenewedLease:
    """A lease whose end was just moved."""

    attempt_id: int
    project_id: int
    expires_at: datetime | None
    project_state: ProjectState


@dataclass(frozen=True)
class Fate:
    """What became of an attempt, and of its handle since. `is_live` means that the lease still holds."""

    attempt_id: int
    project_id: int
    share_id: int | None
    namespace: str
    name: str
    fid: str | None
    attempt: int
    worker_id: str
    is_live: bool
    outcome: Outcome | None
    handle_state: HandleState | None
    ended_at: datetime | None
    state_now: HandleState
    worker_now: str | None
    reserved_at_now: datetime | None
