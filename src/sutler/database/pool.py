"""The database as operations see it: `read()` and `write()` transactions, notices, and a clock."""

from __future__ import annotations

import asyncio
import contextlib
import copy
import functools
import random
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping
from contextlib import asynccontextmanager
from typing import Any, Concatenate, ParamSpec, TypeVar, cast

import asyncpg
import structlog

from sutler.base.clock import Clock, SystemClock
from sutler.base.errors import SutlerError
from sutler.database.errors import (
    DatabaseBusyError,
    DatabaseUnreachableError,
    ServerTooOldError,
)
from sutler.database.notices import NoticeBoard, carry_notices
from sutler.database.session import HOT_SETTINGS, SILENCE_SECONDS, Session
from sutler.database.transaction import Tx, decode_json, encode_json
from sutler.database.translation import translate_errors

OLDEST_SERVER = 15
REPLAY_LIMIT = 5
CLOSING_SECONDS = 5.0
SESSION_SETTINGS = {
    "application_name": "sutler",
    "statement_timeout": "60s",
    "lock_timeout": "15s",
    "idle_in_transaction_session_timeout": "60s",
    "timezone": "UTC",
    # Compiling statements costs more than the short ones here gain by it.
    "jit": "off",
}

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")
Note = Callable[[Tx], Coroutine[Any, Any, None]]
"""Writes something beside what a transaction did, before it is committed."""

log = structlog.get_logger(__name__)


class Database:
    """A pool of connections to one PostgreSQL database, its notice board and its clock."""

    def __init__(self, pool: Any, connect: Mapping[str, object], clock: Clock) -> None:  # noqa: ANN401 - untyped driver
        self._pool = pool
        self._connect = dict(connect)
        self.clock = clock
        self.notices = NoticeBoard()
        self._note: Note | None = None
        self._carrier = asyncio.create_task(self._carry_notices(), name="notices")

    @classmethod
    async def open(
        cls,
        connect: Mapping[str, object],
        *,
        size: int = 10,
        clock: Clock | None = None,
        settings: Mapping[str, str] | None = None,
    ) -> Database:
        """Connect. `connect` is what the driver takes: `{"dsn": …}` or host, user, password, database.

        `settings` are kept with each connection, where statements find them with `current_setting`.

        Raises DatabaseUnreachableError, ServerTooOldError.
        """
        try:
            pool = await asyncpg.create_pool(
                **connect,
                min_size=1,
                max_size=size,
                init=_prepare_connection,
                reset=_leave_as_it_is,
                server_settings={**SESSION_SETTINGS, **(settings or {})},
            )
        except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, ValueError) as error:
            raise DatabaseUnreachableError(f"The database does not answer: {error}", reason=str(error)) from error
        try:
            async with pool.acquire() as connection:
                check_version(connection)
        except ServerTooOldError:
            await pool.close()
            raise
        return cls(pool, connect, clock or SystemClock())

    async def close(self) -> None:
        """End the connections. Running transactions are given ten seconds, then dropped and so undone."""
        self._carrier.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._carrier
        try:
            await asyncio.wait_for(self._pool.close(), 10)
        except TimeoutError:
            self._pool.terminate()

    @asynccontextmanager
    async def write(self) -> AsyncIterator[Tx]:
        """A transaction that may change things: commits when the block ends, undone when it raises.

        Raises DatabaseUnreachableError, DatabaseBusyError, AlreadyExistsError, StillInUseError.
        """
        with translate_errors():
            async with self._acquire() as connection:
                async with connection.transaction():
                    tx = Tx(connection, self.clock.now())
                    yield tx
                    if self._note is not None:
                        await self._note(tx)
                self.notices.post(tx.notices)

    @asynccontextmanager
    async def rehearse(self) -> AsyncIterator[Tx]:
        """A transaction in which things are changed to see what comes of it, and which leaves nothing when it ends.

        Locks are held meanwhile, as by a real one; numbers that it drew are not used again. Raises as `write` does.
        """
        with translate_errors():
            async with self._acquire() as connection:
                transaction = connection.transaction()
                await transaction.start()
                try:
                    yield Tx(connection, self.clock.now())
                finally:
                    await transaction.rollback()

    def noting(self, note: Note) -> Database:
        """Return this database for somebody whose every `write()` ends with a note, in the same transaction."""
        noting = copy.copy(self)
        noting._note = note  # noqa: SLF001 - of the same class
        return noting

    @asynccontextmanager
    async def read(self) -> AsyncIterator[Tx]:
        """A read-only transaction on one snapshot, so that the numbers of a page agree with each other."""
        with translate_errors():
            async with (
                self._acquire() as connection,
                connection.transaction(isolation="repeatable_read", readonly=True),
            ):
                yield Tx(connection, self.clock.now())

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[Any]:
        """A bare connection outside any transaction, for locks of the session and for migrations."""
        with translate_errors():
            async with self._acquire() as connection:
                yield connection

    @asynccontextmanager
    async def lone_connection(self) -> AsyncIterator[Any]:
        """A connection beside the pool, for what is held for long: leadership and listening."""
        with translate_errors():
            connection = await self.connect_alone()
            try:
                yield connection
            finally:
                await close_alone(connection)

    def session(self) -> Session:
        """Return a connection for a task that does the same over and over; the task closes it."""
        connect = functools.partial(self.connect_alone, HOT_SETTINGS, command_timeout=SILENCE_SECONDS)
        return Session(connect, self.clock, self.notices)

    async def connect_alone(
        self, settings: Mapping[str, str] | None = None, *, command_timeout: float | None = None
    ) -> Any:  # noqa: ANN401 - untyped driver
        """Open a connection beside the pool, with settings of its own, which the caller closes."""
        try:
            connection = await asyncpg.connect(
                **self._connect,
                server_settings={**SESSION_SETTINGS, **(settings or {})},
                command_timeout=command_timeout,
            )
        except OSError as error:
            raise DatabaseUnreachableError(f"The database does not answer: {error}", reason=str(error)) from error
        try:
            await _prepare_connection(connection)
        except BaseException:
            connection.terminate()
            raise
        return connection

    @asynccontextmanager
    async def _acquire(self) -> AsyncIterator[Any]:
        try:
            connection = await self._pool.acquire(timeout=15)
        except TimeoutError:
            raise DatabaseBusyError from None
        except OSError as error:  # also a socket that is not there while the database starts again
            raise DatabaseUnreachableError(f"The database does not answer: {error}", reason=str(error)) from error
        try:
            yield connection
        finally:
            await self._pool.release(connection)

    async def _carry_notices(self) -> None:
        while True:
            try:
                async with self.lone_connection() as connection:
                    await carry_notices(self.notices, connection)
            except (OSError, SutlerError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
                log.warning("notices_interrupted", reason=str(error))
            await asyncio.sleep(1)


def replayable(
    operation: Callable[Concatenate[Database, Arguments], Coroutine[Any, Any, Result]],
) -> Callable[Concatenate[Database, Arguments], Coroutine[Any, Any, Result]]:
    """Run an operation again when PostgreSQL chose it as the victim of a deadlock or serialization conflict.

    Only for operations that do nothing but database work in one transaction: the whole operation is run again.
    """

    @functools.wraps(operation)
    async def replaying(db: Database, /, *args: Arguments.args, **kwargs: Arguments.kwargs) -> Result:
        for round_number in range(1, REPLAY_LIMIT):
            try:
                return await operation(db, *args, **kwargs)
            except (asyncpg.DeadlockDetectedError, asyncpg.SerializationError):
                await asyncio.sleep(random.uniform(0, 0.02 * 2**round_number))  # noqa: S311 - jitter, not a secret
        return await operation(db, *args, **kwargs)

    return cast("Callable[Concatenate[Database, Arguments], Coroutine[Any, Any, Result]]", replaying)


async def close_alone(connection: Any) -> None:  # noqa: ANN401 - untyped driver
    """End a connection beside the pool, whether there is still somebody at the other end or not."""
    try:
        await connection.close(timeout=CLOSING_SECONDS)
    except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        log.warning("connection_dropped", reason=str(error) or type(error).__name__)


async def _prepare_connection(connection: Any) -> None:  # noqa: ANN401 - untyped driver
    for kind in ("json", "jsonb"):
        await connection.set_type_codec(kind, schema="pg_catalog", encoder=encode_json, decoder=decode_json)


async def _leave_as_it_is(_connection: Any) -> None:  # noqa: ANN401 - untyped driver
    """Do nothing when a connection goes back: transactions are over by then, and what locks or listens does so on a
    connection of its own. The driver's own reset would be a round trip more for every transaction.
    """


def check_version(connection: Any) -> None:  # noqa: ANN401 - untyped driver
    """Raise ServerTooOldError unless the server is new enough."""
    major = connection.get_server_version().major
    if major < OLDEST_SERVER:
        raise ServerTooOldError(
            f"The PostgreSQL server is version {major}; Sutler needs {OLDEST_SERVER} or later. "
            "Point SUTLER_DATABASE_URL at a newer server.",
            found=major,
            needed=OLDEST_SERVER,
        )
