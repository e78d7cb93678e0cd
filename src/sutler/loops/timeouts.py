"""Gives handles back whose lease has run out."""

from __future__ import annotations

from sutler import dispatch
from sutler.loops.surroundings import Surroundings

BATCH = 1000


async def step(around: Surroundings) -> int:
    """Release overdue leases, at most one batch. Returns how many."""
    return await dispatch.release_overdue(around.db, limit=BATCH)
