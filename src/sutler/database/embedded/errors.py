"""Why the embedded database server cannot run. The class docstring is the default sentence."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import ClassVar

from sutler.base.errors import ConflictError, UnavailableError

NO_SPACE_LEFT = "No space left on device"


class DataDirectoryInUseError(ConflictError):
    """Another Sutler server works in this data directory. Stop it first, or name another directory."""

    code: ClassVar[str] = "database.data_directory_in_use"


class DataDirectoryTooNewError(ConflictError):
    """The data were written by a newer PostgreSQL than the one that is installed. Install a newer Sutler."""

    code: ClassVar[str] = "database.data_directory_too_new"


class DataDirectoryNeedsUpgradeError(ConflictError):
    """The data were written by an older PostgreSQL than the one that is installed and must be upgraded first."""

    code: ClassVar[str] = "database.data_directory_needs_upgrade"


class DataDirectoryNotWritableError(ConflictError):
    """The data directory cannot be written. Name another one, or change who may write to it."""

    code: ClassVar[str] = "database.data_directory_not_writable"


class DataDirectoryOwnerError(ConflictError):
    """The database files belong to somebody else. Run Sutler as their owner, or give them to its user."""

    code: ClassVar[str] = "database.data_directory_owner"


class DatabasePasswordError(ConflictError):
    """The file postgres.password does not fit the database. Put the right one back from a backup."""

    code: ClassVar[str] = "database.password"


class DatabaseProgramsMissingError(UnavailableError):
    """There are no PostgreSQL programs for this platform. Run a PostgreSQL server and set SUTLER_DATABASE_URL."""

    code: ClassVar[str] = "database.programs_missing"


class DatabaseProgramsUnusableError(UnavailableError):
    """The installed PostgreSQL programs do not run here. Run a PostgreSQL server and set SUTLER_DATABASE_URL."""

    code: ClassVar[str] = "database.programs_unusable"


class DatabaseDiskFullError(UnavailableError):
    """The disk of the data directory is full. Make room and start again; nothing that was committed is lost."""

    code: ClassVar[str] = "database.disk_full"


class DatabaseStartError(UnavailableError):
    """The embedded database server ended while it was starting."""

    code: ClassVar[str] = "database.start_failed"


class DatabaseStartTimeoutError(UnavailableError):
    """The embedded database server did not become ready in time."""

    code: ClassVar[str] = "database.start_timeout"


class DatabaseStopTimeoutError(UnavailableError):
    """The embedded database server did not end in time and is still running."""

    code: ClassVar[str] = "database.stop_timeout"


def disk_full(directory: Path) -> DatabaseDiskFullError:
    """Return the error that says which directory has no room left."""
    return DatabaseDiskFullError(
        f"The disk of the data directory {directory} is full. Make room and start again; nothing that was committed "
        "is lost.",
        directory=str(directory),
    )


@contextmanager
def translate_file_errors(directory: Path) -> Iterator[None]:
    """Turn what the operating system says about the files of a data directory into an error of ours.

    Raises DatabaseDiskFullError for a full disk or quota, else DataDirectoryNotWritableError.
    """
    try:
        yield
    except OSError as error:
        if error.errno in {errno.ENOSPC, errno.EDQUOT}:
            raise disk_full(directory) from error
        raise DataDirectoryNotWritableError(
            f"The data directory {directory} cannot be used: {error.strerror} ({error.filename or directory}). "
            "Name another one with --data-dir or SUTLER_DATA_DIR, or change who may write to it.",
            directory=str(directory),
        ) from error


def explain_failed_start(said: str, directory: Path, log_file: Path) -> UnavailableError:
    """Return the error that fits what PostgreSQL wrote before it ended."""
    if NO_SPACE_LEFT in said:
        return disk_full(directory)
    reason = _last_complaint(said) or "it said nothing"
    return DatabaseStartError(
        f"The embedded database server could not start: {reason}. More in {log_file}.",
        directory=str(directory),
        log_file=str(log_file),
    )


def _last_complaint(said: str) -> str:
    """Return the last line in which PostgreSQL or initdb complains, without time stamp, else the last line."""
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    for word in ("PANIC:", "FATAL:", "error:"):
        for line in reversed(lines):
            if word in line:
                return line.partition(word)[2].strip().rstrip(".")
    return lines[-1].rstrip(".") if lines else ""
