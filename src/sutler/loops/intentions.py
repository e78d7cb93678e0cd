"""Carries out what must follow: launches the dependants of complete submissions, each exactly once."""

from __future__ import annotations

from sutler import campaigns
from sutler.loops.isolation import attempt
from sutler.loops.surroundings import Surroundings

BATCH = 20


async def step(around: Surroundings) -> int:
    """Settle the intentions that are due, at most one batch. Returns how many."""
    for number in range(BATCH):
        key = await campaigns.settle_due_intention(around.db, around.launcher.site)
        if key is None:
            return number
        # At once, as a launch by hand would be; what fails here is taken up by `launches`.
        await attempt(campaigns.carry_out_launch(around.db, around.launcher, key=key), what=f"launch {key}")
    return BATCH
