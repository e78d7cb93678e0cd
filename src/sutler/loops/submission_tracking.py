"""Asks the back-ends what became of the batch jobs."""

from __future__ import annotations

from sutler import launch
from sutler.loops.surroundings import Surroundings


async def step(around: Surroundings) -> int:
    """Poll all open launches once. Returns how many batch jobs changed."""
    return await launch.poll_launches(around.db, around.launcher.backends)
