"""The yardstick: pgbench on tables of the same shape and rows, in the same database, with nothing else to do."""

from __future__ import annotations

import math
import os
import re
import shutil
from dataclasses import dataclass
from pathlib import Path

import asyncpg
from benchmarks.dispatching.children import Ended, run_child

APART = Path(__file__).with_name("reserve_release_apart.pgbench.sql")
"""Each client has a stretch of the table to itself: its best case."""
PLAIN = Path(__file__).with_name("reserve_release_plain.pgbench.sql")
"""All clients begin at the first row, as workers of a queue do."""
TABLES = ("handles", "ready")
CONNECTING_SECONDS = 0.01
"""How long a client takes to connect, which pgbench takes off the time that it is given, not off its figures."""
CYCLES = re.compile(r"actually processed: (\d+)")
PER_SECOND = re.compile(r"tps = ([\d.]+)")
ABORTED = 2
"""The exit code of pgbench when clients ended before the time: here, because they found no row."""


class NoPgbenchError(Exception):
    """There is no pgbench."""

    def __init__(self) -> None:
        super().__init__("There is no pgbench beside the PostgreSQL programs nor on the PATH.")


class StrangeFiguresError(Exception):
    """Pgbench said nothing of use, or something else than the table says."""


@dataclass(frozen=True)
class PgbenchFigures:
    """What pgbench saw. A cycle is one script: a reserve and a release."""

    cycles: int
    per_second: float
    cpu_seconds: float


def find_pgbench(beside: Path) -> Path:
    """Return the program: beside those of the embedded PostgreSQL, of the system, or of the PATH.

    Raises NoPgbenchError.
    """
    of_system = sorted(Path("/usr/lib/postgresql").glob("*/bin/pgbench"), reverse=True)
    on_path = shutil.which("pgbench")
    found = next((path for path in (beside / "pgbench", *of_system) if path.exists()), on_path)
    if found is None:
        raise NoPgbenchError
    return Path(found)


async def make_tables(connection: asyncpg.Connection, *, project_id: int | None = None) -> None:
    """Make the schema `bench` anew: handles and ready rows like those of dispatch, with those of a project if given.

    Columns, constraints, indexes and fill factors are the same; foreign keys are not copied.
    """
    await connection.execute("DROP SCHEMA IF EXISTS bench CASCADE")
    await connection.execute("CREATE SCHEMA bench")
    for table in TABLES:
        options = await connection.fetchval(
            "SELECT array_to_string(reloptions, ', ') FROM pg_class WHERE oid = $1::text::regclass", f"dispatch.{table}"
        )
        await connection.execute(f"CREATE TABLE bench.{table} (LIKE dispatch.{table} INCLUDING ALL)")
        if options:
            await connection.execute(f"ALTER TABLE bench.{table} SET ({options})")
        if project_id is not None:
            await connection.execute(
                f"INSERT INTO bench.{table} SELECT * FROM dispatch.{table} WHERE project_id = $1 ORDER BY position",
                project_id,
            )


async def find_location(connection: asyncpg.Connection) -> int:
    """Return the one location that all ready rows have."""
    return int(await connection.fetchval("SELECT DISTINCT location_id FROM bench.ready"))


@dataclass(frozen=True)
class Yardstick:
    """How to run pgbench here: the program, and the keywords of a connection."""

    program: Path
    connect: dict[str, object]

    async def run(
        self, script: Path, *, project_id: int, location_id: int, handles: int, clients: int, seconds: float
    ) -> PgbenchFigures:
        """Reserve and release by a script for so long, or until nothing is left. Raises CalledProcessError."""
        variables = {
            "mine": -1,
            "project": project_id,
            "location": location_id,
            "handles": handles,
            "clients": clients,
        }
        command = [
            *(
                str(self.program),
                "-n",
                "-M",
                "prepared",
                "-f",
                str(script),
                "-T",
                str(math.ceil(seconds + clients * CONNECTING_SECONDS)),
            ),
            *("-c", str(clients), "-j", str(min(clients, os.cpu_count() or 1))),
            *(word for name, value in variables.items() for word in ("-D", f"{name}={value}")),
            *("-h", str(self.connect["host"]), "-p", str(self.connect["port"]), "-U", str(self.connect["user"])),
            str(self.connect["database"]),
        ]
        ended = await run_child(command, environment=self._make_environment(), accepted=(0, ABORTED))
        return _read_figures(ended)

    def _make_environment(self) -> dict[str, str]:
        # Its statements are the same every time: planning them for each value would only slow it down.
        options = "-c plan_cache_mode=force_generic_plan"
        return {**os.environ, "PGPASSWORD": str(self.connect["password"]), "PGOPTIONS": options}


async def check_cycles(connection: asyncpg.Connection, figures: PgbenchFigures) -> None:
    """Compare the table with what pgbench said. Raises StrangeFiguresError."""
    done = await connection.fetchval("SELECT count(*) FROM bench.handles WHERE state = 'done'")
    if done != figures.cycles:
        raise StrangeFiguresError(f"pgbench says {figures.cycles} cycles, and {done} handles are done in its table.")


def _read_figures(ended: Ended) -> PgbenchFigures:
    cycles, per_second = (re.search(words, ended.said) for words in (CYCLES, PER_SECOND))
    if cycles is None or per_second is None:
        raise StrangeFiguresError(f"pgbench did nothing: {ended.complaint}")
    return PgbenchFigures(int(cycles[1]), float(per_second[1]), ended.cpu_seconds)
