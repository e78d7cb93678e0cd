"""Indexes on metadata keys."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from sutler.wire.strict import Strict

KeyKind = Literal["number", "text"]
KeyIndexState = Literal["building", "ready", "failed", "dropping"]


@dataclass(frozen=True)
class NewKeyIndex(Strict):
    """A wish for an index: for ranges of numbers and times, or for ranges and beginnings of texts."""

    key: str
    kind: KeyKind


@dataclass(frozen=True)
class KeyIndex:
    """An index on a metadata key. Only a ready one is used; `reason` says why one failed."""

    key: str
    kind: KeyKind
    state: KeyIndexState
    reason: str
    created_at: datetime
    created_by: str
    changed_at: datetime
