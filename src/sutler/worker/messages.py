"""The shapes of the worker's protocol, read tolerantly: unknown fields are ignored, optional ones may be missing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

Document = dict[str, Any]

_RENEW_SECONDS_UNLESS_TOLD = 300.0


def parse_instant(value: object) -> datetime | None:
    """The instant of an RFC 3339 text, or None for anything else. Without a zone it is taken as UTC."""
    if not isinstance(value, str):
        return None
    try:
        instant = datetime.fromisoformat(value)
    except ValueError:
        return None
    return instant if instant.tzinfo else instant.replace(tzinfo=UTC)


@dataclass(frozen=True, kw_only=True)
class Lease:
    """The right to one file until `expires_at`. `attempt_id` is the fencing token, `attempt` counts from 1."""

    attempt_id: int
    attempt: int
    namespace: str
    name: str
    size_bytes: int | None = None
    attributes: Document = field(default_factory=dict)
    replica_urls: tuple[str, ...] = ()
    expires_at: datetime | None = None
    renew_seconds: float = _RENEW_SECONDS_UNLESS_TOLD

    @property
    def did(self) -> str:
        """`namespace:name`."""
        return f"{self.namespace}:{self.name}"

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> Lease:
        """Read one lease of an answer to `next`.

        Raises KeyError, TypeError or ValueError where the document is not a lease.
        """
        size = document.get("size_bytes")
        return cls(
            attempt_id=int(document["attempt_id"]),
            attempt=int(document.get("attempt") or 1),
            namespace=str(document["namespace"]),
            name=str(document["name"]),
            size_bytes=None if size is None else int(size),
            attributes=dict(document.get("attributes") or {}),
            replica_urls=tuple(str(replica["url"]) for replica in document.get("replicas") or ()),
            expires_at=parse_instant(document.get("expires_at")),
            renew_seconds=float(document.get("renew_seconds") or _RENEW_SECONDS_UNLESS_TOLD),
        )


@dataclass(frozen=True, kw_only=True)
class NextRequest:
    """One call of `next`. Repeating it with its `request_id` gives the same leases again.

    `ends_at` is when the time of this worker is over, on the monotonic clock.
    """

    worker_id: str
    count: int
    request_id: str
    wait_seconds: float
    share_id: int | None = None
    site: str | None = None
    batch_job_id: str | None = None
    ends_at: float | None = None

    def to_document(self, now: float) -> Document:
        """What is sent at an instant of the monotonic clock: calls that are repeated tell what is left by then."""
        document = asdict(self)
        ends_at = document.pop("ends_at")
        return document if ends_at is None else {**document, "time_left_seconds": max(0.0, ends_at - now)}


@dataclass(frozen=True, kw_only=True)
class NextReply:
    """Leases, or why there are none: `retry` says whether asking again can help."""

    leases: tuple[Lease, ...]
    reason: str
    why: str
    retry: bool

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> NextReply:
        """Read the answer to `next`; raises as `Lease.from_document`."""
        return cls(
            leases=tuple(Lease.from_document(lease) for lease in document["leases"]),
            reason=str(document.get("reason") or ""),
            why=str(document.get("why") or ""),
            retry=bool(document.get("retry")),
        )


class Order(StrEnum):
    """What the answer to a renewal tells the worker to do."""

    CONTINUE = "continue"
    FINISH_AND_STOP = "finish_and_stop"
    STOP_NOW = "stop_now"


@dataclass(frozen=True, kw_only=True)
class Renewal:
    """The answer for one renewed lease."""

    attempt_id: int
    order: Order
    why: str
    expires_at: datetime | None

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> Renewal:
        """Read one lease of an answer to `renew`; raises as `Lease.from_document`."""
        return cls(
            attempt_id=int(document["attempt_id"]),
            order=Order(document["order"]),
            why=str(document.get("why") or ""),
            expires_at=parse_instant(document.get("expires_at")),
        )


@dataclass(frozen=True, kw_only=True)
class Result:
    """Whether the server took an outcome; if not, the lease was lost and `why` tells how."""

    attempt_id: int
    state: str
    accepted: bool
    why: str

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> Result:
        """Read one result of an answer to `done` or `failed`; raises as `Lease.from_document`."""
        return cls(
            attempt_id=int(document["attempt_id"]),
            state=str(document.get("state") or ""),
            accepted=bool(document["accepted"]),
            why=str(document.get("why") or ""),
        )
