"""Replies of this protocol: JSON without a charset, which the clients compare whole, and streams of JSON objects."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable
from typing import TypeVar

from starlette.responses import Response

from sutler.compat.replies import JSON_SEQUENCE, encode, join_runs, reply_parts, surround
from sutler.compat.shapes import Shape

JSON = "application/json"

Item = TypeVar("Item")
Show = Callable[[Item], Shape]


def reply_json(item: object) -> Response:
    """Reply with a JSON value."""
    return Response(encode(item), media_type=JSON)


async def reply_list(batches: AsyncIterator[Iterable[Item]], show: Show[Item]) -> Response:
    """Reply with one JSON list, however long."""
    runs = join_runs(_encode_runs(batches, show))
    return await reply_parts(surround(b"[", runs, b"]"), JSON)


async def reply_stream(batches: AsyncIterator[Iterable[Item]], show: Show[Item]) -> Response:
    """Reply with JSON objects, one a line. The beginning is made first, so that what fails at once has its status."""
    return await reply_parts(_encode_lines(batches, show), JSON_SEQUENCE)


async def reply_lines(lines: AsyncIterator[bytes]) -> Response:
    """Reply with JSON objects that were written already, whole lines in each part."""
    return await reply_parts(lines, JSON_SEQUENCE)


async def _encode_runs(batches: AsyncIterator[Iterable[Item]], show: Show[Item]) -> AsyncIterator[bytes]:
    async for items in batches:
        yield encode([show(item) for item in items])[1:-1]


async def _encode_lines(batches: AsyncIterator[Iterable[Item]], show: Show[Item]) -> AsyncIterator[bytes]:
    async for items in batches:
        yield b"".join(encode(show(item)) + b"\n" for item in items)
