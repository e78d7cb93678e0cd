"""Launches what waited for a hold to end: of each stage in the order it came, of many stages side by side."""

from __future__ import annotations

from functools import partial

from sutler import campaigns
from sutler.loops.several import attempt_several
from sutler.loops.surroundings import Surroundings

BATCH = 20
ROUNDS = 5
AT_ONCE = 4


async def step(around: Surroundings) -> int:
    """Release queued launches, in each round the oldest of some stages. Returns how many were taken."""
    taken = 0
    for _ in range(ROUNDS):
        waiting = await campaigns.claim_queued_launches(around.db, count=BATCH)
        if not waiting:
            break
        pieces = {
            f"queued launch {launch.id}": partial(
                campaigns.release_queued_launch, around.db, around.launcher, waiting=launch
            )
            for launch in waiting
        }
        await attempt_several(pieces, at_once=AT_ONCE)
        taken += len(waiting)
    return taken
