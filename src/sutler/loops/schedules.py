"""Launches stages when their schedules are due: first the runs are written down, then they are made."""

from __future__ import annotations

from functools import partial

from sutler import campaigns
from sutler.loops.several import attempt_several
from sutler.loops.surroundings import Surroundings

BATCH_OF_SCHEDULES = 200
BATCH_OF_RUNS = 50
AT_ONCE = 4


async def step(around: Surroundings) -> int:
    """Write down what is due and make runs, oldest first, at most a batch of each. Returns how many of both."""
    recorded = await campaigns.record_due_schedules(around.db, count=BATCH_OF_SCHEDULES)
    runs = await campaigns.claim_schedule_runs(around.db, count=BATCH_OF_RUNS)
    pieces = {
        f"run {run.id} of schedule {run.schedule_id}": partial(
            campaigns.settle_schedule_run, around.db, around.launcher, run=run
        )
        for run in runs
    }
    await attempt_several(pieces, at_once=AT_ONCE)
    return recorded + len(runs)
