"""Doing pieces of work several at a time, so that a slow one does not hold up the others."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping

from sutler.loops.isolation import attempt


async def attempt_several(pieces: Mapping[str, Callable[[], Awaitable[object]]], *, at_once: int) -> int:
    """Do pieces of work, by what they are, and return how many of them did not fail; the others are logged.

    Passing trouble of the database or the network is raised, once every piece was tried.
    """
    gate = asyncio.Semaphore(at_once)

    async def attempt_one(what: str, piece: Callable[[], Awaitable[object]]) -> bool:
        async with gate:
            return await attempt(piece(), what=what)

    results = await asyncio.gather(
        *(attempt_one(what, piece) for what, piece in pieces.items()), return_exceptions=True
    )
    for result in results:
        if isinstance(result, BaseException):
            raise result
    return sum(result is True for result in results)
