"""Deletes answers to calls with an Idempotency-Key that are older than a day."""

from __future__ import annotations

from sutler.database import delete_old_calls
from sutler.loops.surroundings import Surroundings

BATCH = 1000


async def step(around: Surroundings) -> int:
    """Delete old answers, at most one batch. Returns how many."""
    return await delete_old_calls(around.db, limit=BATCH)
