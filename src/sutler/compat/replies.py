"""The replies that old clients understand: `text/json`, plain text, and streams of both kinds."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping

import msgspec
from starlette.responses import PlainTextResponse, Response, StreamingResponse

JSON = "text/json"
JSON_SEQUENCE = "application/json-seq"
SHORT_BYTES = 128 * 1024

encode = msgspec.json.encode


def reply_json(item: object) -> Response:
    """Reply with a JSON value. Clients decode it only when the media type begins with `text/json`."""
    return Response(encode(item), media_type=JSON)


def reply_text(text: str, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """Reply with a bare text."""
    return PlainTextResponse(text, status, headers={"X-Content-Type-Options": "nosniff", **(headers or {})})


async def reply_parts(parts: AsyncIterator[bytes], media_type: str = JSON) -> Response:
    """Reply with what comes in parts. Short ones are sent whole; of long ones the beginning is made before headers go.

    So whatever fails at first is answered with its own status; a later failure breaks the connection off.
    """
    beginning = bytearray()
    async for part in parts:
        beginning += part
        if len(beginning) >= SHORT_BYTES:
            return StreamingResponse(_join(bytes(beginning), parts), media_type=media_type)
    return Response(bytes(beginning), media_type=media_type)


async def join_runs(runs: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """Put commas between runs of encoded items; empty ones are left out."""
    comma = b""
    async for run in runs:
        if run:
            yield comma + run
            comma = b","


async def surround(head: bytes, parts: AsyncIterator[bytes], tail: bytes) -> AsyncIterator[bytes]:
    """Put something before and after all parts."""
    yield head
    async for part in parts:
        yield part
    yield tail


async def _join(beginning: bytes, rest: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    yield beginning
    async for part in rest:
        yield part
