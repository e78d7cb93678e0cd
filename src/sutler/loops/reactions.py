"""Delivers events of lower rooms to operations of upper rooms: one table, readable in one screen."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from sutler import campaigns, catalog
from sutler.auth import AuthEvent
from sutler.base.events import RecordedEvent
from sutler.database import follow_once
from sutler.dispatch import DispatchEvent
from sutler.launch import LaunchEvent
from sutler.loops.isolation import attempt
from sutler.loops.surroundings import Surroundings

FOLLOWER = "reactions"
BATCH = 2000

Reaction = Callable[[Surroundings, RecordedEvent], Awaitable[None]]


async def complete_share(around: Surroundings, event: RecordedEvent) -> None:
    """A share has no open file left: its submission may be complete."""
    await campaigns.complete_share(around.db, share_id=int(event.subject_id))


async def stop_cancelled(around: Surroundings, event: RecordedEvent) -> None:
    """A project was cancelled: its jobs have nothing left to do."""
    await campaigns.stop_cancelled(
        around.db,
        around.launcher.backends,
        project_id=int(event.subject_id),
        cancelled_by=event.actor,
        reason=str(event.facts["reason"]),
    )


async def note_launch(around: Surroundings, event: RecordedEvent) -> None:
    """Something changed on the batch side: the submission takes it over."""
    await campaigns.note_launch(around.db, key=event.subject_id)


async def hurry_declarations(around: Surroundings, event: RecordedEvent) -> None:
    """A service of an experiment, or its credential there, was changed: declarations that wait may get through."""
    await catalog.hurry_declarations(around.db, experiment_id=int(event.subject_id))


REACTIONS: dict[str, Reaction] = {
    DispatchEvent.SHARE_FINISHED: complete_share,
    DispatchEvent.PROJECT_CANCELLED: stop_cancelled,
    LaunchEvent.LAUNCH_SUBMITTED: note_launch,
    LaunchEvent.LAUNCH_FAILED: note_launch,
    LaunchEvent.JOBS_CHANGED: note_launch,
    LaunchEvent.LAUNCH_ENDED: note_launch,
    AuthEvent.SERVICE_CHANGED: hurry_declarations,
    AuthEvent.CREDENTIAL_CHANGED: hurry_declarations,
}


async def step(around: Surroundings) -> int:
    """React to the next batch of events. Returns how many were read.

    An event that cannot be reacted to is logged and passed by; the end it may have told of is found by `overlooked`.
    """

    async def react(event: RecordedEvent) -> None:
        reaction = REACTIONS.get(event.kind)
        if reaction is not None:
            await attempt(reaction(around, event), what=f"event {event.seq}, {event.kind} of {event.subject_id}")

    return await follow_once(around.db, FOLLOWER, react, count=BATCH)
