"""Delivers events of lower rooms to operations of upper rooms: one table, readable in one screen."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from sutler import campaigns
from sutler.base.events import RecordedEvent
from sutler.database import Database, follow_once
from sutler.dispatch import DispatchEvent
from sutler.launch import LaunchEvent
from sutler.loops.surroundings import Surroundings

FOLLOWER = "reactions"
BATCH = 500

Reaction = Callable[[Database, RecordedEvent], Awaitable[None]]


async def complete_share(db: Database, event: RecordedEvent) -> None:
    """A share has no open file left: its submission may be complete."""
    await campaigns.complete_share(db, share_id=int(event.subject_id))


async def note_launch(db: Database, event: RecordedEvent) -> None:
    """Something changed on the batch side: the submission takes it over."""
    await campaigns.note_launch(db, key=event.subject_id)


REACTIONS: dict[str, Reaction] = {
    DispatchEvent.SHARE_FINISHED: complete_share,
    LaunchEvent.LAUNCH_SUBMITTED: note_launch,
    LaunchEvent.LAUNCH_FAILED: note_launch,
    LaunchEvent.JOBS_CHANGED: note_launch,
    LaunchEvent.LAUNCH_ENDED: note_launch,
}


async def step(around: Surroundings) -> int:
    """React to the next batch of events. Returns how many were read."""

    async def react(event: RecordedEvent) -> None:
        reaction = REACTIONS.get(event.kind)
        if reaction is not None:
            await reaction(around.db, event)

    return await follow_once(around.db, FOLLOWER, react, count=BATCH)
