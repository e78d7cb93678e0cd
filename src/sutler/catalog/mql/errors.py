"""What can be wrong with a query, and where."""

from __future__ import annotations

from sutler.base.reading.errors import LanguageError, Position

__all__ = ["MqlError", "MqlMeaningError", "MqlSyntaxError", "MqlUnsupportedError", "Position", "shorten"]

SHOWN_CHARACTERS = 60


def shorten(text: str) -> str:
    """What is shown of a text from a query in a sentence: a name may be a million characters long."""
    return text if len(text) <= SHOWN_CHARACTERS else f"{text[: SHOWN_CHARACTERS - 1]}…"


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
