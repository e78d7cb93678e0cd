"""An installation to measure: the server as shipped, on its embedded PostgreSQL with default durability."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import asyncpg
import httpx
from benchmarks.dispatching import usage
from demo.server import DemoServer, find_free_port

from sutler.client import AsyncClient, ClientError
from sutler.database.embedded import EmbeddedServer
from sutler.wire.replicas import NewReplica, NewRse

EXPERIMENT = "local"
USERNAME = "admin"
PASSWORD = "correct horse battery"
MOST_CONNECTIONS = 400
"""Of the database, so that pgbench can have its own: 100 as shipped, which is enough for the server."""
REPLICAS_PER_CALL = 5_000
LINES_PER_PART = 1000
LAST_LINES = 40
ANSWER_TIMEOUT_SECONDS = 600.0


class RefusedError(Exception):
    """The server did not do what it was asked for."""


@dataclass(frozen=True)
class Files:
    """Files that projects are made of. File number n has its one copy at `rses[n % len(rses)]`."""

    namespace: str
    rses: tuple[str, ...]
    sites: tuple[str, ...] = ()

    def name(self, number: int) -> str:
        """Return the name of a file."""
        return f"file_{number:07}.root"

    async def encode_lines(self, count: int) -> AsyncIterator[bytes]:
        """Yield a project of the first files as documents, one a line."""
        yield json.dumps({"experiment": EXPERIMENT}).encode() + b"\n"
        for first in range(0, count, LINES_PER_PART):
            numbers = range(first, min(first + LINES_PER_PART, count))
            lines = (f'{{"namespace":"{self.namespace}","name":"{self.name(number)}"}}\n' for number in numbers)
            yield "".join(lines).encode()


@dataclass(frozen=True)
class Used:
    """What a part of a run took: seconds of processor, and the server's memory in millions of bytes, first and most."""

    server_seconds: float
    database_seconds: float
    first_mb: float
    server_mb: float


class Installation:
    """A server that runs, its database, and somebody who may do anything there."""

    def __init__(
        self, server: DemoServer, embedded: EmbeddedServer, db: asyncpg.Connection, client: AsyncClient
    ) -> None:
        self.server = server
        self.embedded = embedded
        self.db = db
        self.client = client
        self._begun = Used(0, 0, 0, 0)

    @property
    def token(self) -> str:
        """The token of a session."""
        assert self.client.token is not None
        return self.client.token

    @property
    def connect(self) -> dict[str, object]:
        """The keywords for a connection to the database."""
        return self.embedded.connect_arguments()

    async def place(self, files: Files, count: int) -> None:
        """Make the storage elements and record a copy of each file.

        With sites, each of them is near one storage element and far from the others.
        """
        for rse in files.rses:
            await self.client.create_rse(NewRse(EXPERIMENT, rse, url_prefix=f"root://{rse}.example.org/"))
        if files.sites:
            near = zip(files.sites, files.rses, strict=True)
            lines = [*(f"{site},{rse},1" for site, rse in near), "DEFAULT,DEFAULT,100"]
            await self.client.set_proximity(EXPERIMENT, "\n".join(lines))
        for first in range(0, count, REPLICAS_PER_CALL):
            copies = [make_replica(files, number) for number in range(first, min(first + REPLICAS_PER_CALL, count))]
            await self.client.add_replicas(EXPERIMENT, copies)

    async def make_project(self, files: Files, count: int) -> int:
        """Make a project of the first files, sent as lines, and return its number. Raises RefusedError."""
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/x-ndjson"}
        async with httpx.AsyncClient(base_url=self.server.url, timeout=ANSWER_TIMEOUT_SECONDS) as http:
            reply = await http.post("/api/v1/projects", content=files.encode_lines(count), headers=headers)
        if reply.status_code != httpx.codes.CREATED:
            raise RefusedError(f"No project was made ({reply.status_code}): {reply.text}")
        return int(reply.json()["project_id"])

    async def settle(self) -> None:
        """Clear away what was left by what ran before, so that it is not paid for by what comes now.

        That a loop has followed the copies that were recorded, too.
        """
        while await self.db.fetchval("SELECT EXISTS (SELECT FROM replicas.changes)"):  # noqa: ASYNC110 - the loop that is waited for runs in another process
            await asyncio.sleep(0.2)
        await self.db.execute("VACUUM (ANALYZE)")
        await self.db.execute("CHECKPOINT")

    def begin_use(self) -> None:
        """Begin to count what the processes take."""
        usage.forget_peak(self._server_pid)
        self._begun = self._read_use()

    def end_use(self) -> Used:
        """Return what the processes took since."""
        ended, begun = self._read_use(), self._begun
        return Used(
            server_seconds=ended.server_seconds - begun.server_seconds,
            database_seconds=ended.database_seconds - begun.database_seconds,
            first_mb=begun.server_mb,
            server_mb=ended.server_mb,
        )

    @property
    def _server_pid(self) -> int:
        assert self.server.process is not None
        return self.server.process.pid

    def _read_use(self) -> Used:
        assert self.embedded.pid is not None
        peak_mb = usage.read_peak_mb(self._server_pid)
        return Used(
            server_seconds=usage.read_cpu_seconds(self._server_pid),
            database_seconds=usage.read_cpu_seconds(self.embedded.pid),
            first_mb=peak_mb,
            server_mb=peak_mb,
        )


def make_replica(files: Files, number: int) -> NewReplica:
    """Return the copy of a file."""
    rse, name = files.rses[number % len(files.rses)], files.name(number)
    return NewReplica(f"{files.namespace}:{name}", rse, f"root://{rse}.example.org/{files.namespace}/{name}")


@asynccontextmanager
async def open_installation(directory: Path) -> AsyncIterator[Installation]:
    """Make an installation in a directory, and end its processes at last.

    The database is started from here, by the product's own launcher, and the server joins it: so each has a tree of
    processes of its own. Raises DemoError with what the server said when it does not start.
    """
    # It is measured on its own database, whatever the tests around it run on.
    os.environ.pop("SUTLER_DATABASE_URL", None)
    async with EmbeddedServer(directory) as first:
        connection = await asyncpg.connect(**first.connect_arguments())
        await connection.execute(f"ALTER SYSTEM SET max_connections = {MOST_CONNECTIONS}")
        await connection.close()
    async with EmbeddedServer(directory) as embedded:
        server = DemoServer(directory, find_free_port(), environment={"SUTLER_ADMIN_PASSWORD": PASSWORD})
        try:
            await asyncio.to_thread(server.start)
            async with AsyncClient(server.url, token="", timeout_seconds=ANSWER_TIMEOUT_SECONDS) as client:
                await client.sign_in(USERNAME, PASSWORD)
                db = await asyncpg.connect(**embedded.connect_arguments())
                try:
                    yield Installation(server, embedded, db, client)
                except (ClientError, RefusedError):
                    print(_read_last_lines(server.log_file), file=sys.stderr)
                    raise
                finally:
                    await db.close()
        finally:
            await asyncio.to_thread(server.stop)


def _read_last_lines(log: Path) -> str:
    """Return the end of a log, which is gone with the installation."""
    return "\n".join(log.read_text(encoding="utf-8", errors="replace").splitlines()[-LAST_LINES:])
