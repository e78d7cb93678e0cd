"""Clients that ask for a stream and then stop reading it, or go away in the middle."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from urllib.parse import urlencode

import httpx
import pytest
from fastapi import FastAPI
from tests.doors.rest.conftest import Parts
from tests.doors.rest.test_bodies import listening

from sutler import catalog
from sutler.auth import SYSTEM
from sutler.client import AsyncClient
from sutler.wire.catalog import NewNamespace

FILES, CHARACTERS = 120, 250_000
"""Thirty megabytes: many times what the buffers between two ends of a connection hold."""
CLIENTS = 4
PATIENCE_SECONDS = 60

_BUSY = """
SELECT count(*) FROM pg_stat_activity
WHERE datname = current_database() AND backend_type = 'client backend' AND state <> 'idle' AND pid <> pg_backend_pid()
"""


@pytest.fixture
async def large(sutler: AsyncClient, parts: Parts) -> AsyncClient:
    """Files whose metadata are long."""
    await sutler.create_namespace(NewNamespace("local", "demo", "", "production"))
    for start in range(0, FILES, 30):
        files = [
            catalog.NewFile("demo", f"f{number}", 1, metadata={"demo.text": "x" * CHARACTERS})
            for number in range(start, start + 30)
        ]
        await catalog.declare_files(parts.db, SYSTEM, files=files)
    return sutler


async def wait_until(is_so: Callable[[], Awaitable[bool]]) -> None:
    """Look again until it is so."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not await is_so():  # noqa: ASYNC110 - the database tells nobody when it has become quiet
            await asyncio.sleep(0.02)


async def begin_reading(port: int, token: str | None, path: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """Ask for a stream and read its beginning."""
    place = socket.socket()
    place.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 16_384)
    place.setblocking(False)
    await asyncio.get_running_loop().sock_connect(place, ("127.0.0.1", port))
    reader, writer = await asyncio.open_connection(sock=place, limit=16_384)
    writer.write(f"GET /api/v1{path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n\r\n".encode())
    assert (await reader.readexactly(12)).endswith(b" 200")
    return reader, writer


@pytest.fixture
async def port(application: FastAPI) -> AsyncIterator[int]:
    """Where the application listens."""
    async with listening(application) as port:
        yield port


@pytest.mark.parametrize(
    "question",
    [
        {"q": "files"},
        {"q": "files", "with_provenance": "true"},
        {"q": "files where demo.text present"},
        {"q": "filter stride(1)(files)"},
    ],
    ids=lambda question: " ".join(question.values()),
)
async def test_streams_that_are_not_read_keep_no_connection_to_the_database(
    port: int, large: AsyncClient, parts: Parts, admin: httpx.AsyncClient, question: dict[str, str]
) -> None:
    async def is_at_rest() -> bool:
        async with parts.db.connection() as connection:
            return bool(await connection.fetchval(_BUSY) == 0)

    path = f"/files/stream?{urlencode(question)}"
    clients = [await begin_reading(port, large.token, path) for _ in range(CLIENTS)]
    await wait_until(is_at_rest)
    assert (await admin.get("/files", params={"q": "files limit 1"})).status_code == 200
    for _, writer in clients[1:]:
        writer.transport.abort()
    reader, writer = clients[0]
    async with asyncio.timeout(PATIENCE_SECONDS):
        size = 0
        while size < FILES * CHARACTERS:
            piece = await reader.read(1 << 20)
            assert piece, f"the stream ended after {size} bytes"
            size += len(piece)
    writer.transport.abort()
    await wait_until(is_at_rest)
    async with asyncio.timeout(PATIENCE_SECONDS):
        replies = await asyncio.gather(*(admin.get("/files", params={"q": "files limit 1"}) for _ in range(30)))
    assert {reply.status_code for reply in replies} == {200}
