"""Makes handles ready again that have paused for long enough after a failure."""

from __future__ import annotations

from sutler import dispatch
from sutler.loops.surroundings import Surroundings

BATCH = 5000


async def step(around: Surroundings) -> int:
    """End pauses that are over, at most one batch. Returns how many handles became ready."""
    return await dispatch.wake_handles(around.db, limit=BATCH)
