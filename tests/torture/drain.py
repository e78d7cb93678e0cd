"""One run: workers drain a project while everything below them is killed again and again."""

from __future__ import annotations

import asyncio
import random
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
from tests.torture.installation import Installation, Kill
from tests.torture.journal import Journal
from tests.torture.record import Record, find_violations, read_record
from tests.torture.worker import ANSWER_TIMEOUT_SECONDS, Crashed, Line, Worker

LATEST_KILL = 0.95


@dataclass(frozen=True)
class Plan:
    """How large and how rough a run is. Kills are spread over the files that are done, not over the time."""

    files: int
    workers: int
    kills: int
    seed: int
    worker_timeout_seconds: float = 6.0
    limit_seconds: float = 1800.0

    def list_kills(self) -> Iterator[tuple[int, Kill, random.Random]]:
        """Yield after how many files what is killed: each in its own part of the drain, at random within it."""
        rng = random.Random(f"{self.seed}/kills")
        kinds = [list(Kill)[number % len(Kill)] for number in range(self.kills)]
        rng.shuffle(kinds)
        for number, kind in enumerate(kinds):
            share = (number + rng.uniform(0, 0.5)) / self.kills
            yield int(share * LATEST_KILL * self.files), kind, rng


@dataclass
class Outcome:
    """How a run went."""

    plan: Plan
    journal: Journal
    kills: Counter[Kill]
    crashed_workers: int
    drain_seconds: float
    record: Record
    violations: list[str]


Tell = Callable[[str], None]


async def torture(plan: Plan, directory: Path, *, tell: Tell) -> Outcome:
    """Run a plan on a fresh installation in a directory. Whatever went wrong stands in the violations."""
    installation = Installation(directory)
    await asyncio.to_thread(installation.server.start)
    try:
        return await _Run(plan, installation, tell).torture()
    finally:
        await asyncio.to_thread(installation.server.stop)


class _Run:
    def __init__(self, plan: Plan, installation: Installation, tell: Tell) -> None:
        self._plan = plan
        self._installation = installation
        self._tell = tell
        self._journal = Journal()
        self._kills: Counter[Kill] = Counter()
        self._crashed_workers = 0
        self._began_at = time.monotonic()

    async def torture(self) -> Outcome:
        plan, installation = self._plan, self._installation
        token = await asyncio.to_thread(installation.server.create_token)
        project_id = await asyncio.to_thread(
            lambda: installation.create_project(
                token, files=plan.files, worker_timeout_seconds=plan.worker_timeout_seconds
            )
        )
        self._began_at = time.monotonic()
        await self._drain(project_id, token)
        took = time.monotonic() - self._began_at
        # What was acknowledged must outlive one more power cut.
        await self._strike(Kill.BOTH, delay_seconds=0)
        record = await read_record(installation.data_dir, project_id)
        violations = find_violations(record, self._journal, files=plan.files)
        wanted = plan.kills + 1
        if self._kills.total() < wanted:
            violations.append(f"only {self._kills.total()} of {wanted} kills happened")
        return Outcome(plan, self._journal, self._kills, self._crashed_workers, took, record, violations)

    async def _drain(self, project_id: int, token: str) -> None:
        async with httpx.AsyncClient(
            base_url=f"{self._installation.url}/api/v1/",
            headers={"Authorization": f"Bearer {token}"},
            timeout=ANSWER_TIMEOUT_SECONDS,
            limits=httpx.Limits(max_connections=2 * self._plan.workers),
        ) as http:
            line = Line(http, self._journal, project_id, self._plan.worker_timeout_seconds)
            try:
                async with asyncio.timeout(self._plan.limit_seconds), asyncio.TaskGroup() as group:
                    killing = group.create_task(self._kill())
                    slots = [group.create_task(self._fill_slot(line, slot)) for slot in range(self._plan.workers)]
                    await asyncio.wait(slots)
                    killing.cancel()
            except TimeoutError:
                done = len(self._journal.done_dids)
                sentence = f"after {self._plan.limit_seconds:.0f} s only {done} files were known to be done"
                self._journal.complaints.append(sentence)

    async def _fill_slot(self, line: Line, slot: int) -> None:
        """One worker after the other: for one that crashed the batch system starts another."""
        number = 0
        while True:
            rng = random.Random(f"{self._plan.seed}/{slot}/{number}")
            try:
                await Worker(line, f"worker-{slot:02}-{number}", rng).run()
            except Crashed:
                self._crashed_workers += 1
                number += 1
            else:
                return

    async def _kill(self) -> None:
        for threshold, kind, rng in self._plan.list_kills():
            await self._journal.wait_for_done(threshold)
            await asyncio.sleep(rng.uniform(0, 0.1))
            if self._installation.has_ended_by_itself:
                self._journal.complaints.append("the server ended by itself")
            await self._strike(kind, delay_seconds=rng.uniform(0.2, 2.0))

    async def _strike(self, kind: Kill, *, delay_seconds: float) -> None:
        await asyncio.to_thread(self._installation.strike, kind, delay_seconds=delay_seconds)
        self._kills[kind] += 1
        done, seconds = len(self._journal.done_dids), time.monotonic() - self._began_at
        self._tell(f"{seconds:6.1f} s: {self._kills.total():3d} kills, {done:6d} files done; killed last: {kind}")
