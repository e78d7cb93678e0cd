"""Shares as the room above sees them: what was put into one, and which files it has."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sutler.base.did import Did
from sutler.dispatch.model.leases import LockedLease
from sutler.dispatch.model.states import HandleState


@dataclass(frozen=True)
class CreatedShare:
    """A new share of a project, and how many handles it got."""

    share_id: int
    project_id: int
    handle_count: int


@dataclass(frozen=True)
class ShareFile:
    """A file of a share with the state that it has, or had when it went on in another share."""

    project_id: int
    position: int
    share_id: int
    namespace: str
    name: str
    fid: str | None
    size_bytes: int | None
    attributes: Mapping[str, object]
    state: HandleState

    @property
    def did(self) -> Did:
        """Its namespace and name."""
        return Did(self.namespace, self.name)


@dataclass(frozen=True)
class HeldHandles:
    """Handles of shares that this transaction has locked, by place, and the leases of the reserved ones."""

    leases: Sequence[LockedLease]
    reserved: Sequence[int]
    initial: Sequence[int]
    ended: Sequence[int]

    @property
    def positions(self) -> list[int]:
        """The places of all of them, in order."""
        return sorted([*self.reserved, *self.initial, *self.ended])


@dataclass(frozen=True)
class MovedHandles:
    """How many handles of a share, or of none, went on in another one, and what they were then."""

    share_id: int | None
    count: int
    initial_count: int
    done_count: int
    failed_count: int
    unlocated_count: int
    resting_count: int


@dataclass(frozen=True)
class RestartedHandles:
    """How many handles of a share, or of none, were put back: what they were before, and how many have no replica."""

    share_id: int | None
    count: int
    unlocated_count: int
    done_count: int
    failed_count: int


@dataclass(frozen=True)
class LeftShare:
    """A share that handles have left: how many of them were initial, and how much is open there now."""

    share_id: int
    initial_count: int
    open_count: int
    is_closed: bool
