"""What can be wrong with a search, and where."""

from __future__ import annotations

from dataclasses import dataclass

from sutler.base.errors import InvalidInputError, Problem

EXCERPT_WIDTH = 60


@dataclass(frozen=True, slots=True)
class Place:
    """A place in a text: line and column from 1, and the line around it with a caret below."""

    offset: int
    line: int
    column: int
    excerpt: str

    @classmethod
    def at(cls, text: str, offset: int) -> Place:
        """The place that is `offset` characters from the start of the text."""
        before = text[:offset]
        line = before.count("\n") + 1
        begin = before.rfind("\n") + 1
        return cls(offset, line, offset - begin + 1, _draw(text[begin:].partition("\n")[0], offset - begin))


class SearchError(InvalidInputError):
    """The search cannot be used."""

    code = "dispatch.search_error"

    def __init__(self, what: str, *, text: str, offset: int, suggestion: str | None = None) -> None:
        """Say what is wrong in a sentence, and where in the text."""
        self.what = f"{what} Did you mean '{suggestion}'?" if suggestion else what
        self.place = Place.at(text, offset)
        self.suggestion = suggestion
        super().__init__(
            [Problem(f"line {self.place.line}, column {self.place.column}", self.what)],
            offset=offset,
            line=self.place.line,
            column=self.place.column,
            excerpt=self.place.excerpt,
            suggestion=suggestion,
        )


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


def _draw(line: str, index: int) -> str:
    """Return a line with a caret below one character; of a long line only the neighbourhood."""
    begin, end = max(0, index - EXCERPT_WIDTH), index + EXCERPT_WIDTH
    shown = ("…" if begin else "") + line[begin:end] + ("…" if end < len(line) else "")
    margin = shown[: index - begin + bool(begin)]
    return f"{shown}\n{''.join(c if c == chr(9) else ' ' for c in margin)}^"
