"""Takes up launches that were written down and not handed over: a server died, or a back-end could not answer."""

from __future__ import annotations

from datetime import timedelta
from functools import partial

from sutler import campaigns
from sutler.loops.several import attempt_several
from sutler.loops.surroundings import Surroundings

FORGOTTEN_AFTER = timedelta(seconds=5)
BATCH = 20
AT_ONCE = 4


async def step(around: Surroundings) -> int:
    """Carry out launches that somebody should have by now, at most one batch. Returns how many were tried."""
    keys = await campaigns.claim_forgotten_launches(around.db, older_than=FORGOTTEN_AFTER, count=BATCH)
    pieces = {
        f"launch {key}": partial(campaigns.carry_out_forgotten_launch, around.db, around.launcher, key=key)
        for key in keys
    }
    await attempt_several(pieces, at_once=AT_ONCE)
    return len(keys)
