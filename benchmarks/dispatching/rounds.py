"""Rounds: a fresh project, the load or the yardstick upon it, and what that took."""

from __future__ import annotations

from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from pathlib import Path

import asyncpg
from benchmarks.dispatching.generator import Load, LoadFigures, run_load
from benchmarks.dispatching.installation import Files, Installation, Used
from benchmarks.dispatching.record import find_violations
from benchmarks.dispatching.yardstick import (
    APART,
    PLAIN,
    PgbenchFigures,
    Yardstick,
    check_cycles,
    find_location,
    make_tables,
)


@dataclass(frozen=True)
class Round:
    """One round of ours."""

    load: Load
    figures: LoadFigures
    used: Used
    journal: Path

    def read_journal(self) -> list[str]:
        """Return what workers were told is done: attempt ids, or names in the old protocol."""
        return self.journal.read_text(encoding="utf-8").split()


@dataclass(frozen=True)
class Beside:
    """One round of pgbench."""

    figures: PgbenchFigures
    used: Used

    @property
    def seconds(self) -> float:
        """How long the cycles took."""
        return self.figures.cycles / self.figures.per_second


class Bench:
    """Runs rounds one after the other on one installation, and remembers them."""

    def __init__(self, installation: Installation, program: Path, yardstick: Yardstick, journals: Path) -> None:
        self.installation = installation
        self.rounds: list[Round] = []
        self._program = program
        self._yardstick = yardstick
        self._journals = journals

    async def make_project(self, files: Files, handles: int) -> int:
        """Make a project of the first files and return its number."""
        return await self.installation.make_project(files, handles)

    async def run(self, load: Load, *, with_snapshot: bool = False) -> Round:
        """Run a load. With a snapshot, another connection has one open all the time, as a long report does."""
        installation, journal = self.installation, self._journals / f"project-{load.project_id}"
        await installation.settle()
        async with AsyncExitStack() as stack:
            if with_snapshot:
                await hold_snapshot(stack, installation.connect)
            installation.begin_use()
            figures = await run_load(
                self._program,
                load,
                port=installation.server.port,
                token=installation.token,
                journal=journal,
            )
            used = installation.end_use()
        done = Round(load, figures, used, journal)
        self.rounds.append(done)
        return done

    async def run_beside(self, load: Load, script: Path) -> Beside:
        """Run a script of pgbench on its own copy of the project's rows."""
        installation = self.installation
        await installation.settle()
        installation.begin_use()
        figures = await self._yardstick.run(
            script,
            project_id=load.project_id,
            location_id=await find_location(installation.db),
            handles=load.handles,
            clients=load.connections,
            seconds=load.seconds,
        )
        used = installation.end_use()
        await check_cycles(installation.db, figures)
        return Beside(figures, used)

    async def run_beside_scripts(self, load: Load, files: Files) -> tuple[Round, Beside, Beside]:
        """Run a load on a fresh project, and both scripts of pgbench on copies of another one."""
        project_id = await self.make_project(files, load.handles)
        ours, placed = await self.run_fresh(load, files), replace(load, project_id=project_id)
        await make_tables(self.installation.db, project_id=project_id)
        plain = await self.run_beside(placed, PLAIN)
        await make_tables(self.installation.db, project_id=project_id)
        return ours, plain, await self.run_beside(placed, APART)

    async def run_fresh(self, load: Load, files: Files, *, with_snapshot: bool = False) -> Round:
        """Run a load on a fresh project."""
        project_id = await self.make_project(files, load.handles)
        return await self.run(replace(load, project_id=project_id), with_snapshot=with_snapshot)

    async def list_violations(self) -> list[str]:
        """Compare what the workers were told in all rounds with what the database says now."""
        db, found = self.installation.db, []
        for done in self.rounds:
            found += await find_violations(db, done.load, done.figures, done.read_journal())
        return found


async def hold_snapshot(stack: AsyncExitStack, connect: dict[str, object]) -> None:
    """Open a transaction on a connection of its own and let it look at the database, for as long as the stack lasts."""
    connection = await asyncpg.connect(**connect)
    stack.push_async_callback(connection.close)
    await stack.enter_async_context(connection.transaction(isolation="repeatable_read", readonly=True))
    await connection.fetchval("SELECT count(*) FROM dispatch.projects")
