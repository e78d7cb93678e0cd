"""A place in the tokens of a search, with what only this language asks there."""

from __future__ import annotations

from typing import NoReturn

from sutler.base.reading import cursor
from sutler.dispatch.search.errors import SearchMeaningError
from sutler.dispatch.search.lexer import LEXICON, Kind, Token

NEAR = 0.6


class Cursor(cursor.Cursor):
    """Reads the tokens of a search from left to right."""

    def __init__(self, text: str) -> None:
        super().__init__(text, LEXICON, near=NEAR)

    def cut_at_colon(self) -> None:
        """Make three tokens of a next word like `1:10`, whose middle one is the colon; ends that are empty fall away.

        Raises SearchSyntaxError for a word with several colons: nobody knows which of them parts the range.
        """
        token = self.token
        if token.kind is not Kind.WORD or ":" not in token.text or token.text == ":":
            return
        if token.text.count(":") > 1:
            self.fail("expected one colon between the ends of the range, and ends that hold colons in quotes")
        low, _, high = token.text.partition(":")
        middle = token.offset + len(low)
        parts = [(text, at) for text, at in ((low, token.offset), (":", middle), (high, middle + 1)) if text]
        here = slice(self.index, self.index + 1)
        self.tokens.kinds[here] = [Kind.WORD] * len(parts)
        self.tokens.texts[here] = [text for text, _ in parts]
        self.tokens.offsets[here] = [at for _, at in parts]

    def refuse(self, what: str, *, at: Token) -> NoReturn:
        """Raise SearchMeaningError about a token."""
        raise SearchMeaningError(what, position=self.position(at))
