"""The catalogue with many files: `python -m benchmarks.catalog_queries`.

The server as shipped and its embedded PostgreSQL, as durable as shipped. The tables are filled by COPY; then four keys
get an index, as an administrator would ask for it. Queries are asked over HTTP on one connection, each once to warm up
and then again and again; times are milliseconds for the complete reply. Streams are read over HTTP, once each. At last
files are declared over HTTP, one call after the other, with all indexes.

With --profile narrow files have 16 parameters, with wide 30; declarations are measured with both.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
import time
from pathlib import Path

import asyncpg
from benchmarks.catalog import report
from benchmarks.catalog.asking import Asked, Crowd, Streamed, ask, ask_at_once, stream
from benchmarks.catalog.cases import CASES, INDEXED_KEYS
from benchmarks.catalog.declaring import Declared, declare
from benchmarks.catalog.generator import Profile
from benchmarks.catalog.http import Connection
from benchmarks.catalog.loading import NAMESPACE, load
from benchmarks.dispatching.children import run_until_signal
from benchmarks.dispatching.installation import EXPERIMENT, Installation, RefusedError, open_installation
from benchmarks.dispatching.report import Aim, format_aims, format_table
from demo.server import DemoError

from sutler import catalog
from sutler.auth import Principal
from sutler.client import ClientError
from sutler.database import Database

ADMINISTRATOR = Principal(1, "bench", "bench", is_admin=True, roles={}, experiments={})
CLIENTS = 4
STREAMS = (
    ("all files", "files", False),
    ("all files with metadata", "files", True),
    ("files of a dataset", "files from bench:d0", False),
    ("children of a dataset", "children(files from bench:d8)", False),
    ("parents of a dataset", "parents(files from bench:d9)", False),
)
OWN_SCAN = "SELECT id FROM catalog.files WHERE name ~ 'f_00000000[0-9]'"
SIZES = """
SELECT relation.relname, relation.relkind, pg_relation_size(relation.oid) AS bytes
FROM pg_class AS relation
WHERE relation.relnamespace = 'catalog'::regnamespace AND relation.relkind IN ('r', 'i')
ORDER BY bytes DESC LIMIT 14
"""


def main() -> int:
    """Run everything and print the tables. Returns the exit code."""
    given = read_arguments()
    try:
        with tempfile.TemporaryDirectory(prefix="sutler-bench-", ignore_cleanup_errors=True) as folder:
            run_until_signal(measure(given, Path(folder)))
    except (DemoError, ClientError, RefusedError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def read_arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.catalog_queries",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--files", type=int, default=100_000, help="files in the catalogue (default: 100000)")
    parser.add_argument("--profile", type=Profile, choices=list(Profile), default=Profile.NARROW)
    parser.add_argument("--calls", type=int, default=20, help="calls of each query (default: 20; slow ones 3)")
    parser.add_argument("--seconds", type=float, default=5, help="how long several clients ask (default: 5)")
    parser.add_argument("--declared", type=int, default=20, help="calls of 1000 files declared (default: 20)")
    return parser.parse_args()


async def measure(given: argparse.Namespace, directory: Path) -> None:
    """Measure in a directory and print. Raises DemoError, RefusedError."""
    async with open_installation(directory) as installation:
        await fill(installation, given)
        db = await Database.open(installation.connect, size=4)
        try:
            run = Run(installation, db, given)
            await run.index_keys()
            await run.ask_queries()
            await run.stream_files()
            await run.declare_files()
            await run.print_tables()
        finally:
            await db.close()


async def fill(installation: Installation, given: argparse.Namespace) -> None:
    """Fill the tables."""
    began_at = time.perf_counter()
    connection = await asyncpg.connect(**installation.connect)
    try:
        experiment_id = await connection.fetchval("SELECT id FROM auth.experiments WHERE name = $1", EXPERIMENT)
        await load(connection, experiment_id=experiment_id, files=given.files, profile=given.profile)
    finally:
        await connection.close()
    tell(f"{given.files:,} files copied in {time.perf_counter() - began_at:.0f} s")


class Run:
    """All that is measured in one run."""

    def __init__(self, installation: Installation, db: Database, given: argparse.Namespace) -> None:
        self._installation = installation
        self._db = db
        self._given = given
        self._asked: list[Asked] = []
        self._crowd: Crowd | None = None
        self._streamed: list[Streamed] = []
        self._declared: list[tuple[str, Declared]] = []
        self._own_scan_ms = 0.0
        self._indexed_in = 0.0
        self._peak_mb = 0.0

    async def index_keys(self) -> None:
        """Ask for the indexes and wait until the server has built them."""
        began_at = time.perf_counter()
        for key, kind in INDEXED_KEYS:
            await catalog.index_key(self._db, ADMINISTRATOR, key=key, kind=catalog.KeyKind(kind))
        while await self._count_unready():  # noqa: ASYNC110 - the loop that is waited for runs in another process
            await asyncio.sleep(0.5)
        self._indexed_in = time.perf_counter() - began_at
        tell(f"{len(INDEXED_KEYS)} keys indexed in {self._indexed_in:.0f} s")

    async def ask_queries(self) -> None:
        """Each query on one connection, then the point query by several clients at once."""
        await catalog.save_query(
            self._db, ADMINISTRATOR, namespace=NAMESPACE, name="run_42", source="files where core.run_number = 42"
        )
        self._installation.begin_use()
        url, token = self._installation.server.url, self._installation.token
        async with Connection(url, token) as connection:
            for case in CASES:
                asked = await ask(connection, case, calls=self._given.calls)
                tell(f"{case.name}: {asked.rows:,} rows, p50 {asked.p50_ms:.1f} ms, p95 {asked.p95_ms:.1f} ms")
                self._asked.append(asked)
        self._crowd = await ask_at_once(
            url, token, clients=CLIENTS, seconds=self._given.seconds, files=self._given.files
        )
        self._peak_mb = self._installation.end_use().server_mb
        self._own_scan_ms = await self._scan_names()

    async def stream_files(self) -> None:
        """All files, those of a dataset, and their relatives."""
        async with Connection(self._installation.server.url, self._installation.token) as connection:
            for what, query, with_metadata in STREAMS:
                done = await stream(self._installation, connection, what=what, query=query, with_metadata=with_metadata)
                tell(f"{what}: {done.rows:,} rows, {done.per_second:,.0f} a second, first after {done.first_ms:.0f} ms")
                self._streamed.append(done)

    async def declare_files(self) -> None:
        """Calls of 1000 with 16 and with 30 parameters, and of one file."""
        first = self._given.files
        calls = self._given.declared
        async with Connection(self._installation.server.url, self._installation.token) as connection:
            for what, size, count, profile in (
                ("16 parameters", 1000, calls, Profile.NARROW),
                ("30 parameters", 1000, calls, Profile.WIDE),
                ("16 parameters", 1, calls * 20, Profile.NARROW),
            ):
                done = await declare(
                    self._installation, connection, first=first, files_per_call=size, calls=count, profile=profile
                )
                first += size * count
                tell(f"{what}, {size} a call: {done.per_second:,.0f} files a second")
                self._declared.append((what, done))

    async def print_tables(self) -> None:
        """Print what was measured and how it compares with what is wanted."""
        rows = await self._installation.db.fetch(SIZES)
        sizes = ([row["relname"], f"{row['bytes'] / 1e6:,.0f}"] for row in rows)
        parts = [
            f"{self._given.files:,} files of the profile {self._given.profile}; queries over HTTP on one connection.",
            report.format_asked(self._asked),
            self._tell_others(),
            report.format_streams(self._streamed),
            report.format_declared(self._declared),
            format_table(["table or index", "MB"], sizes),
            format_aims(self._list_aims()),
        ]
        print("\n" + "\n\n".join(parts))

    def _tell_others(self) -> str:
        assert self._crowd is not None
        return (
            f"{self._crowd.clients} clients at once: {self._crowd.per_second:,.0f} point queries a second, "
            f"p95 {self._crowd.p95_ms:.1f} ms. Most memory of the server: {self._peak_mb:.0f} MB. "
            f"PostgreSQL's own scan of the names: {self._own_scan_ms:.0f} ms. "
            f"{len(INDEXED_KEYS)} keys indexed in {self._indexed_in:.0f} s."
        )

    async def _count_unready(self) -> int:
        keys = await catalog.list_indexed_keys(self._db, ADMINISTRATOR)
        return sum(key.state is not catalog.KeyIndexState.READY for key in keys)

    async def _scan_names(self) -> float:
        times = []
        for _ in range(3):
            began_at = time.perf_counter()
            await self._installation.db.fetch(OWN_SCAN)
            times.append((time.perf_counter() - began_at) * 1000)
        return min(times)

    def _list_aims(self) -> list[Aim]:
        streams = {one.what: one for one in self._streamed}
        everything, with_metadata, members, children, parents = (streams[what] for what, _, _ in STREAMS)
        unanchored = next(one for one in self._asked if one.case.name == "regexp_name_all")
        narrow, _, single = (done for _, done in self._declared)
        assert self._crowd is not None
        return [
            *report.list_query_aims(self._asked),
            Aim("unanchored pattern over PostgreSQL's own scan", "≤", 1.2, unanchored.p50_ms / self._own_scan_ms),
            Aim("streamed without metadata: rows/s", "≥", 100_000, everything.per_second),
            Aim("streamed with metadata: rows/s", "≥", 50_000, with_metadata.per_second),
            Aim("streamed: first rows after, ms", "<", 50, max(everything.first_ms, with_metadata.first_ms)),
            Aim("files of a dataset: rows/s", "≥", 100_000, members.per_second),
            Aim("children of a dataset: rows/s", "≥", 100_000, children.per_second),
            Aim("parents of a dataset: rows/s", "≥", 100_000, parents.per_second),
            Aim("declared 1000 a call, 16 parameters: files/s", "≥", 10_000, narrow.per_second),
            Aim("declared one a call: files/s", "≥", 300, single.per_second),
            Aim("4 clients: point queries/s", "≥", 500, self._crowd.per_second),
        ]


def tell(what: str) -> None:
    """Print a line of progress."""
    print(f"{time.strftime('%H:%M:%S')}  {what}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
