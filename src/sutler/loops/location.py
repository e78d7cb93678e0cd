"""Makes handles workable whose file has got a usable replica since, and moves those whose copies have come or gone."""

from __future__ import annotations

from sutler import dispatch
from sutler.loops.surroundings import Surroundings

BATCH = 5000


async def step(around: Surroundings) -> int:
    """Look at copies that changed and at handles without a usable one, at most one batch each.

    Returns how many files and handles were dealt with.
    """
    relocated = await dispatch.relocate_handles(around.db, limit=BATCH)
    return relocated + await dispatch.locate_handles(around.db, limit=BATCH)
