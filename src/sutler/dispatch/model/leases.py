"""Wishes of workers, leases, and why there are none."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sutler.dispatch.model.handles import Handle
from sutler.dispatch.model.states import CopyTrouble, NothingReady, Order, ProjectState


@dataclass(frozen=True)
class Wish:
    """What a worker asks for. The same `request_id` again gives the same leases: a lost reply costs nothing.

    Handles near `site` come first. With `time_left` the worker is given none that it could not finish in time.
    """

    worker_id: str
    request_id: UUID
    count: int = 1
    share_id: int | None = None
    site: str | None = None
    batch_job_id: str | None = None
    lease_for: timedelta | None = None
    time_left: timedelta | None = None


@dataclass(frozen=True)
class ReplicaAt:
    """A usable copy that goes with a lease. `distance` is how far it is from the worker's site, None if unknown."""

    rse: str
    url: str
    distance: int | None = None


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
class AttemptPlace:
    """The project of an attempt, and the how-manieth of its handle the attempt is."""

    attempt_id: int
    attempt: int
    project_id: int


@dataclass(frozen=True)
class HeldPlace:
    """A leased handle, for who gives it back by its name. `ordinal` is its place in the question, from 1."""

    ordinal: int
    worker_id: str
    handle: Handle
    place: AttemptPlace


@dataclass(frozen=True)
class Slot:
    """One handle that is wanted: `rank` counts those of one wish from 0."""

    wish: Wish
    rank: int
    actor: str


@dataclass(frozen=True)
class Pool:
    """Ready handles of a project at one location, from a place (attempts, position) on."""

    location_id: int
    mark: tuple[int, int] = (0, 0)


@dataclass(frozen=True)
class Claimed:
    """A handle that was just leased, or still is: for which slot, from where, and where its usable copies are.

    `copies` are numbers of storage elements with URLs; `attributes` and the rest are those of the handle.
    """

    ordinal: int
    location_id: int | None
    copies: tuple[tuple[int, str], ...]
    lease: Lease


@dataclass(frozen=True)
class Holders:
    """Who holds the reserved handles: how many workers, and when the first lease ends if it is not renewed.

    `next_wake_at` is when the first handle has paused for long enough, `max_attempts` the limit of the project.
    `is_at_least` says that there are more leases than were looked at.
    """

    worker_count: int
    next_end_at: datetime | None
    next_wake_at: datetime | None = None
    max_attempts: int | None = None
    is_at_least: bool = False


@dataclass(frozen=True)
class Obstacle:
    """What keeps `count` files from being given out: the trouble with each of their copies, none without.

    `is_ready` says that workers elsewhere, or later, may get them as they are; `is_passing` that a usable copy has
    turned up, so that they will be ready in a moment.
    """

    troubles: tuple[tuple[str, CopyTrouble], ...]
    count: int
    is_at_least: bool = False
    is_ready: bool = False
    is_passing: bool = False


@dataclass(frozen=True)
class Pace:
    """How long nine of ten of the newest `count` done attempts took at most, from lease to report."""

    count: int
    nine_of_ten: timedelta | None


@dataclass(frozen=True)
class LockedLease:
    """A lease that this transaction has locked."""

    attempt_id: int
    attempt: int
    project_id: int


@dataclass(frozen=True)
class RenewedLease:
    """A lease whose end was just moved."""

    attempt_id: int
    project_id: int
    expires_at: datetime | None
    project_state: ProjectState
