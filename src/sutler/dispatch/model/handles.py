"""Handles and their attempts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sutler.base.did import Did
from sutler.dispatch.model.states import HandleState, Outcome, ProjectState
from sutler.replicas.model import Replica


@dataclass(frozen=True)
class Handle:
    """One file in a project.

    In the list of a share, one that went on in another share is as it was then, with `taken_by_share_id`: which one.
    """

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
    taken_by_share_id: int | None = None

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
class Relocation:
    """What moving handles after their copies came to: how many moved, and how many of them have no copy any more.

    `left_files` are those whose handles could not be moved now.
    """

    count: int
    unlocated_count: int
    share_ids: tuple[int, ...]
    left_files: tuple[Did, ...]


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
