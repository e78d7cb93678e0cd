"""Locks on files of the data directory. The operating system frees them when their holder ends, however it ends."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path
from types import TracebackType
from typing import Self

from sutler.database.embedded.errors import DataDirectoryInUseError, translate_file_errors


class FileLock:
    """An advisory lock (`flock`) on a file. Child processes keep it only if they are given `descriptor`."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._descriptor: int | None = None

    @property
    def descriptor(self) -> int:
        """The open file that carries the lock: whoever inherits it holds the lock too."""
        if self._descriptor is None:
            raise RuntimeError(f"{self.path} is not locked")
        return self._descriptor

    @property
    def is_held(self) -> bool:
        """Whether this object holds the lock, shared or alone."""
        return self._descriptor is not None

    def try_exclusive(self) -> bool:
        """Take the lock for oneself alone and return whether that worked. May follow a shared lock.

        When it fails after a shared lock, that one is lost as well.
        """
        return self._try(fcntl.LOCK_EX)

    def try_shared(self) -> bool:
        """Take the lock together with other sharers and return whether that worked."""
        return self._try(fcntl.LOCK_SH)

    def release(self) -> None:
        """Close the file. The lock stays with children that inherited it. Harmless when nothing is held."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def _try(self, kind: int) -> bool:
        if self._descriptor is None:
            with translate_file_errors(self.path.parent):
                self._descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        try:
            fcntl.flock(self._descriptor, kind | fcntl.LOCK_NB)
        except BlockingIOError:
            self.release()
            return False
        return True


class DataDirectoryLock:
    """The right to be the one Sutler server of a data directory, held from `acquire` to `release`.

    It ends with the process, also when that is killed, and children do not keep it. Administrative commands that
    use the database beside a running server do not take it.
    """

    def __init__(self, data_dir: Path) -> None:
        self._directory = data_dir.absolute()
        self._lock = FileLock(self._directory / "server.lock")

    def acquire(self) -> None:
        """Take the lock at once. The directory is made if it is missing.

        Raises DataDirectoryInUseError if another process has it, DataDirectoryNotWritableError.
        """
        with translate_file_errors(self._directory):
            self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not self._lock.try_exclusive():
            raise self._in_use()
        with translate_file_errors(self._directory):
            os.ftruncate(self._lock.descriptor, 0)
            os.pwrite(self._lock.descriptor, f"{os.getpid()}\n".encode(), 0)

    def release(self) -> None:
        """Give the lock back. Harmless when it is not held."""
        self._lock.release()

    def __enter__(self) -> Self:
        self.acquire()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()

    def _in_use(self) -> DataDirectoryInUseError:
        with translate_file_errors(self._directory):
            pid = self._lock.path.read_text(encoding="ascii", errors="replace").strip()
        return DataDirectoryInUseError(
            f"The data directory {self._directory} is in use by another Sutler server (process {pid or 'unknown'}). "
            "Stop that one first, or name another directory with --data-dir or SUTLER_DATA_DIR.",
            directory=str(self._directory),
            pid=int(pid) if pid.isdigit() else None,
        )
