"""Ledgers: sets of files that were given out once."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

EVENT_COUNT = "core.event_count"
"""The metadata key that says how many events a file has: what a budget of events counts."""


@dataclass(frozen=True)
class Ledger:
    """A ledger without its entries.

    Of the selection with the digest everything was taken up to a file, by its creation time and fid. `part_count` is
    into how many parts what it gives out is cut, None if it is not.
    """

    experiment_id: int
    part_count: int | None
    taken_digest: str | None
    taken_created_at: datetime | None
    taken_fid: str | None
