"""Projects, handles and attempts."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from sutler.wire.bounds import Amount, Limit, Size
from sutler.wire.replicas import Replica
from sutler.wire.strict import Strict

HandleState = Literal["initial", "reserved", "done", "failed"]


@dataclass(frozen=True)
class NewHandle(Strict):
    """A file that a project is to hold. `fid` is null for files that no catalogue knows."""

    namespace: str
    name: str
    fid: str | None = None
    size_bytes: Size | None = None
    attributes: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class NewProject(Strict):
    """What a project is made with: files, or a query whose files it takes. A timeout that is null means never.

    `users` and `groups` may process its files beside its owner. A file whose attempt failed is not given out for
    `retry_pause_seconds`, doubled with every further attempt.
    """

    experiment: str
    files: tuple[NewHandle, ...] = ()
    query: str | None = None
    limit: Amount | None = None
    attributes: dict[str, Any] = field(default_factory=dict)
    is_virtual: bool = False
    max_attempts: Amount | None = None
    worker_timeout_seconds: float | None = None
    idle_timeout_seconds: float | None = None
    users: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    retry_on_timeout: bool = True
    retry_pause_seconds: float | None = None


@dataclass(frozen=True)
class ProjectCopy(Strict):
    """What is different in a copy of a project. None leaves a time-out as it is, 0 takes it away."""

    attributes: dict[str, Any] = field(default_factory=dict)
    handle_attributes: dict[str, Any] = field(default_factory=dict)
    worker_timeout_seconds: float | None = None
    idle_timeout_seconds: float | None = None


@dataclass(frozen=True)
class ProjectChange(Strict):
    """What is to change about a project. None leaves something as it is; 0 takes a limit or a pause away.

    `attributes` are laid over those there are, or replace them. Files of `add` join the project, those of `remove`
    leave it.
    """

    attributes: dict[str, Any] | None = None
    replaces_attributes: bool = False
    worker_timeout_seconds: float | None = None
    idle_timeout_seconds: float | None = None
    max_attempts: Limit | None = None
    retry_on_timeout: bool | None = None
    retry_pause_seconds: float | None = None
    users: tuple[str, ...] | None = None
    groups: tuple[str, ...] | None = None
    add: tuple[NewHandle, ...] = ()
    remove: tuple[str, ...] = ()


@dataclass(frozen=True)
class CreatedProject:
    """A new project and the share that owns all its handles."""

    project_id: int
    share_id: int
    handle_count: int


@dataclass(frozen=True)
class Project:
    """A set of file handles that workers draw from, with the number of handles in each state.

    `unlocated_count` is the part of `initial_count` without a usable replica, `resting_count` the part that pauses
    after a failure. `users` and `groups` may process its files beside its owner.
    """

    id: int
    experiment: str
    owner: str
    owner_role: str
    state: str
    query: str | None
    attributes: dict[str, Any]
    is_virtual: bool
    max_attempts: int | None
    worker_timeout_seconds: float | None
    idle_timeout_seconds: float | None
    users: tuple[str, ...]
    groups: tuple[str, ...]
    retry_on_timeout: bool
    retry_pause_seconds: float | None
    total_count: int
    initial_count: int
    unlocated_count: int
    resting_count: int
    reserved_count: int
    done_count: int
    failed_count: int
    percent_completed: int
    created_at: datetime
    ended_at: datetime | None


@dataclass(frozen=True)
class Cancellation(Strict):
    """Why something is cancelled."""

    reason: str = ""


@dataclass(frozen=True)
class Restart(Strict):
    """Which handles go back to `initial`: those in these states, or these files, or both."""

    states: tuple[HandleState, ...] = ()
    dids: tuple[str, ...] = ()


@dataclass(frozen=True)
class ProjectEvent:
    """Something that happened to a project: `kind` says what, `facts` what belongs to it."""

    seq: int
    at: datetime
    actor: str
    kind: str
    facts: dict[str, Any]


@dataclass(frozen=True)
class Refusal:
    """That a worker was refused for its token or its rights. A name that begins with a blank stands for several."""

    worker_id: str
    reason: str
    times: int
    first_at: datetime
    last_at: datetime


@dataclass(frozen=True)
class Handle:
    """One file in a project. `reason` is why its last attempt failed."""

    project_id: int
    position: int
    share_id: int | None
    namespace: str
    name: str
    fid: str | None
    size_bytes: int | None
    attributes: dict[str, Any]
    state: str
    attempts: int
    worker_id: str | None
    reserved_at: datetime | None
    reason: str


@dataclass(frozen=True)
class HandleLine:
    """One line of the list of all handles: a handle, and the replicas of its file if they were asked for."""

    handle: Handle
    replicas: tuple[Replica, ...]


@dataclass(frozen=True)
class Attempt:
    """One lease of one handle, from reservation to outcome. `outcome` is null while it runs."""

    id: int
    attempt: int
    worker_id: str
    site: str | None
    batch_job_id: str | None
    reserved_at: datetime
    ended_at: datetime | None
    outcome: str | None
    handle_state: str | None
    reason: str
    measures: dict[str, Any]
    log_tail: str


@dataclass(frozen=True)
class HandleView:
    """A handle and its attempts, newest first."""

    handle: Handle
    attempts: tuple[Attempt, ...]


@dataclass(frozen=True)
class ProducedFile:
    """An output of a submission."""

    fid: str
    namespace: str
    name: str
    size_bytes: int | None
    media_type: str | None
    url: str | None
    attempt_id: int
