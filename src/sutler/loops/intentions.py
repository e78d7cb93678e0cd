"""Carries out what must follow: launches the dependants of complete submissions, each exactly once."""

from __future__ import annotations

from sutler import campaigns
from sutler.loops.surroundings import Surroundings

BATCH = 20


async def step(around: Surroundings) -> int:
    """Settle the intentions that are due, at most one batch. Returns how many."""
    for number in range(BATCH):
        if await campaigns.settle_due_intention(around.db, around.launcher.site) is None:
            return number
    return BATCH
