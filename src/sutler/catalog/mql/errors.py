"""What can be wrong with a query, and where."""

from __future__ import annotations

from sutler.base.reading.errors import LanguageError, Position

__all__ = ["MqlError", "MqlMeaningError", "MqlSyntaxError", "MqlUnsupportedError", "Position"]


class MqlError(LanguageError):
    """The query cannot be used."""

    code = "catalog.mql_error"


class MqlSyntaxError(MqlError):
    """The query cannot be read."""

    code = "catalog.mql_syntax"


class MqlMeaningError(MqlError):
    """The query can be read, but something in it makes no sense, like an attribute that does not exist."""

    code = "catalog.mql_meaning"


class MqlUnsupportedError(MqlError):
    """This form of query is known but not supported yet."""

    code = "catalog.mql_unsupported"
