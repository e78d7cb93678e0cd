"""What a worker says and hears. Unknown fields are ignored, so that workers and servers of different age agree."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from sutler.wire.bounds import Amount, Id, Size
from sutler.wire.strict import Exact


@dataclass(frozen=True)
class NextRequest(Exact):
    """A wish for files. Repeated with the same `request_id` it gives the same leases.

    `wait_seconds` is how long the server may hold the answer back while there is nothing. `time_left_seconds` is what
    is left of the worker's own time: it is given no file that it could not finish.
    """

    worker_id: str
    request_id: UUID
    count: Amount = 1
    share_id: Id | None = None
    site: str | None = None
    batch_job_id: str | None = None
    wait_seconds: float = 0.0
    time_left_seconds: float | None = None


@dataclass(frozen=True)
class ReplicaAt:
    """A usable copy."""

    rse: str
    url: str


@dataclass(frozen=True)
class Lease:
    """The right to one file until `expires_at`; renew it every `renew_seconds`. `attempt` counts from 1."""

    attempt_id: int
    attempt: int
    namespace: str
    name: str
    fid: str | None
    size_bytes: int | None
    attributes: dict[str, Any]
    replicas: tuple[ReplicaAt, ...]
    expires_at: datetime | None
    renew_seconds: float


@dataclass(frozen=True)
class NextReply:
    """Leases (`reason` is `reserved`), or why there are none; `retry` says whether to ask again.

    `wait`: there may be some later. `over`: the project has no more. `no_time`: there are some, but what is left of the
    worker's time is less than one takes.
    """

    leases: tuple[Lease, ...]
    reason: str
    why: str
    retry: bool


@dataclass(frozen=True)
class RenewRequest(Exact):
    """A wish to keep leases."""

    worker_id: str
    attempt_ids: tuple[Id, ...]


@dataclass(frozen=True)
class Renewal:
    """The answer for one lease: `continue`, `finish_and_stop` or `stop_now`."""

    attempt_id: int
    order: str
    expires_at: datetime | None
    why: str


@dataclass(frozen=True)
class RenewReply:
    """The answers to a renewal."""

    leases: tuple[Renewal, ...]


@dataclass(frozen=True)
class Output(Exact):
    """A file that a run made. `dataset` is a DID; `rse` and `url` say where its copy is."""

    namespace: str
    name: str
    size_bytes: Size
    checksums: dict[str, str] = field(default_factory=dict)
    metadata: dict[str, Any] = field(default_factory=dict)
    dataset: str | None = None
    rse: str | None = None
    url: str | None = None
    media_type: str | None = None


@dataclass(frozen=True)
class DoneReport(Exact):
    """A run over these leases succeeded and made these outputs: all of it holds, or none of it."""

    worker_id: str
    attempt_ids: tuple[Id, ...]
    measures: dict[str, Any] = field(default_factory=dict)
    log_tail: str = ""
    outputs: tuple[Output, ...] = ()


@dataclass(frozen=True)
class FailedReport(Exact):
    """A run over these leases failed; `retry` says whether another attempt can help."""

    worker_id: str
    attempt_ids: tuple[Id, ...]
    reason: str
    retry: bool = True
    measures: dict[str, Any] = field(default_factory=dict)
    log_tail: str = ""


@dataclass(frozen=True)
class Result:
    """The answer for one lease. Not accepted means that it was lost before; `why` tells how."""

    attempt_id: int
    state: str
    accepted: bool
    why: str


@dataclass(frozen=True)
class ReportReply:
    """The answers to a report."""

    results: tuple[Result, ...]
