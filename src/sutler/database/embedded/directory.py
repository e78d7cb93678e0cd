"""What lies where in a data directory, and how its files are written."""

from __future__ import annotations

import os
import tempfile
from dataclasses import dataclass
from pathlib import Path

from sutler.database.embedded.account import Account
from sutler.database.embedded.errors import translate_file_errors

SOCKET_NAME = ".s.PGSQL.5432"
LONGEST_LOG_BYTES = 10 * 1024 * 1024


@dataclass(frozen=True)
class DataDirectory:
    """The paths below one data directory.

    Only `cluster` belongs to the account that runs PostgreSQL; everything else stays with whoever runs Sutler.
    """

    root: Path

    @property
    def cluster(self) -> Path:
        """PostgreSQL's own files. Its Unix socket is in here too: nobody else may enter."""
        return self.root / "postgres"

    @property
    def has_cluster(self) -> bool:
        """Whether there is a cluster. An empty directory in its place, perhaps a mounted volume, is none."""
        return (self.cluster / "PG_VERSION").exists()

    @property
    def unfinished_cluster(self) -> Path:
        """Where a cluster is made; it takes its place in one step when it is complete."""
        return self.root / "postgres.new"

    @property
    def log_file(self) -> Path:
        """What PostgreSQL says."""
        return self.root / "log" / "postgres.log"

    @property
    def password_file(self) -> Path:
        """The password of the role `sutler`."""
        return self.root / "postgres.password"

    @property
    def running_lock(self) -> Path:
        """Held by PostgreSQL itself as long as any process of it lives, and before that by whoever starts it."""
        return self.root / "postgres.lock"

    @property
    def users_lock(self) -> Path:
        """Shared by the processes that use the database; alone with it, one may stop the server."""
        return self.root / "postgres.users.lock"

    def prepare(self) -> None:
        """Make the directories that are missing. Raises DataDirectoryNotWritableError, DatabaseDiskFullError."""
        with translate_file_errors(self.root):
            self.root.mkdir(mode=0o700, parents=True, exist_ok=True)
            self.log_file.parent.mkdir(mode=0o700, exist_ok=True)

    def measure_log(self) -> int:
        """Return the length of the log in bytes, after a long one was put aside as `postgres.log.1`."""
        with translate_file_errors(self.root):
            length = self.log_file.stat().st_size if self.log_file.exists() else 0
            if length <= LONGEST_LOG_BYTES:
                return length
            self.log_file.replace(self.log_file.with_name("postgres.log.1"))
            return 0

    def open_log(self) -> int:
        """Open the log for appending and return its descriptor."""
        with translate_file_errors(self.root):
            return os.open(self.log_file, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)


def write_file(path: Path, text: str, *, account: Account | None = None) -> None:
    """Put a file in its place in one step, readable for its owner only.

    The file goes to `account` if one is named. What stands at `path` is replaced, never written through, because
    the directory may belong to an account that is trusted less than ours.
    """
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            if account is not None:
                os.fchown(file.fileno(), account.user_id, account.group_id)
            os.fsync(file.fileno())
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
