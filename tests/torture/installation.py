"""A real installation that can be hurt: `sutler serve` on its embedded PostgreSQL, as durable as it is shipped."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable
from enum import StrEnum
from pathlib import Path

import psutil
from demo.server import DemoError, DemoServer, find_free_port

from sutler.client import Client
from sutler.wire.dispatch import NewHandle, NewProject

WAIT_SECONDS = 60.0
POLL_SECONDS = 0.02


class Kill(StrEnum):
    """What is killed with SIGKILL."""

    SERVER = "server"
    DATABASE = "database"
    SESSION = "session of the database"
    STARTING = "server, again at its start"
    BOTH = "server and database"


class Installation:
    """The server in its data directory."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self.server = DemoServer(directory, find_free_port(), environment={"SUTLER_ADMIN_PASSWORD": "correct horse"})

    @property
    def url(self) -> str:
        """Where it answers."""
        return self.server.url

    @property
    def data_dir(self) -> Path:
        """Where it keeps everything."""
        return self._directory

    @property
    def has_ended_by_itself(self) -> bool:
        """Whether the server is gone although nobody killed it."""
        return self.server.process is not None and self.server.process.poll() is not None

    def create_project(self, token: str, *, files: int, worker_timeout_seconds: float) -> int:
        """Make a virtual project and return its number."""
        handles = tuple(NewHandle("torture", f"file_{number:06}.root") for number in range(files))
        new = NewProject("local", handles, is_virtual=True, worker_timeout_seconds=worker_timeout_seconds)
        with Client(url=self.url, token=token) as client:
            return client.create_project(new).project_id

    def strike(self, kill: Kill, *, delay_seconds: float) -> None:
        """Kill, and start the server again where it is dead; a dead database it has to start by itself.

        `delay_seconds` is when a starting server is killed once more.
        """
        if kill in {Kill.DATABASE, Kill.BOTH}:
            os.kill(self._find_postmaster().pid, signal.SIGKILL)
        if kill is Kill.SESSION:
            self._kill_session()
        if kill in {Kill.SERVER, Kill.BOTH, Kill.STARTING}:
            self.server.kill()
            if kill is Kill.STARTING:
                self._kill_while_starting(delay_seconds)
            self.server.start()

    def _kill_while_starting(self, delay_seconds: float) -> None:
        killer = threading.Timer(delay_seconds, self.server.kill)
        killer.start()
        try:
            self.server.start()
        except DemoError:
            pass
        finally:
            killer.join()
        self.server.kill()

    def _kill_session(self) -> None:
        sessions = [child for child in self._find_postmaster().children() if "[local]" in " ".join(child.cmdline())]
        if not sessions:
            raise DemoError("The database has no session that could be killed.")
        sessions[-1].kill()

    def _find_postmaster(self) -> psutil.Process:
        """Return the database's first process, waiting for it while the server starts it again."""
        pid_file = self._directory / "postgres" / "postmaster.pid"
        return wait_for("a running database", lambda: _find_running(pid_file))


def _find_running(pid_file: Path) -> psutil.Process | None:
    try:
        process = psutil.Process(int(pid_file.read_text(encoding="utf-8").split()[0]))
        is_running = process.status() != psutil.STATUS_ZOMBIE and process.name() == "postgres"
    except (OSError, ValueError, IndexError, psutil.Error):
        return None
    return process if is_running else None


def wait_for(what: str, find: Callable[[], psutil.Process | None]) -> psutil.Process:
    """Return what is found, asking again and again. Raises DemoError when it takes too long."""
    deadline = time.monotonic() + WAIT_SECONDS
    while (found := find()) is None:
        if time.monotonic() > deadline:
            raise DemoError(f"Waited {WAIT_SECONDS:.0f} s for {what}.")
        time.sleep(POLL_SECONDS)
    return found
