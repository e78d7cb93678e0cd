"""Builds and drops the indexes on metadata keys that administrators asked for."""

from __future__ import annotations

from sutler import catalog
from sutler.loops.surroundings import Surroundings


async def step(around: Surroundings) -> int:
    """Build or drop one index, however long it takes. Returns how many."""
    return await catalog.build_key_indexes(around.db)
