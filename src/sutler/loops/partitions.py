"""Makes the coming months' partitions of the event table."""

from __future__ import annotations

from sutler.database import create_event_partitions
from sutler.loops.surroundings import Surroundings


async def step(around: Surroundings) -> int:
    """Make what is missing. Returns how many partitions were made."""
    return await create_event_partitions(around.db)
