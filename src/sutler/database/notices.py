"""Waking those who watch: in this process at once, in other processes through PostgreSQL.

A notice is a subject such as `submission/815`, never the news itself: who hears it looks again. Notices may be lost
(a connection breaks) and are therefore never the only way to learn of something.
They do not travel with the transaction that caused them: `NOTIFY` takes a lock of the whole cluster at commit, which
would put all hot transactions in a row. The board gathers them and sends one statement per interval.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import json
import secrets
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from typing import Any

import structlog

CHANNEL = "sutler"
SEND_INTERVAL_SECONDS = 0.1
MAX_PAYLOAD_BYTES = 7900
"""PostgreSQL takes less than 8000 bytes in one notice."""

EVERYTHING = "*"
ENDING = "ending"
"""The subject for those who hold back an answer: this process is about to stop. It is never sent to other ones."""

log = structlog.get_logger(__name__)


class Follower:
    """One watcher: the subjects it follows and whether something happened since it looked last."""

    def __init__(self, subjects: frozenset[str]) -> None:
        self._subjects = subjects
        self._changed = asyncio.Event()

    def offer(self, subjects: set[str]) -> None:
        """Wake up if one of the subjects is followed here."""
        if EVERYTHING in subjects or EVERYTHING in self._subjects or not self._subjects.isdisjoint(subjects):
            self._changed.set()

    async def wait(self, timeout_seconds: float) -> bool:
        """Wait until something happened. True if so, False when the time is over. Bursts count once."""
        try:
            async with asyncio.timeout(timeout_seconds):
                await self._changed.wait()
        except TimeoutError:
            return False
        self._changed.clear()
        return True


class NoticeBoard:
    """Passes notices on to followers in this process and gathers them for the other processes."""

    def __init__(self) -> None:
        self.origin = secrets.token_hex(6)
        self._followers: set[Follower] = set()
        self._listeners: list[Callable[[set[str]], None]] = []
        self._unsent: set[str] = set()
        self._end = asyncio.Event()

    @property
    def is_ending(self) -> bool:
        """Whether this process is about to stop."""
        return self._end.is_set()

    def end_waiting(self) -> None:
        """Say that this process is about to stop: who follows `ENDING` wakes, and nobody should begin to wait."""
        self._end.set()
        for follower in self._followers:
            follower.offer({ENDING})

    async def pause(self, seconds: float) -> None:
        """Sleep, but not when this process is about to stop."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._end.wait()

    def post(self, subjects: Iterable[str]) -> None:
        """Tell followers here at once and keep the subjects for the next sending."""
        fresh = set(subjects)
        if fresh:
            self._unsent |= fresh
            self.deliver(fresh)

    def deliver(self, subjects: set[str]) -> None:
        """Wake the followers of this process and call its listeners."""
        for listener in self._listeners:
            listener(subjects)
        for follower in self._followers:
            follower.offer(subjects)

    @asynccontextmanager
    async def follow(self, *subjects: str) -> AsyncIterator[Follower]:
        """Follow subjects for as long as the context lasts."""
        follower = Follower(frozenset(subjects))
        self._followers.add(follower)
        try:
            yield follower
        finally:
            self._followers.discard(follower)

    def listen(self, listener: Callable[[set[str]], None]) -> Callable[[], None]:
        """Call a function with every set of subjects, for caches that forget what has changed. It must not wait.

        Returns what ends that.
        """
        self._listeners.append(listener)
        return functools.partial(self._listeners.remove, listener)

    def take_payload(self) -> str | None:
        """Return what is to be sent to other processes, and forget it. None if there is nothing."""
        if not self._unsent:
            return None
        payload = json.dumps([self.origin, sorted(self._unsent)])
        self._unsent.clear()
        return payload if len(payload) <= MAX_PAYLOAD_BYTES else json.dumps([self.origin, [EVERYTHING]])

    def receive(self, payload: str) -> None:
        """Deliver what another process sent; what came from here was delivered already."""
        origin, subjects = json.loads(payload)
        if origin != self.origin:
            self.deliver(set(subjects))


async def carry_notices(board: NoticeBoard, connection: Any) -> None:  # noqa: ANN401 - the driver has no types
    """Listen and send on one connection until it breaks or the task is cancelled; the caller closes it."""

    def hear(_connection: object, _pid: int, _channel: str, payload: object) -> None:
        board.receive(str(payload))

    await connection.add_listener(CHANNEL, hear)
    # The listener goes with the connection: saying so to a server that has died could take for ever.
    while not connection.is_closed():
        payload = board.take_payload()
        if payload is not None:
            await connection.execute("SELECT pg_notify($1, $2)", CHANNEL, payload)
        await asyncio.sleep(SEND_INTERVAL_SECONDS)
