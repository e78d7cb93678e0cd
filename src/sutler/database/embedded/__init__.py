"""The PostgreSQL server that Sutler brings along and runs in a data directory.

`EmbeddedServer(data_dir)` makes a database server run for that directory and stops it again. The data are the
same for every process that names the directory: the first one starts PostgreSQL, others use what runs, the last
one to leave stops it. `DataDirectoryLock` is separate: it keeps a second *Sutler* server out.
"""

from sutler.database.embedded.errors import (
    DatabaseDiskFullError,
    DatabasePasswordError,
    DatabaseProgramsMissingError,
    DatabaseProgramsUnusableError,
    DatabaseStartError,
    DatabaseStartTimeoutError,
    DatabaseStopTimeoutError,
    DataDirectoryInUseError,
    DataDirectoryNeedsUpgradeError,
    DataDirectoryNotWritableError,
    DataDirectoryOwnerError,
    DataDirectoryTooNewError,
)
from sutler.database.embedded.lock import DataDirectoryLock
from sutler.database.embedded.server import EmbeddedServer

__all__ = [
    "DataDirectoryInUseError",
    "DataDirectoryLock",
    "DataDirectoryNeedsUpgradeError",
    "DataDirectoryNotWritableError",
    "DataDirectoryOwnerError",
    "DataDirectoryTooNewError",
    "DatabaseDiskFullError",
    "DatabasePasswordError",
    "DatabaseProgramsMissingError",
    "DatabaseProgramsUnusableError",
    "DatabaseStartError",
    "DatabaseStartTimeoutError",
    "DatabaseStopTimeoutError",
    "EmbeddedServer",
]
