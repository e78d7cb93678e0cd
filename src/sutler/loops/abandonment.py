"""Abandons projects in which nothing has happened for too long."""

from __future__ import annotations

from sutler import dispatch
from sutler.loops.surroundings import Surroundings

BATCH = 100


async def step(around: Surroundings) -> int:
    """Abandon idle projects, at most one batch. Returns how many."""
    return await dispatch.abandon_idle(around.db, limit=BATCH)
