"""The running PostgreSQL server of a cluster, whether our own child or left behind by a process that was killed."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import threading
import time
from datetime import timedelta
from pathlib import Path

import psutil

POLL_SECONDS = 0.02
STATUS_LINE = 7


class Postmaster:
    """PostgreSQL's first process."""

    def __init__(self, process: psutil.Process, child: subprocess.Popen[bytes] | None = None) -> None:
        """`child` is the same process where we are its parent; it is reaped as soon as it ends."""
        self._process = process
        self._child = child
        if child is not None:
            threading.Thread(target=child.wait, name=f"reap-postgres-{child.pid}", daemon=True).start()

    @classmethod
    def of_child(cls, child: subprocess.Popen[bytes]) -> Postmaster:
        """Take charge of a server that we have just started."""
        return cls(psutil.Process(child.pid), child)

    @property
    def pid(self) -> int:
        """The number of the process."""
        return self._process.pid

    @property
    def has_ended(self) -> bool:
        """Whether the process is gone. Its number may belong to somebody else by now: that does not matter."""
        if self._child is not None:
            return self._child.returncode is not None
        try:
            return not self._process.is_running() or self._process.status() == psutil.STATUS_ZOMBIE
        except psutil.NoSuchProcess:
            return True

    async def stop(self, *, fast_timeout: timedelta) -> bool:
        """End the server and return whether it has ended.

        First fast: sessions are cut off and the data written out. After `fast_timeout` at once: the next start
        has to recover, which loses nothing that was committed; this gets as long again.
        """
        for way in (signal.SIGINT, signal.SIGQUIT):
            self._signal(way)
            if await self._wait(fast_timeout):
                return True
        return False

    def _signal(self, way: signal.Signals) -> None:
        try:
            self._process.send_signal(way)
        except psutil.NoSuchProcess:
            return

    async def _wait(self, limit: timedelta) -> bool:
        deadline = time.monotonic() + limit.total_seconds()
        while not self.has_ended:
            if time.monotonic() >= deadline:
                return False
            await asyncio.sleep(POLL_SECONDS)
        return True


def find_postmaster(cluster: Path) -> Postmaster | None:
    """Return the server that runs on this cluster, or None.

    The number in `postmaster.pid` alone proves nothing: it may be left over and belong to another process.
    """
    try:
        pid = int((cluster / "postmaster.pid").read_text(encoding="utf-8", errors="replace").split("\n", 1)[0])
        process = psutil.Process(pid)
    except (OSError, ValueError, psutil.NoSuchProcess):
        return None
    return Postmaster(process) if _works_in(process, cluster) else None


def is_ready(cluster: Path) -> bool:
    """Whether the server says of itself that it takes sessions. Asking it too early fills its log."""
    try:
        lines = (cluster / "postmaster.pid").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return False
    return len(lines) > STATUS_LINE and lines[STATUS_LINE].strip() == "ready"


def quit_leftovers(cluster: Path) -> None:
    """End sessions that outlive a server that was killed. No new server may start before they are gone."""
    for process in psutil.process_iter(["name", "cmdline"]):
        command = process.info["cmdline"] or [""]
        if process.info["name"] == "postgres" and command[0].startswith("postgres: ") and _works_in(process, cluster):
            try:
                process.send_signal(signal.SIGQUIT)
            except psutil.Error:
                continue


def forget_dead_server(cluster: Path) -> None:
    """Remove the marks of a server that is gone. To be called only by who holds the lock that its processes inherit.

    PostgreSQL itself judges by process numbers alone, and refuses to start as long as the dead one's number is that of
    a process nobody has reaped, or has been given to another program of the same account.
    """
    for mark in (cluster / "postmaster.pid", *cluster.glob(".s.PGSQL.*.lock")):
        mark.unlink(missing_ok=True)


def _works_in(process: psutil.Process, cluster: Path) -> bool:
    """Whether this is a PostgreSQL process of that cluster: each of them stands in its directory."""
    try:
        if process.name() != "postgres" or process.status() == psutil.STATUS_ZOMBIE:
            return False
        owner = cluster.stat().st_uid
        here = Path(f"/proc/{process.pid}/cwd")
        return process.uids().real == owner and os.path.samestat(here.stat(), cluster.stat())
    except (OSError, psutil.Error):
        return False
