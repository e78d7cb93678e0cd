"""Errors of the database room."""

from __future__ import annotations

from sutler.base.errors import ConflictError, InvalidInputError, TooMuchError, UnavailableError


class DatabaseUnreachableError(UnavailableError):
    """The database does not answer. Check that it runs and that SUTLER_DATABASE_URL is right."""

    code = "database.unreachable"


class DatabaseBusyError(UnavailableError):
    """The database is busy: the request waited too long for its turn. Try again in a moment."""

    code = "database.busy"


class CallTakenOverError(UnavailableError):
    """Another server answers this call by now; nothing was done here. Ask again with the same Idempotency-Key."""

    code = "database.call_taken_over"


class ServerTooOldError(ConflictError):
    """The PostgreSQL server is too old."""

    code = "database.server_too_old"


class SchemaTooNewError(ConflictError):
    """The database belongs to a newer version of Sutler."""

    code = "database.schema_too_new"


class SchemaOutdatedError(ConflictError):
    """The database lacks migrations of this version. Run `sutler db upgrade`."""

    code = "database.schema_outdated"


class MigrationChangedError(ConflictError):
    """A migration that was applied reads differently now."""

    code = "database.migration_changed"


class AlreadyExistsError(ConflictError):
    """There is one with that name already."""

    code = "database.already_exists"


class StillInUseError(ConflictError):
    """It cannot go while something else refers to it, or it refers to something that is gone."""

    code = "database.still_in_use"


class TooManyValuesError(TooMuchError):
    """What was asked needs more values than one statement may have. Ask for it in parts."""

    code = "database.too_many_values"


class UnstorableValueError(InvalidInputError):
    """A value is of a kind or size that the database cannot hold."""

    code = "database.unstorable_value"
