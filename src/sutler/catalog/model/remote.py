"""Files that are declared to a catalogue elsewhere, and what keeps them from it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from sutler.auth.model import Role
from sutler.base.did import Did


class DeclarationState(StrEnum):
    """Whether a file is declared where its experiment keeps its catalogue."""

    PENDING = "pending"
    DECLARED = "declared"
    REFUSED = "refused"


@dataclass(frozen=True)
class RemoteFile:
    """A file that is, or is to be, declared elsewhere. `version` grows with every change of what is sent."""

    id: int
    fid: str
    namespace: str
    name: str
    size_bytes: int
    checksums: Mapping[str, str]
    metadata: Mapping[str, object]
    parents: Sequence[str]
    dataset: str | None
    state: DeclarationState
    version: int

    @property
    def did(self) -> Did:
        """Its namespace and name."""
        return Did(self.namespace, self.name)


@dataclass(frozen=True)
class RemoteQueue:
    """What an experiment declares elsewhere in one role, and how often that was tried in vain since it last worked."""

    experiment_id: int
    role: Role
    tries: int


@dataclass(frozen=True)
class Undeclared:
    """How many outputs of a share are not declared where they should be, and why.

    `place` is the address; `reason` is why those that wait do so, empty while nothing stands in the way; `refusal` is
    one of the refusals.
    """

    place: str
    pending_count: int
    refused_count: int
    reason: str = ""
    refusal: str = ""
