"""The line in which calls wait, and the task that serves them round by round."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from itertools import accumulate
from typing import Any

import structlog

from sutler.base.errors import UnavailableError
from sutler.database import DatabaseBusyError
from sutler.dispatch.lane.calls import Call

MOST_AT_ONCE = 512
MOST_HANDLES_AT_ONCE = 2000
"""A call may be about a thousand handles: of those the others do not wait for hundreds of times as many."""

CLOSED = "The server is stopping. Ask again in a moment."

log = structlog.get_logger(__name__)


class Queue:
    """Calls that wait. What arrives while a round is served is the next round; no timer waits for more."""

    def __init__(self, serve: Callable[[Sequence[Call]], Coroutine[Any, Any, None]]) -> None:
        self.serve = serve
        self._waiting: list[Call] = []
        self._filled = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def open(self) -> None:
        """Begin to serve."""
        self._task = asyncio.create_task(self._work(), name="lane")

    async def close(self) -> None:
        """Serve nobody any more; who waits is told to ask again."""
        task, self._task = self._task, None
        assert task is not None
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        for call in self._waiting:
            call.fail(UnavailableError(CLOSED))
        self._waiting.clear()

    async def ask(self, call: Call) -> Any:  # noqa: ANN401 - each kind of call has its own answer
        """Get in line and wait for the answer. Raises UnavailableError when the server is stopping."""
        if self._task is None:
            raise UnavailableError(CLOSED)
        self._waiting.append(call)
        self._filled.set()
        return await call.answer

    async def _work(self) -> None:
        while True:
            await self._filled.wait()
            self._filled.clear()
            while self._waiting:
                count = _count_fitting(self._waiting)
                calls, self._waiting = self._waiting[:count], self._waiting[count:]
                await self._serve_all(calls)

    async def _serve_all(self, calls: Sequence[Call]) -> None:
        """Serve a round. One that fails is served call by call, so that nobody suffers for another.

        A call that fails alone is left to the ordinary operation, which tries again or says what is wrong.
        """
        try:
            await self.serve(calls)
        except asyncio.CancelledError:
            for call in calls:
                call.fail(UnavailableError(CLOSED))
            raise
        except DatabaseBusyError as error:
            await self._serve_by_project(calls, error)
        except UnavailableError as error:
            # Nobody knows whether the round was committed: who asks again, with the same request id or report, learns.
            for call in calls:
                call.fail(error)
        except Exception as error:  # noqa: BLE001 - nobody is left without an answer
            log.warning("round_failed", calls=len(calls), reason=str(error) or type(error).__name__)
            if len(calls) == 1:
                calls[0].finish(None)
                return
            await self._serve_each(calls)

    async def _serve_by_project(self, calls: Sequence[Call], error: DatabaseBusyError) -> None:
        """Serve a round that is undone for certain: somebody does something large to one project, not to the others."""
        by_project: dict[int | None, list[Call]] = {}
        for call in calls:
            by_project.setdefault(call.project_id, []).append(call)
        if len(by_project) > 1:
            await self._serve_parts(list(by_project.values()))
            return
        for call in calls:
            call.fail(error)

    async def _serve_each(self, calls: Sequence[Call]) -> None:
        await self._serve_parts([[call] for call in calls])

    async def _serve_parts(self, parts: Sequence[Sequence[Call]]) -> None:
        """Serve a round in parts; nobody is left waiting if the lane is closed meanwhile."""
        try:
            for part in parts:
                if not all(call.answer.done() for call in part):
                    await self._serve_all(part)
        finally:
            for part in parts:
                for call in part:
                    call.fail(UnavailableError(CLOSED))


def _count_fitting(calls: Sequence[Call]) -> int:
    """Return how many of the calls in line are served at once, which is one at least."""
    totals = accumulate(call.handle_count for call in calls[:MOST_AT_ONCE])
    return max(1, sum(total <= MOST_HANDLES_AT_ONCE for total in totals))
