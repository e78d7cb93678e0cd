"""Marks campaigns inactive in which nothing has happened for a week; a launch makes them active again."""

from __future__ import annotations

from sutler import campaigns
from sutler.loops.surroundings import Surroundings


async def step(around: Surroundings) -> int:
    """Mark idle campaigns inactive, at most one batch. Returns how many."""
    return len(await campaigns.rest_idle_campaigns(around.db))
