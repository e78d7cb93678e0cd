"""Storage elements and replicas."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sutler.wire.bounds import SmallInt
from sutler.wire.strict import Strict


@dataclass(frozen=True)
class NewRse(Strict):
    """What a storage element is made with."""

    experiment: str
    name: str
    description: str = ""
    url_prefix: str = ""
    is_tape: bool = False
    preference: SmallInt = 0
    pin_url: str | None = None
    poll_url: str | None = None
    remove_prefix: str | None = None
    add_prefix: str | None = None
    pin_prefix: str | None = None
    interface: str | None = None


@dataclass(frozen=True)
class RseChange(Strict):
    """What is to change about a storage element; null leaves it as it is."""

    description: str | None = None
    url_prefix: str | None = None
    is_enabled: bool | None = None
    is_available: bool | None = None
    is_tape: bool | None = None
    preference: SmallInt | None = None
    pin_url: str | None = None
    poll_url: str | None = None
    remove_prefix: str | None = None
    add_prefix: str | None = None
    pin_prefix: str | None = None
    interface: str | None = None


@dataclass(frozen=True)
class Rse:
    """A storage element. Its replicas are usable while it is enabled and available.

    The fields after `created_at` are for staging from tape.
    """

    experiment: str
    name: str
    description: str
    url_prefix: str
    is_enabled: bool
    is_available: bool
    is_tape: bool
    preference: int
    created_at: datetime
    pin_url: str | None
    poll_url: str | None
    remove_prefix: str | None
    add_prefix: str | None
    pin_prefix: str | None
    interface: str | None


@dataclass(frozen=True)
class Proximity:
    """How far a storage element is from a site: smaller is nearer, negative is never."""

    site: str
    rse: str
    distance: int


@dataclass(frozen=True)
class NewProximity(Strict):
    """A whole map of distances, as lines `site,rse,number`; DEFAULT stands for every site or storage element."""

    text: str


@dataclass(frozen=True)
class NewReplica(Strict):
    """A copy to be recorded."""

    did: str
    rse: str
    url: str
    is_staged: bool = True


@dataclass(frozen=True)
class NewReplicas(Strict):
    """Copies to be recorded, all or none. One that is known already is brought up to date."""

    experiment: str
    replicas: tuple[NewReplica, ...]


@dataclass(frozen=True)
class Replica:
    """A copy of a file on a storage element."""

    namespace: str
    name: str
    rse: str
    url: str
    is_usable: bool
