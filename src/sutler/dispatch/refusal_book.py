"""What doors write down about workers they refuse, on its way to the database."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from types import TracebackType
from typing import Self, TypeAlias

import structlog

from sutler.database import Database
from sutler.dispatch.model import NewRefusal
from sutler.dispatch.operations.refusals import note_refusals
from sutler.dispatch.rules.refusals import LONGEST_NAME, explain_refusal

WRITE_SECONDS = 1.0
LAST_WRITE_SECONDS = 5.0
MOST_REFUSALS = 10_000
MOST_PROJECTS = 1_000
LARGEST_ID = 2**63 - 1

log = structlog.get_logger(__name__)


@dataclass
class _Tally:
    times: int
    first_at: datetime
    last_at: datetime


_Key: TypeAlias = tuple[int, str | None, str]


class RefusalBook:
    """Collects refusals and writes them once a second, so that strangers cannot write to the database at will.

    It holds 10,000 of them, and 1,000 sums of projects for what comes when it is full; what does not fit into these
    is not counted. One for each server process; `async with` it between the database and the doors.
    """

    def __init__(self, db: Database) -> None:
        self._db = db
        self._tallies: dict[_Key, _Tally] = {}
        self._is_over = asyncio.Event()
        self._writing: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        """Begin to write once a second."""
        self._writing = asyncio.create_task(self._run(), name="refusals")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Write what is left, unless the database keeps silent for five seconds."""
        self._is_over.set()
        assert self._writing is not None
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._writing, LAST_WRITE_SECONDS)

    def note(self, project_id: int, worker_id: str, error: Exception) -> None:
        """Write down that a call of a worker about a project failed; nothing for what is no refusal.

        Never waits and never fails. An empty `worker_id` is a worker without a name.
        """
        reason = explain_refusal(error)
        if reason is None or not 0 < project_id <= LARGEST_ID:
            return
        now = self._db.clock.now()
        self._add((project_id, worker_id[:LONGEST_NAME], reason), _Tally(1, now, now))

    async def write(self) -> None:
        """Write what was noted since the last time. If that fails it stays noted. Raises what `Database.write` does."""
        tallies, self._tallies = self._tallies, {}
        try:
            await note_refusals(self._db, _make_refusals(tallies))
        except BaseException:
            for key, tally in tallies.items():
                self._add(key, tally)
            raise

    def _add(self, key: _Key, more: _Tally) -> None:
        tally = self._tallies.get(key)
        if tally is None and len(self._tallies) >= MOST_REFUSALS:
            key = (key[0], None, "")
            tally = self._tallies.get(key)
        if tally is None:
            if len(self._tallies) < MOST_REFUSALS + MOST_PROJECTS:
                self._tallies[key] = more
            return
        tally.times += more.times
        tally.first_at = min(tally.first_at, more.first_at)
        tally.last_at = max(tally.last_at, more.last_at)

    async def _run(self) -> None:
        is_over = False
        while not is_over:
            with contextlib.suppress(TimeoutError):
                is_over = await asyncio.wait_for(self._is_over.wait(), WRITE_SECONDS)
            try:
                await self.write()
            except Exception as error:  # noqa: BLE001 - the next second tries again, whatever went wrong
                log.warning("refusals_not_written", reason=str(error) or type(error).__name__)


def _make_refusals(tallies: Mapping[_Key, _Tally]) -> list[NewRefusal]:
    return [
        NewRefusal(project_id, worker_id, reason, tally.times, tally.first_at, tally.last_at)
        for (project_id, worker_id, reason), tally in tallies.items()
    ]
