"""How to reach the embedded server: its socket, its role, its database."""

from __future__ import annotations

import os

import asyncpg

from sutler.database.embedded.cluster import ROLE, read_password, wrong_password
from sutler.database.embedded.directory import SOCKET_NAME, DataDirectory
from sutler.database.embedded.errors import disk_full
from sutler.database.embedded.postmaster import is_ready

DATABASE = "sutler"
PORT = 5432
LONGEST_SOCKET_PATH_BYTES = 107
NOT_YET = (
    OSError,
    asyncpg.CannotConnectNowError,
    asyncpg.ConnectionDoesNotExistError,
    asyncpg.TooManyConnectionsError,
)


class Address:
    """The way to the server of one data directory, for this process only: it may go through an open descriptor."""

    def __init__(self, directory: DataDirectory) -> None:
        self._directory = directory
        self._password: str | None = None
        self._short_way: int | None = None

    def arguments(self, database: str = DATABASE) -> dict[str, object]:
        """Return the keywords for asyncpg, good until `close`. Raises DatabasePasswordError."""
        if self._password is None:
            self._password = read_password(self._directory)
        return {
            "host": self._socket_directory(),
            "port": PORT,
            "user": ROLE,
            "password": self._password,
            "database": database,
        }

    async def answers(self) -> bool:
        """Return whether a session can be opened. Raises DatabasePasswordError."""
        if not is_ready(self._directory.cluster):
            return False
        try:
            connection = await asyncpg.connect(**self.arguments("postgres"))
        except NOT_YET:
            return False
        except asyncpg.InvalidPasswordError as error:
            raise wrong_password(self._directory) from error
        await connection.close()
        return True

    async def make_database(self) -> None:
        """Create the database if it is missing. Raises DatabaseDiskFullError."""
        connection = await asyncpg.connect(**self.arguments("postgres"))
        try:
            if await connection.fetchval("SELECT 1 FROM pg_database WHERE datname = $1", DATABASE) is None:
                await connection.execute(f"CREATE DATABASE {DATABASE}")
        except (asyncpg.DuplicateDatabaseError, asyncpg.UniqueViolationError):
            return
        except asyncpg.DiskFullError as error:
            raise disk_full(self._directory.root) from error
        finally:
            await connection.close()

    def close(self) -> None:
        """Forget the way. Sessions that are open stay open."""
        self._password = None
        if self._short_way is not None:
            os.close(self._short_way)
            self._short_way = None

    def _socket_directory(self) -> str:
        """Return a name of the socket's directory that is short enough for the operating system.

        A long one is replaced by the name of an open descriptor: nothing to clean up, and nothing in a shared
        directory that others could touch.
        """
        cluster = self._directory.cluster
        if len(os.fsencode(cluster / SOCKET_NAME)) <= LONGEST_SOCKET_PATH_BYTES:
            return str(cluster)
        if self._short_way is None:
            self._short_way = os.open(cluster, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        return f"/proc/self/fd/{self._short_way}"
