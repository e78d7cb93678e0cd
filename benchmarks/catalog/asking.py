"""Asking queries: one after the other, several clients at once, and all files in a stream."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from benchmarks.catalog.cases import POINT_QUERY, Case, Kind
from benchmarks.catalog.generator import FILES_PER_RUN
from benchmarks.catalog.http import Connection, Reply
from benchmarks.dispatching.installation import Installation

MOST_FILES = 100_000
SLOW_MS = 1000.0
FEWEST_CALLS = 3


@dataclass(frozen=True)
class Asked:
    """A query that was asked several times. Times are milliseconds for the complete reply."""

    case: Case
    rows: int
    calls: int
    p50_ms: float
    p95_ms: float


@dataclass(frozen=True)
class Streamed:
    """A stream of files; memory of the server in millions of bytes, before and at most."""

    what: str
    rows: int
    seconds: float
    first_ms: float
    before_mb: float
    most_mb: float

    @property
    def per_second(self) -> float:
        """Rows per second."""
        return self.rows / self.seconds


@dataclass(frozen=True)
class Crowd:
    """Clients that ask at the same time."""

    clients: int
    per_second: float
    p95_ms: float


async def ask(connection: Connection, case: Case, *, calls: int) -> Asked:
    """Ask a query once to warm up, then again and again; a slow one three times."""
    first = await _ask_once(connection, case)
    wanted = FEWEST_CALLS if first.total_ms > SLOW_MS else calls
    times = [(await _ask_once(connection, case)).total_ms for _ in range(wanted)]
    return Asked(case, _count_rows(case, first), wanted, median(times), quantile(times, 0.95))


async def ask_at_once(url: str, token: str, *, clients: int, seconds: float, files: int) -> Crowd:
    """Let clients ask for the files of one run in a dataset, each for another run each time."""
    until = time.perf_counter() + seconds
    runs = max(files // FILES_PER_RUN, 1)

    async def go_on(number: int) -> list[float]:
        times: list[float] = []
        async with Connection(url, token) as connection:
            while time.perf_counter() < until:
                query = POINT_QUERY.format(run=(number + clients * len(times) * 7919) % runs)
                times.append((await connection.get("/api/v1/files", q=query)).total_ms)
        return times

    began_at = time.perf_counter()
    times = [each for one in await asyncio.gather(*map(go_on, range(clients))) for each in one]
    return Crowd(clients, len(times) / (time.perf_counter() - began_at), quantile(times, 0.95))


async def stream(
    installation: Installation, connection: Connection, *, what: str, query: str, with_metadata: bool
) -> Streamed:
    """Read all files of a query over HTTP, one a line."""
    installation.begin_use()
    asked = {"q": query, "with_metadata": str(with_metadata).lower()}
    lines = await connection.read_lines("/api/v1/files/stream", **asked)
    used = installation.end_use()
    return Streamed(what, lines.count, lines.total_ms / 1000, lines.first_ms, used.first_mb, used.server_mb)


def quantile(times: Sequence[float], part: float) -> float:
    """Return the time that this part of all times does not exceed."""
    return sorted(times)[min(int(len(times) * part), len(times) - 1)]


async def _ask_once(connection: Connection, case: Case) -> Reply:
    if case.kind is Kind.COUNT:
        return await connection.get("/api/v1/files/count", q=case.query)
    with_metadata = str(case.kind is Kind.METADATA).lower()
    return await connection.get("/api/v1/files", q=case.query, limit=MOST_FILES, with_metadata=with_metadata)


def _count_rows(case: Case, reply: Reply) -> int:
    answer = json.loads(reply.body)
    return int(answer["count"]) if case.kind is Kind.COUNT else len(answer["items"])
