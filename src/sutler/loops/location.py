"""Makes handles workable whose file has got a usable replica since."""

from __future__ import annotations

from sutler import dispatch
from sutler.loops.surroundings import Surroundings

BATCH = 5000


async def step(around: Surroundings) -> int:
    """Look at handles without a usable replica, at most one batch. Returns how many became workable."""
    return await dispatch.locate_handles(around.db, limit=BATCH)
