"""Asks the back-ends what became of the batch jobs, and takes up launches that a dying server left behind."""

from __future__ import annotations

from datetime import timedelta

from sutler import campaigns, launch
from sutler.loops.surroundings import Surroundings

FORGOTTEN_AFTER = timedelta(seconds=1)


async def step(around: Surroundings) -> int:
    """Poll all open launches once and carry out those that were only intended. Returns how many changed."""
    taken_up = await campaigns.carry_out_forgotten_launches(around.db, around.launcher, older_than=FORGOTTEN_AFTER)
    return taken_up + await launch.poll_launches(around.db, around.launcher.backends)
