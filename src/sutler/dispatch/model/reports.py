"""What workers say about the end of a run, and what becomes of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from sutler.dispatch.model.states import HandleState, Outcome, ProjectState


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
class Ending:
    """How one lease ends: for whom (None: whoever has it), with what outcome, and where its handle goes."""

    attempt_id: int
    worker_id: str | None
    outcome: Outcome
    state: HandleState
    rest_until: datetime | None
    reason: str
    actor: str
    measures: Mapping[str, object] = field(default_factory=dict)
    log_tail: str = ""


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
class Fate:
    """What became of an attempt, and of its handle since. `is_live` means that the lease still holds.

    Without `state_now`, and without a name, the file has been taken out of the project.
    """

    attempt_id: int
    project_id: int
    share_id: int | None
    namespace: str | None
    name: str | None
    fid: str | None
    attempt: int
    worker_id: str
    is_live: bool
    outcome: Outcome | None
    handle_state: HandleState | None
    ended_at: datetime | None
    state_now: HandleState | None
    worker_now: str | None
    reserved_at_now: datetime | None
