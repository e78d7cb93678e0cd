"""Carries out what must follow the end of submissions, each piece exactly once: decisions, recoveries, dependants."""

from __future__ import annotations

from sutler import campaigns
from sutler.loops.isolation import attempt
from sutler.loops.surroundings import Surroundings

BATCH = 20


async def step(around: Surroundings) -> int:
    """Settle the intentions that are due, at most one batch. Returns how many."""
    for number in range(BATCH):
        settled = await campaigns.settle_due_intention(around.db, around.launcher)
        if settled is None:
            return number
        if settled.submission_id is None:
            continue
        key = settled.key
        # At once, as a launch by hand would be; what fails here is taken up by `launches`.
        await attempt(campaigns.carry_out_launch(around.db, around.launcher, key=key), what=f"launch {key}")
    return BATCH
