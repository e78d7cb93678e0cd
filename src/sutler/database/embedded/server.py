"""The embedded database server as one object: start, stop, and how to connect."""

from __future__ import annotations

import asyncio
import time
from datetime import timedelta
from pathlib import Path
from types import TracebackType
from typing import Self

from sutler.database.embedded.account import Account, choose_account
from sutler.database.embedded.address import DATABASE, Address
from sutler.database.embedded.cluster import check_version, make_cluster, start_postgres
from sutler.database.embedded.directory import DataDirectory
from sutler.database.embedded.errors import (
    DatabaseStartTimeoutError,
    DatabaseStopTimeoutError,
    explain_failed_start,
    translate_file_errors,
)
from sutler.database.embedded.lock import FileLock
from sutler.database.embedded.postmaster import Postmaster, find_postmaster, forget_dead_server, quit_leftovers
from sutler.database.embedded.programs import Programs, find_programs

POLL_SECONDS = 0.05


class EmbeddedServer:
    """PostgreSQL running in a data directory for as long as somebody uses it.

    `start` runs it, or joins one that runs already: started by another process, or left behind by one that was
    killed. `stop` says that this process needs it no longer; the last one stops it. So a command can use the
    database beside a running server or alone, and neither takes it away from the other. Several instances, in one
    process or many, may do all this at the same time.

    Not durable means faster and only for tests: a crash of the machine may cost all data. It counts where this
    instance is the one that starts PostgreSQL.
    """

    def __init__(
        self,
        data_dir: Path,
        *,
        durable: bool = True,
        start_timeout: timedelta = timedelta(minutes=10),
        stop_timeout: timedelta = timedelta(minutes=1),
    ) -> None:
        """Nothing is touched before `start`. A start may take long: recovering from a crash is part of it."""
        self._directory = DataDirectory(data_dir.absolute())
        self._durable = durable
        self._start_timeout = start_timeout
        self._stop_timeout = stop_timeout
        self._address = Address(self._directory)
        self._use = FileLock(self._directory.users_lock)
        self._postmaster: Postmaster | None = None
        self._started_here = False
        self._log_start = 0
        self._ready = False

    @property
    def log_file(self) -> Path:
        """The file with what PostgreSQL says."""
        return self._directory.log_file

    @property
    def pid(self) -> int | None:
        """The process of the server, None while it is not started or where it cannot be seen from here."""
        return self._postmaster.pid if self._postmaster else None

    @property
    def is_running(self) -> bool:
        """Whether `start` succeeded and the server has not ended since. If it has, `start` may be called again."""
        return self._ready and not (self._postmaster and self._postmaster.has_ended)

    def connect_arguments(self, *, database: str = DATABASE) -> dict[str, object]:
        """Return the keywords for `asyncpg.connect` or `asyncpg.create_pool`, good in this process until `stop`."""
        if not self._ready:
            raise RuntimeError("the embedded database server is not started")
        return self._address.arguments(database)

    async def start(self) -> None:
        """Make the server run, with its database, and return when it answers.

        Raises DataDirectoryTooNewError, DataDirectoryNeedsUpgradeError, DataDirectoryNotWritableError,
        DataDirectoryOwnerError, DatabasePasswordError, DatabaseProgramsMissingError, DatabaseProgramsUnusableError,
        DatabaseDiskFullError, DatabaseStartError, DatabaseStartTimeoutError.
        """
        if self.is_running:
            return
        self._forget()
        deadline = time.monotonic() + self._start_timeout.total_seconds()
        self._directory.prepare()
        account = choose_account(self._directory.cluster)
        programs = await find_programs(account)
        check_version(self._directory, programs)
        try:
            await self._register(deadline)
            await self._run_or_join(programs, account, deadline)
            await self._address.make_database()
        except BaseException:
            await self.stop()
            raise
        self._ready = True

    async def stop(self) -> bool:
        """Leave the server, and stop it if nobody else uses it. Returns whether this has ended it.

        Open sessions are cut off. Raises DatabaseStopTimeoutError. Harmless when it is not started.
        """
        try:
            if not (self._use.is_held and self._use.try_exclusive()):
                return False
            # The one in the files first: another user may have started a new one in place of ours.
            postmaster = find_postmaster(self._directory.cluster) or self._postmaster
            if postmaster is None:
                return False
            if not await postmaster.stop(fast_timeout=self._stop_timeout):
                raise DatabaseStopTimeoutError(pid=postmaster.pid, directory=str(self._directory.root))
            return True
        finally:
            self._forget()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    async def _register(self, deadline: float) -> None:
        """Count as a user of the server; waits while the last user before us is stopping it."""
        while not self._use.try_shared():
            self._check_deadline(deadline)
            await asyncio.sleep(POLL_SECONDS)

    async def _run_or_join(self, programs: Programs, account: Account | None, deadline: float) -> None:
        """Return when the server answers.

        Whoever gets the running lock starts it. Nobody getting it means that a server is there, is being started
        by another process, or is on its way out; which one, shows with time.
        """
        while True:
            await self._start_if_free(programs, account)
            if await self._address.answers():
                break
            self._check_child()
            self._check_deadline(deadline)
            await asyncio.sleep(POLL_SECONDS)
        self._postmaster = self._postmaster or find_postmaster(self._directory.cluster)

    async def _start_if_free(self, programs: Programs, account: Account | None) -> None:
        if self._started_here:
            return
        lock = FileLock(self._directory.running_lock)
        if not lock.try_exclusive():
            if find_postmaster(self._directory.cluster) is None:
                quit_leftovers(self._directory.cluster)
            return
        try:
            if find_postmaster(self._directory.cluster) is None:
                forget_dead_server(self._directory.cluster)
            if not self._directory.has_cluster:
                await make_cluster(self._directory, programs, account, durable=self._durable, keep=lock.descriptor)
            self._log_start = self._directory.measure_log()
            child = start_postgres(self._directory, programs, account, durable=self._durable, keep=lock.descriptor)
            self._postmaster = Postmaster.of_child(child)
            self._started_here = True
        finally:
            lock.release()

    def _check_child(self) -> None:
        """Raise the reason if the server that we started has ended."""
        if self._started_here and self._postmaster and self._postmaster.has_ended:
            with translate_file_errors(self._directory.root), self.log_file.open("rb") as log:
                log.seek(self._log_start)
                said = log.read().decode(errors="replace")
            raise explain_failed_start(said, self._directory.root, self.log_file)

    def _check_deadline(self, deadline: float) -> None:
        if time.monotonic() < deadline:
            return
        seconds = round(self._start_timeout.total_seconds())
        raise DatabaseStartTimeoutError(
            f"The embedded database server in {self._directory.root} did not answer within {seconds} seconds. It may "
            f"run in another container, or be at work still: see {self.log_file}.",
            directory=str(self._directory.root),
            log_file=str(self.log_file),
        )

    def _forget(self) -> None:
        self._ready = False
        self._postmaster = None
        self._started_here = False
        self._use.release()
        self._address.close()
