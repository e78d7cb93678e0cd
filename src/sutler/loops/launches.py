"""Takes up launches that were written down and not handed over: a server died, or a back-end could not answer."""

from __future__ import annotations

from datetime import timedelta

from sutler import campaigns
from sutler.loops.surroundings import Surroundings

FORGOTTEN_AFTER = timedelta(seconds=5)


async def step(around: Surroundings) -> int:
    """Carry out launches that somebody should have by now. Returns how many; raises when none of them could be."""
    return await campaigns.carry_out_forgotten_launches(around.db, around.launcher, older_than=FORGOTTEN_AFTER)
