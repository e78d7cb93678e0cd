"""Looks after submissions that no event told of: over, complete enough, or called off and not stopped."""

from __future__ import annotations

from datetime import timedelta

from sutler import campaigns
from sutler.loops.isolation import attempt
from sutler.loops.surroundings import Surroundings

BATCH = 200
OVERLOOKED_AFTER = timedelta(minutes=2)


async def step(around: Surroundings) -> int:
    """Look at open submissions of which something was overlooked, at most one batch each. Returns how many it was."""
    done = await campaigns.stop_called_off(around.db, around.launcher.backends, count=BATCH)
    found = await campaigns.find_overlooked(around.db, older_than=OVERLOOKED_AFTER, count=BATCH)
    for submission in found:
        done += await attempt(_take_over(around, submission), what=f"overlooked end of {submission.launch_key}")
    for submission in await campaigns.find_enough_done(around.db, count=BATCH):
        key = submission.launch_key
        done += await attempt(campaigns.note_launch(around.db, key=key), what=f"enough files of {key}")
    return done


async def _take_over(around: Surroundings, submission: campaigns.Overlooked) -> None:
    await campaigns.note_launch(around.db, key=submission.launch_key)
    if submission.share_id is not None:
        await campaigns.complete_share(around.db, share_id=submission.share_id)
