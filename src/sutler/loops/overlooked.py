"""Ends submissions whose files or jobs are over although the event that said so did not reach them."""

from __future__ import annotations

from datetime import timedelta

from sutler import campaigns
from sutler.loops.isolation import attempt
from sutler.loops.surroundings import Surroundings

BATCH = 200
OVERLOOKED_AFTER = timedelta(minutes=2)


async def step(around: Surroundings) -> int:
    """Look at open submissions whose work is over, at most one batch. Returns how many took that over."""
    found = await campaigns.find_overlooked(around.db, older_than=OVERLOOKED_AFTER, count=BATCH)
    ended = 0
    for submission in found:
        ended += await attempt(_take_over(around, submission), what=f"overlooked end of {submission.launch_key}")
    return ended


async def _take_over(around: Surroundings, submission: campaigns.Overlooked) -> None:
    await campaigns.note_launch(around.db, key=submission.launch_key)
    await campaigns.complete_share(around.db, share_id=submission.share_id)
