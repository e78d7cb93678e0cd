"""Carries out what must follow the end of submissions, each piece exactly once: decisions, recoveries, dependants."""

from __future__ import annotations

from functools import partial

from sutler import campaigns
from sutler.loops.isolation import attempt
from sutler.loops.several import attempt_several
from sutler.loops.surroundings import Surroundings

BATCH = 20
ROUNDS = 5
AT_ONCE = 4
"""So many pieces are settled side by side: one that asks a slow catalogue does not hold up those of others."""


async def step(around: Surroundings) -> int:
    """Settle the intentions that are due, and those that come of them, in some rounds. Returns how many were tried."""
    tried = 0
    for _ in range(ROUNDS):
        due = await campaigns.claim_due_intentions(around.db, count=BATCH)
        if not due:
            break
        pieces = {intention.key: partial(_settle, around, intention) for intention in due}
        await attempt_several(pieces, at_once=AT_ONCE)
        tried += len(due)
    return tried


async def _settle(around: Surroundings, intention: campaigns.IntentionRow) -> None:
    settled = await campaigns.settle_intention(around.db, around.launcher, intention=intention)
    if settled.submission_id is not None:
        # At once, as a launch by hand would be; what fails here is taken up by `launches`.
        key = settled.key
        await attempt(campaigns.carry_out_launch(around.db, around.launcher, key=key), what=f"launch {key}")
