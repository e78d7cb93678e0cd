"""What happened, as a value. Rooms append events in the transaction of the change; loops and live pages follow them."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum


@dataclass(frozen=True)
class Event:
    """One thing that happened to one subject.

    `kind` is `room.noun_verb`, one of the room's event enum, which documents the facts that belong to it.
    """

    kind: StrEnum
    subject_kind: str
    subject_id: str
    experiment_id: int | None = None
    facts: dict[str, object] = field(default_factory=dict)


@dataclass(frozen=True)
class RecordedEvent:
    """An event as it stands in the table: with its number, instant, transaction and actor."""

    seq: int
    at: datetime
    txid: int
    experiment_id: int | None
    actor: str
    kind: str
    subject_kind: str
    subject_id: str
    facts: dict[str, object]
