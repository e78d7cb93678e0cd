"""Projects, handles and attempts."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from sutler.wire.bounds import Amount, Size
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
    """What a project is made with: files, or a query whose files it takes. A timeout that is null means never."""

    experiment: str
    files: tuple[NewHandle, ...] = ()
    query: str | None = None
    limit: Amount | None = None
    attributes: dict[str, Any] = field(default_factory=dict)
    is_virtual: bool = False
    max_attempts: Amount | None = None
    worker_timeout_seconds: float | None = None
    idle_timeout_seconds: float | None = None


@dataclass(frozen=True)
class CreatedProject:
    """A new project and the share that owns all its handles."""

    project_id: int
    share_id: int
    handle_count: int


@dataclass(frozen=True)
class Project:
    """A set of file handles that workers draw from, with the number of handles in each state.

    `unlocated_count` is the part of `initial_count` without a usable replica.
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
    total_count: int
    initial_count: int
    unlocated_count: int
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
