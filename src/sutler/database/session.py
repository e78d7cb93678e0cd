"""A connection kept by one task for what it does over and over, beside the pool."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any

from sutler.base.clock import Clock
from sutler.database.errors import DatabaseUnreachableError
from sutler.database.notices import NoticeBoard
from sutler.database.transaction import Tx
from sutler.database.translation import translate_errors

HOT_SETTINGS = {
    "plan_cache_mode": "force_generic_plan",
    "enable_seqscan": "off",
    "jit": "off",
    "lock_timeout": "500ms",
}
"""A plan may be made while the tables are empty and is kept while they grow: it must not read whole tables. And who
holds a row for long keeps everybody waiting who comes after: it is better to say soon that it is busy."""

SILENCE_SECONDS = 75.0
"""Longer than the server lets any statement run: then nobody is there any more."""


class Session:
    """One connection whose statements keep one plan for all parameters. Used by one task at a time.

    Planning the large statements of the hot path anew each time costs more than running them. The connection is opened
    when it is needed, again after it broke.
    """

    def __init__(self, connect: Callable[[], Awaitable[Any]], clock: Clock, notices: NoticeBoard) -> None:
        self._open = connect
        self._clock = clock
        self._notices = notices
        self._connection: Any = None

    @asynccontextmanager
    async def write(self) -> AsyncIterator[Tx]:
        """A transaction like that of `Database.write`."""
        with translate_errors(), self._dropped_in_silence():
            connection = await self._connect()
            async with connection.transaction():
                tx = Tx(connection, self._clock.now())
                yield tx
        self._notices.post(tx.notices)

    @contextmanager
    def _dropped_in_silence(self) -> Iterator[None]:
        """Give a connection up that does not answer any more."""
        try:
            yield
        except TimeoutError as error:
            connection, self._connection = self._connection, None
            if connection is not None:
                connection.terminate()
            raise DatabaseUnreachableError("The database does not answer.", reason="silence") from error

    async def close(self) -> None:
        """End the connection."""
        connection, self._connection = self._connection, None
        if connection is not None and not connection.is_closed():
            with contextlib.suppress(OSError, TimeoutError):
                await connection.close(timeout=5)

    async def _connect(self) -> Any:  # noqa: ANN401 - untyped driver
        if self._connection is None or self._connection.is_closed():
            self._connection = await self._open()
        return self._connection
