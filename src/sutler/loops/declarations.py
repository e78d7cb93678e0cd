"""Declares outputs where their experiments keep their catalogues, and removes what is left of answers from there."""

from __future__ import annotations

import asyncio

from sutler import catalog
from sutler.loops.surroundings import Surroundings

SENDERS = 4
"""So many queues are sent side by side: a place that answers slowly does not keep the others waiting."""
BATCHES = 20
BATCH = 500
OLD_AT_ONCE = 10


async def step(around: Surroundings) -> int:
    """Send the files of queues that are due, some batches at most. Returns how many were declared or refused."""
    await catalog.discard_old_selections(around.db, count=OLD_AT_ONCE)
    outcomes = await asyncio.gather(*(_send(around) for _ in range(SENDERS)), return_exceptions=True)
    for outcome in outcomes:
        if isinstance(outcome, BaseException):
            raise outcome
    return sum(outcome for outcome in outcomes if isinstance(outcome, int))


async def _send(around: Surroundings) -> int:
    total = 0
    for _ in range(BATCHES):
        settled = await catalog.send_declarations(around.db, around.launcher.catalogues, count=BATCH)
        if not settled:
            break
        total += settled
    return total
