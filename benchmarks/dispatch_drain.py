"""Drain one virtual project with several workers and compare the first tenth of the cycles with the last.

A cycle is one `reserve_next` and one `report`. Its cost must not grow as a project drains: the last tenth is to run
at no less than 0.8 of the speed of the first, else the exit code is 1. Takes the server that SUTLER_DATABASE_URL
names, in a database of its own, or starts the embedded one with full durability in a temporary folder.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import secrets
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit
from uuid import uuid4

import asyncpg

from sutler.auth import Principal, Role
from sutler.database import Database
from sutler.database.embedded import EmbeddedServer
from sutler.database.migrate import upgrade
from sutler.dispatch import (
    NewHandle,
    NewProject,
    Outcome,
    Report,
    Wish,
    create_project,
    get_project,
    report,
    reserve_next,
)

NEEDED_RATIO = 0.8


async def main() -> int:
    """Run the benchmark and return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--handles", type=int, default=100_000)
    parser.add_argument("--workers", type=int, default=8)
    parser.add_argument("--needed-ratio", type=float, default=NEEDED_RATIO, help="0 to measure without judging")
    given = parser.parse_args()
    async with fresh_database() as connect:
        db = await Database.open(connect, size=given.workers + 1)
        try:
            ratio = await measure(db, handles=given.handles, workers=given.workers)
        finally:
            await db.close()
    print(f"ratio:      {ratio:.2f} (needed: {given.needed_ratio})")
    return 0 if ratio >= given.needed_ratio else 1


async def measure(db: Database, *, handles: int, workers: int) -> float:
    """Create a project, drain it, print the speeds; return that of the last tenth over that of the first.

    Machines are never quiet for long. So in the first and the last tenth every cycle is followed by one on a small
    project that was just made, and what is compared is how much longer the cycles of the large one take than those.
    """
    await upgrade(db)
    who = await make_person(db)
    project_id = await make_project(db, who, "large", handles)
    tenth = max(handles // 10, 2)
    first, middle, last = Phase(tenth), Phase(handles - 2 * tenth), Phase(tenth)
    start = time.perf_counter()
    for phase, is_compared in ((first, True), (middle, False), (last, True)):
        control_id = await make_project(db, who, "small", tenth) if is_compared else None
        await asyncio.gather(
            *(
                work(db, who, f"w{number}", phase, project_id=project_id, control_id=control_id)
                for number in range(workers)
            )
        )
    took = time.perf_counter() - start
    ended = await get_project(db, who, project_id=project_id)
    assert (ended.state, ended.done_count) == ("done", handles), ended
    print(f"{workers} workers: {(handles + 2 * tenth) / took:.0f} cycles/s over all")
    for name, phase in (("first 10 %", first), ("last 10 %", last)):
        print(
            f"{name:11} {1000 * phase.large_seconds / tenth:6.2f} ms a cycle, on the small project beside it "
            f"{1000 * phase.small_seconds / tenth:6.2f} ms: {phase.slowness:.2f} times as long"
        )
    return first.slowness / last.slowness


@dataclass
class Phase:
    """So many cycles of the drain, and the seconds that all workers together waited for them."""

    left: int
    large_seconds: float = 0.0
    small_seconds: float = 0.0

    @property
    def slowness(self) -> float:
        """How much longer a cycle of the large project took than one of the small project."""
        return self.large_seconds / self.small_seconds


async def make_project(db: Database, who: Principal, name: str, handles: int) -> int:
    """Make a virtual project."""
    new = NewProject(
        experiment_id=next(iter(who.roles)),
        handles=tuple(NewHandle("bench", f"{name}{number:07}.root") for number in range(handles)),
        is_virtual=True,
    )
    start = time.perf_counter()
    created = await create_project(db, who, project=new)
    print(f"{handles} handles created in {time.perf_counter() - start:.1f} s")
    return created.project_id


async def work(
    db: Database, who: Principal, worker_id: str, phase: Phase, *, project_id: int, control_id: int | None
) -> None:
    """Be one worker for a phase."""
    while phase.left > 0:
        phase.left -= 1
        phase.large_seconds += await run_cycle(db, who, worker_id, project_id)
        if control_id is not None:
            phase.small_seconds += await run_cycle(db, who, worker_id, control_id)


async def run_cycle(db: Database, who: Principal, worker_id: str, project_id: int) -> float:
    """Take one handle and report it done; return the seconds."""
    start = time.perf_counter()
    reply = await reserve_next(db, who, project_id=project_id, wish=Wish(worker_id, uuid4()))
    done = Report(worker_id, (reply.leases[0].attempt_id,), Outcome.DONE)
    (answer,) = await report(db, who, report=done)
    assert answer.is_accepted, answer.why
    return time.perf_counter() - start


async def make_person(db: Database) -> Principal:
    """Make an experiment and somebody who may do anything in it."""
    async with db.connection() as connection:
        experiment_id = await connection.fetchval(
            "INSERT INTO auth.experiments (name, created_at) VALUES ('bench', now()) RETURNING id"
        )
        user_id = await connection.fetchval(
            "INSERT INTO auth.users (username, created_at) VALUES ('bench', now()) RETURNING id"
        )
    return Principal(
        user_id,
        "bench",
        "bench",
        is_admin=False,
        roles={experiment_id: Role.SUPERUSER},
        experiments={experiment_id: "bench"},
    )


@asynccontextmanager
async def fresh_database() -> AsyncIterator[Mapping[str, object]]:
    """Connection arguments of an empty database that goes away afterwards."""
    url = os.environ.get("SUTLER_DATABASE_URL")
    if url is None:
        with tempfile.TemporaryDirectory(prefix="sutler-bench-", ignore_cleanup_errors=True) as folder:
            async with EmbeddedServer(Path(folder)) as server:
                yield server.connect_arguments()
        return
    name = f"sutler_bench_{secrets.token_hex(4)}"
    connection = await asyncpg.connect(url)
    await connection.execute(f'CREATE DATABASE "{name}"')
    try:
        yield {"dsn": urlunsplit(urlsplit(url)._replace(path=f"/{name}"))}
    finally:
        await connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)')
        await connection.close()


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
