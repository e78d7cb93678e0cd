"""What goes wrong in the driver or the server, as errors of this room."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import asyncpg

from sutler.database.errors import (
    AlreadyExistsError,
    DatabaseBusyError,
    DatabaseUnreachableError,
    StillInUseError,
    UnstorableValueError,
)

_CANNOT_ENCODE = "invalid input for query argument"
"""How errors of the driver begin that come before the server has seen a value, such as a number that is too large."""


@contextlib.contextmanager
def translate_errors() -> Iterator[None]:
    """Raise errors of the driver as those of this room."""
    try:
        yield
    except asyncpg.UniqueViolationError as error:
        raise AlreadyExistsError(constraint=error.constraint_name, detail=error.detail) from error
    except asyncpg.ForeignKeyViolationError as error:
        raise StillInUseError(constraint=error.constraint_name, detail=error.detail) from error
    except (
        asyncpg.NumericValueOutOfRangeError,
        asyncpg.UntranslatableCharacterError,
        asyncpg.CharacterNotInRepertoireError,
        asyncpg.ProgramLimitExceededError,  # a text too long for its index, JSON nested too deep for the server
    ) as error:
        raise UnstorableValueError(f"The database cannot hold a value of this request: {error}") from error
    except asyncpg.DataError as error:
        if not str(error).startswith(_CANNOT_ENCODE):
            raise
        raise UnstorableValueError(f"The database cannot hold a value of this request: {error}") from error
    except (asyncpg.LockNotAvailableError, asyncpg.QueryCanceledError) as error:
        raise DatabaseBusyError(reason=str(error)) from error
    except (
        ConnectionError,
        asyncpg.PostgresConnectionError,
        asyncpg.CannotConnectNowError,
        asyncpg.AdminShutdownError,
        asyncpg.CrashShutdownError,
        asyncpg.TooManyConnectionsError,
        asyncpg.InterfaceError,
        asyncpg.InternalClientError,  # a session that the server ends while a statement is being sent
    ) as error:
        if isinstance(error, ValueError):  # the driver's way of saying that it cannot encode a value
            raise UnstorableValueError(f"The database cannot hold a value of this request: {error}") from error
        raise DatabaseUnreachableError(f"The database does not answer: {error}", reason=str(error)) from error
