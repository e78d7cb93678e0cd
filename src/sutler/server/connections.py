"""Connections of the HTTP server that send an answer in one piece."""

from __future__ import annotations

import asyncio
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

LARGEST_HELD_BYTES = 64 * 1024


class JoinedWrites:
    """A transport that sends what is written in one turn of the event loop together.

    The server writes the head of an answer and its body one after the other. Sent one by one they are two calls of the
    system, two packets and two awakenings of the client: a sixth of what a short call takes. What is large is sent at
    once, so that a stream is held up by a slow reader as without this.
    """

    def __init__(self, transport: asyncio.Transport) -> None:
        self._transport = transport
        self._schedule = asyncio.get_running_loop().call_soon
        self._held: list[bytes] = []
        self._held_bytes = 0

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever a transport has
        """Everything else is as the transport has it."""
        return getattr(self._transport, name)

    def write(self, part: bytes) -> None:
        """Send this with what else is written in this turn."""
        if not self._held:
            self._schedule(self._send)
        self._held.append(part)
        self._held_bytes += len(part)
        if self._held_bytes > LARGEST_HELD_BYTES:
            self._send()

    def close(self) -> None:
        """Close the connection when everything is sent."""
        self._send()
        self._transport.close()

    def _send(self) -> None:
        if self._held:
            parts, self._held, self._held_bytes = self._held, [], 0
            self._transport.write(b"".join(parts))


class JoiningProtocol(HttpToolsProtocol):
    """The protocol of the server on such a transport."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as the base class has it
        """Begin a connection."""
        super().connection_made(JoinedWrites(transport))  # type: ignore[arg-type]  # it is one to all who use it
