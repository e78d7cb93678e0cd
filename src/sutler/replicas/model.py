"""Words of the room: storage elements and replicas."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sutler.base.did import Did


class ReplicaEvent(StrEnum):
    """What can happen in this room, with the facts of each event."""

    RSE_CREATED = "replicas.rse_created"  # name
    RSE_CHANGED = "replicas.rse_changed"  # name, is_enabled, is_available
    RSE_DELETED = "replicas.rse_deleted"  # name
    PROXIMITY_CHANGED = "replicas.proximity_changed"  # count
    REPLICAS_ADDED = "replicas.replicas_added"  # count, rse


@dataclass(frozen=True)
class Rse:
    """A storage element. Its replicas are usable while it is enabled and available.

    `is_enabled` is the choice of the experiment, `is_available` whether the storage works at the moment. Of several
    replicas the one with the smaller `preference` comes first. The fields after `created_at` are for staging from tape:
    where to ask, how the path of a file is made of its URL, and through which interface.
    """

    id: int
    experiment_id: int
    name: str
    description: str
    url_prefix: str
    is_enabled: bool
    is_available: bool
    is_tape: bool
    preference: int
    created_at: datetime
    pin_url: str | None = None
    poll_url: str | None = None
    remove_prefix: str | None = None
    add_prefix: str | None = None
    pin_prefix: str | None = None
    interface: str | None = None


@dataclass(frozen=True)
class Staging:
    """What staging needs to know of a storage element with tape; None is for what it does not need or is not known."""

    pin_url: str | None = None
    poll_url: str | None = None
    remove_prefix: str | None = None
    add_prefix: str | None = None
    pin_prefix: str | None = None
    interface: str | None = None


@dataclass(frozen=True)
class Proximity:
    """How far a storage element is from a site: smaller is nearer, negative is never."""

    site: str
    rse: str
    distance: int


@dataclass(frozen=True)
class NewReplica:
    """A copy to be recorded."""

    did: Did
    rse: str
    url: str
    is_staged: bool = True


@dataclass(frozen=True)
class CopyChange:
    """A file whose set of staged copies has changed."""

    seq: int
    experiment_id: int
    namespace: str
    name: str

    @property
    def did(self) -> Did:
        """The file."""
        return Did(self.namespace, self.name)


@dataclass(frozen=True)
class Replica:
    """A copy of a file on a storage element. Usable are copies that are staged, on one that is available."""

    namespace: str
    name: str
    rse: str
    url: str
    is_usable: bool
    experiment_id: int
    preference: int = 0
    is_staged: bool = True
    is_rse_available: bool = True

    @property
    def did(self) -> Did:
        """The file it is a copy of."""
        return Did(self.namespace, self.name)
