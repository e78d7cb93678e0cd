"""Waiting for something that a real process does, with a bound."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

PAUSE_SECONDS = 0.02


async def wait_until(holds: Callable[[], Awaitable[bool]], *, timeout_seconds: float = 30) -> None:
    """Ask again and again until the answer is yes; the test fails when the time is over."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + timeout_seconds
    while not await holds():
        if loop.time() > deadline:
            pytest.fail(f"still not so after {timeout_seconds:g} s: {holds.__name__}")
        await asyncio.sleep(PAUSE_SECONDS)
