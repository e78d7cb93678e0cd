"""Indexes on metadata keys."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class KeyKind(StrEnum):
    """What an index on a metadata key is for: ranges of numbers and times, or ranges and beginnings of texts."""

    NUMBER = "number"
    TEXT = "text"


class KeyIndexState(StrEnum):
    """How far an index on a metadata key is. Only a ready one is used."""

    BUILDING = "building"
    READY = "ready"
    FAILED = "failed"
    DROPPING = "dropping"


@dataclass(frozen=True)
class KeyRange:
    """How many files have a value of a key that is not null, and the first and the last of the values as texts."""

    key: str
    count: int
    first: str | None
    last: str | None


@dataclass(frozen=True)
class IndexedKey:
    """A metadata key for which an administrator asked for an index. `reason` says why one failed."""

    id: int
    key: str
    kind: KeyKind
    state: KeyIndexState
    reason: str
    created_at: datetime
    created_by: str
    changed_at: datetime
