"""What can be wrong with a text in one of our languages, and where."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

from sutler.base.errors import InvalidInputError, Problem

EXCERPT_WIDTH = 60


@dataclass(frozen=True, slots=True)
class Position:
    """A place in a text: offset from 0, line and column from 1, and the whole line."""

    offset: int
    line: int
    column: int
    line_text: str

    @classmethod
    def at(cls, text: str, offset: int) -> Position:
        """The place that is `offset` characters from the start of the text."""
        begin = text.rfind("\n", 0, offset) + 1
        end = text.find("\n", offset)
        line_text = text[begin : end if end >= 0 else len(text)]
        return cls(offset, text.count("\n", 0, offset) + 1, offset - begin + 1, line_text.rstrip("\r"))

    @property
    def excerpt(self) -> str:
        """The line with a caret below the place; of a long line only the neighbourhood."""
        begin = max(0, self.column - 1 - EXCERPT_WIDTH)
        end = self.column - 1 + EXCERPT_WIDTH
        shown = ("…" if begin else "") + self.line_text[begin:end] + ("…" if end < len(self.line_text) else "")
        before = shown[: self.column - 1 - begin + bool(begin)]
        return f"{shown}\n{''.join(c if c == chr(9) else ' ' for c in before)}^"


class LanguageError(InvalidInputError):
    """A query or search cannot be used."""

    code = "base.language_error"

    def __init__(self, what: str, *, position: Position | None = None, suggestion: str | None = None) -> None:
        """Say what is wrong in a sentence; the position is known when it came as text."""
        self.what = what
        self.position = position
        self.suggestion = suggestion
        if suggestion:
            what = f"{what} Did you mean '{suggestion}'?"
        if not position:
            what = what[:1].upper() + what[1:]
        where = f"line {position.line}, column {position.column}" if position else ""
        facts: dict[str, object] = {"suggestion": suggestion} if suggestion else {}
        if position:
            facts |= {"offset": position.offset, "line": position.line, "column": position.column}
            facts["excerpt"] = position.excerpt
        super().__init__([Problem(where, what)], **facts)

    def placed_at(self, position: Position) -> Self:
        """The same error with a place in a text."""
        return type(self)(self.what, position=position, suggestion=self.suggestion)

    @property
    def excerpt(self) -> str:
        """The line in question with a caret below it; empty when there is no text."""
        return self.position.excerpt if self.position else ""
