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
    REPLICAS_ADDED = "replicas.replicas_added"  # count, rse


@dataclass(frozen=True)
class Rse:
    """A storage element. Its replicas are usable while it is enabled and available.

    `is_enabled` is the choice of the experiment, `is_available` whether the storage works at the moment. Of several
    replicas the one with the smaller `preference` comes first.
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


@dataclass(frozen=True)
class NewReplica:
    """A copy to be recorded."""

    did: Did
    rse: str
    url: str
    is_staged: bool = True


@dataclass(frozen=True)
class Replica:
    """A copy of a file on a storage element."""

    namespace: str
    name: str
    rse: str
    url: str
    is_usable: bool
    experiment_id: int
    preference: int = 0

    @property
    def did(self) -> Did:
        """The file it is a copy of."""
        return Did(self.namespace, self.name)
