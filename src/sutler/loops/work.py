"""The list of loops: what runs, how often, and whether news in the database wakes it sooner."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta

from sutler.loops import (
    abandonment,
    declarations,
    intentions,
    kept_answers,
    key_indexes,
    launches,
    location,
    overlooked,
    partitions,
    queued_launches,
    reactions,
    resting,
    resting_campaigns,
    schedules,
    submission_tracking,
    timeouts,
)
from sutler.loops.surroundings import Surroundings

Step = Callable[[Surroundings], Awaitable[int]]


@dataclass(frozen=True)
class Loop:
    """One loop: its step, the pause between steps that found nothing, and whether notices end the pause."""

    name: str
    step: Step
    pause: timedelta
    wakes_on_news: bool = False


LOOPS = (
    Loop("reactions", reactions.step, timedelta(seconds=2), wakes_on_news=True),
    Loop("intentions", intentions.step, timedelta(seconds=2), wakes_on_news=True),
    Loop("launches", launches.step, timedelta(seconds=1)),
    Loop("schedules", schedules.step, timedelta(seconds=1)),
    Loop("queued_launches", queued_launches.step, timedelta(seconds=2), wakes_on_news=True),
    Loop("submission_tracking", submission_tracking.step, timedelta(seconds=1)),
    Loop("timeouts", timeouts.step, timedelta(seconds=5)),
    Loop("declarations", declarations.step, timedelta(seconds=1)),
    Loop("overlooked", overlooked.step, timedelta(minutes=1)),
    Loop("resting", resting.step, timedelta(seconds=2)),
    Loop("abandonment", abandonment.step, timedelta(seconds=30)),
    Loop("location", location.step, timedelta(seconds=5)),
    Loop("resting_campaigns", resting_campaigns.step, timedelta(hours=1)),
    Loop("kept_answers", kept_answers.step, timedelta(minutes=5)),
    Loop("key_indexes", key_indexes.step, timedelta(seconds=2)),
    Loop("partitions", partitions.step, timedelta(hours=6)),
)
