"""What can be wrong with a search, and where."""

from __future__ import annotations

from sutler.base.errors import InvalidInputError, Problem
from sutler.base.reading.errors import LanguageError, Position


class SearchError(LanguageError):
    """The search cannot be used."""

    code = "dispatch.search_error"

    def __init__(self, what: str, *, position: Position | None = None, suggestion: str | None = None) -> None:
        """Say what is wrong in a sentence, and where in the text. The facts have a suggestion, if only None."""
        super().__init__(what, position=position, suggestion=suggestion)
        self.facts.setdefault("suggestion", None)

    @property
    def place(self) -> Position:
        """Where in the text; every search comes as one."""
        assert self.position is not None
        return self.position


class SearchSyntaxError(SearchError):
    """The search cannot be read."""

    code = "dispatch.search_syntax"


class SearchMeaningError(SearchError):
    """The search can be read, but something in it makes no sense, like an order of truth values."""

    code = "dispatch.search_meaning"


class UnreadableSearchError(InvalidInputError):
    """The database cannot use a part of the search, such as a regular expression."""

    code = "dispatch.unreadable_search"

    def __init__(self, said: str) -> None:
        super().__init__([Problem("q", f"the database cannot use it: {said}")])
