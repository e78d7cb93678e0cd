"""The PostgreSQL server under the tests: the embedded one, or whatever SUTLER_DATABASE_URL names."""

from __future__ import annotations

import os
import tempfile
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import asyncpg


@dataclass(frozen=True)
class ServerUnderTest:
    """How to connect to one database of the server."""

    connect: Mapping[str, object]
    url: str | None = None

    @asynccontextmanager
    async def new_database(self, name: str, template: str | None = None) -> AsyncIterator[ServerUnderTest]:
        """Make a database for as long as the context lasts."""
        connection = await asyncpg.connect(**self.connect)
        await connection.execute(f'CREATE DATABASE "{name}"' + (f' TEMPLATE "{template}"' if template else ""))
        try:
            yield self._with_database(name)
        finally:
            await connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
            await connection.close()

    def _with_database(self, name: str) -> ServerUnderTest:
        if self.url is None:
            return ServerUnderTest({**self.connect, "database": name})
        url = urlunsplit(urlsplit(self.url)._replace(path=f"/{name}"))
        return ServerUnderTest({"dsn": url}, url)


@asynccontextmanager
async def start_server() -> AsyncIterator[ServerUnderTest]:
    """Use the server that is named in the environment, or start the embedded one with durability off."""
    url = os.environ.get("SUTLER_DATABASE_URL")
    if url:
        yield ServerUnderTest({"dsn": url}, url)
        return
    from sutler.database.embedded import EmbeddedServer

    with tempfile.TemporaryDirectory(prefix="sutler-test-", ignore_cleanup_errors=True) as folder:
        async with EmbeddedServer(Path(folder), durable=False) as server:
            yield ServerUnderTest(server.connect_arguments())
