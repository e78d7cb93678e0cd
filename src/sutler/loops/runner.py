"""Runs the loops: cadence, jitter, back-off, leadership by advisory lock, health."""

from __future__ import annotations

import asyncio
import contextlib
import random
import time
from collections.abc import Sequence
from dataclasses import dataclass

import structlog

from sutler.base.errors import SutlerError, UnavailableError
from sutler.database.notices import EVERYTHING, Follower
from sutler.loops.surroundings import Surroundings
from sutler.loops.work import Loop

LEADERSHIP_LOCK = 0x5574_6C65_7202
LEADERSHIP_ANSWER_SECONDS = 10
SHORTEST_PAUSE_SECONDS = 0.2
LONGEST_BACK_OFF_SECONDS = 60.0

log = structlog.get_logger(__name__)


@dataclass
class LoopHealth:
    """How a loop is doing; times are of the monotonic clock."""

    name: str
    last_run: float | None = None
    failure_count: int = 0
    last_failure: str = ""


class Loops:
    """All loops of one process. Only the process that holds the lock in the database runs them."""

    def __init__(self, around: Surroundings, loops: Sequence[Loop]) -> None:
        self._around = around
        self._loops = loops
        self.health = {loop.name: LoopHealth(loop.name) for loop in loops}
        self.is_leader = False

    async def run(self) -> None:
        """Compete for leadership and run the loops while it is held; ends only by cancellation."""
        while True:
            try:
                await self._lead_once()
            except Exception as error:
                is_passing = isinstance(error, (OSError, UnavailableError))
                log.warning("leadership_interrupted", reason=str(error), exc_info=not is_passing)
            finally:
                self.is_leader = False
            await asyncio.sleep(random.uniform(0.5, 1.5))  # noqa: S311 - jitter, not a secret

    async def _lead_once(self) -> None:
        async with self._around.db.lone_connection() as connection:
            if not await connection.fetchval("SELECT pg_try_advisory_lock($1)", LEADERSHIP_LOCK):
                return
            self.is_leader = True
            log.info("leading", loops=[loop.name for loop in self._loops])
            tasks = [asyncio.create_task(self._run_loop(loop), name=loop.name) for loop in self._loops]
            try:
                while not connection.is_closed():
                    await asyncio.sleep(1)
                    await connection.fetchval("SELECT 1", timeout=LEADERSHIP_ANSWER_SECONDS)
            finally:
                await _end(tasks)

    async def _run_loop(self, loop: Loop) -> None:
        async with self._around.db.notices.follow(*([EVERYTHING] if loop.wakes_on_news else [])) as follower:
            while True:
                found = await self._run_step(loop)
                await self._pause(loop, found, follower)

    async def _run_step(self, loop: Loop) -> int:
        health = self.health[loop.name]
        health.last_run = time.monotonic()
        try:
            found = await loop.step(self._around)
        except Exception as error:
            health.failure_count += 1
            health.last_failure = error.sentence if isinstance(error, SutlerError) else repr(error)
            log.warning(
                "loop_failed", loop=loop.name, reason=health.last_failure, exc_info=not isinstance(error, SutlerError)
            )
            return 0
        health.failure_count = 0
        return found

    async def _pause(self, loop: Loop, found: int, follower: Follower) -> None:
        failures = self.health[loop.name].failure_count
        if failures:
            await asyncio.sleep(min(LONGEST_BACK_OFF_SECONDS, 2.0 ** min(failures, 10)) * random.uniform(0.5, 1))  # noqa: S311
        elif found:
            await asyncio.sleep(SHORTEST_PAUSE_SECONDS)
        elif loop.wakes_on_news:
            await follower.wait(loop.pause.total_seconds())
            await asyncio.sleep(SHORTEST_PAUSE_SECONDS)
        else:
            await asyncio.sleep(loop.pause.total_seconds())


async def _end(tasks: Sequence[asyncio.Task[None]]) -> None:
    for task in tasks:
        task.cancel()
    for task in tasks:
        with contextlib.suppress(asyncio.CancelledError):
            await task
