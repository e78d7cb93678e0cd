"""A client that takes little of the machine: one connection, one call after the other, HTTP/1.1."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from types import TracebackType
from typing import Self
from urllib.parse import urlencode, urlsplit

from benchmarks.dispatching.installation import RefusedError

OK = (200, 201)


@dataclass(frozen=True)
class Reply:
    """The body of a reply, the milliseconds until its first byte and until its last."""

    body: bytes
    first_ms: float
    total_ms: float


@dataclass(frozen=True)
class Lines:
    """How many lines a reply had, the milliseconds until its first part was read and until its last."""

    count: int
    first_ms: float
    total_ms: float


class Connection:
    """A connection to our API, kept open."""

    def __init__(self, url: str, token: str) -> None:
        self._address = urlsplit(url)
        self._headers = f"Host: {self._address.netloc}\r\nAuthorization: Bearer {token}\r\n"
        self._reader: asyncio.StreamReader
        self._writer: asyncio.StreamWriter

    async def __aenter__(self) -> Self:
        host, port = self._address.hostname, self._address.port
        self._reader, self._writer = await asyncio.open_connection(host, port, limit=2**24)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._writer.close()
        await self._writer.wait_closed()

    async def get(self, path: str, **asked: object) -> Reply:
        """Ask for something. Raises RefusedError for any reply but success."""
        return await self._call("GET", f"{path}?{urlencode(asked)}" if asked else path, b"")

    async def read_lines(self, path: str, **asked: object) -> Lines:
        """Ask for a stream and count its lines, of which none is kept. Raises RefusedError."""
        began_at = time.perf_counter()
        self._writer.write(f"GET {path}?{urlencode(asked)} HTTP/1.1\r\n{self._headers}\r\n".encode())
        head = (await self._reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
        count, first_ms = 0, 0.0
        async for part in self._read_parts(head):
            first_ms = first_ms or _milliseconds_since(began_at)
            count += part.count(b"\n")
        _check_status(head, f"GET {path}")
        return Lines(count, first_ms, _milliseconds_since(began_at))

    async def post(self, path: str, document: bytes) -> Reply:
        """Send a JSON document. Raises RefusedError for any reply but success."""
        return await self._call("POST", path, document)

    async def _call(self, method: str, path: str, document: bytes) -> Reply:
        length = f"Content-Type: application/json\r\nContent-Length: {len(document)}\r\n" if document else ""
        began_at = time.perf_counter()
        self._writer.write(f"{method} {path} HTTP/1.1\r\n{self._headers}{length}\r\n".encode() + document)
        head = (await self._reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
        first_ms = _milliseconds_since(began_at)
        body = b"".join([part async for part in self._read_parts(head)])
        _check_status(head, f"{method} {path[:200]}", body)
        return Reply(body, first_ms, _milliseconds_since(began_at))

    async def _read_parts(self, head: str) -> AsyncIterator[bytes]:
        headers = dict(line.split(": ", 1) for line in head.split("\r\n")[1:] if ": " in line)
        if "content-length" in headers:
            yield await self._reader.readexactly(int(headers["content-length"]))
            return
        while size := int((await self._reader.readline()).split(b";")[0], 16):
            yield await self._reader.readexactly(size)
            await self._reader.readexactly(2)
        await self._reader.readexactly(2)


def _check_status(head: str, what: str, body: bytes = b"") -> None:
    status = int(head.split(" ", 2)[1])
    if status not in OK:
        raise RefusedError(f"{what} was answered with {status}: {body[:500]!r}")


def _milliseconds_since(began_at: float) -> float:
    return (time.perf_counter() - began_at) * 1000
