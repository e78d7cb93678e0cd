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
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit
from uuid import uuid4

import asyncpg
import psutil

from sutler.auth import Principal, Role
from sutler.database import Database
from sutler.database.embedded import EmbeddedServer
from sutler.database.migrate import upgrade
from sutler.dispatch import (
    NewHandle,
    NewProject,
    NothingReady,
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
    """Create a project, drain it, print the speeds; return that of the last tenth over that of the first."""
    await upgrade(db)
    who = await make_person(db)
    new = NewProject(
        experiment_id=next(iter(who.roles)),
        handles=tuple(NewHandle("bench", f"file{number:07}.root") for number in range(handles)),
        is_virtual=True,
    )
    start = time.perf_counter()
    project = await create_project(db, who, project=new)
    print(f"{handles} handles created in {time.perf_counter() - start:.1f} s")
    ends: list[float] = []
    tenth = max(handles // 10, 2)
    spent = {0: read_processor_seconds()}
    start = time.perf_counter()

    def note_end() -> None:
        ends.append(time.perf_counter())
        if len(ends) in (tenth, handles - tenth, handles):
            spent[len(ends)] = read_processor_seconds()

    await asyncio.gather(*(drain(db, who, project.project_id, f"w{number}", note_end) for number in range(workers)))
    ended = await get_project(db, who, project_id=project.project_id)
    assert (ended.state, ended.done_count, len(ends)) == ("done", handles, handles), ended
    first = tenth / (ends[tenth - 1] - start)
    last = (tenth - 1) / (ends[-1] - ends[-tenth])
    print(f"{workers} workers: {handles / (ends[-1] - start):.0f} cycles/s over all")
    print(f"first 10 %: {first:.0f} cycles/s")
    print(f"last 10 %:  {last:.0f} cycles/s")
    cheap, dear = (spent[tenth] - spent[0]) / tenth, (spent[handles] - spent[handles - tenth]) / tenth
    print(f"processor time of a cycle, database included: {1000 * cheap:.2f} ms, at the end {1000 * dear:.2f} ms")
    return last / first


def read_processor_seconds() -> float:
    """Processor time of this process and, where the database is its child, of the database's sessions."""
    here = psutil.Process()
    times = [process.cpu_times() for process in (here, *here.children(recursive=True))]
    return sum(spent.user + spent.system for spent in times)


async def drain(db: Database, who: Principal, project_id: int, worker_id: str, note_end: Callable[[], None]) -> None:
    """Be one worker until the project is over; tell when each cycle ended."""
    while True:
        reply = await reserve_next(db, who, project_id=project_id, wish=Wish(worker_id, uuid4()))
        if not reply.leases:
            if reply.nothing is NothingReady.OVER:
                return
            await asyncio.sleep(0.01)
            continue
        done = Report(worker_id, (reply.leases[0].attempt_id,), Outcome.DONE)
        (answer,) = await report(db, who, report=done)
        assert answer.is_accepted, answer.why
        note_end()


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
