"""From text to tokens: words, quoted strings and signs.

A word is as long as it can be and may hold a colon, as in `dc4:raw` or `10:30`; where a range is expected, the parser
cuts it there.
"""

from __future__ import annotations

from sutler.base.reading.errors import Position
from sutler.base.reading.lexicon import Kind, Lexicon, Token, Tokens
from sutler.dispatch.search.errors import SearchSyntaxError

__all__ = ["LEXICON", "Kind", "Token", "Tokens"]

MAX_LENGTH = 20_000
"""How many characters a search may have."""


class _SearchLexicon(Lexicon):
    """That of searches, which are short."""

    def tokenize(self, text: str) -> Tokens:
        """Cut a search into tokens. Raises SearchSyntaxError, also for one that is too long."""
        if len(text) > MAX_LENGTH:
            what = f"a search has at most {MAX_LENGTH} characters."
            raise SearchSyntaxError(what, position=Position.at(text, MAX_LENGTH))
        return super().tokenize(text)


LEXICON = _SearchLexicon(
    noun="search",
    blanks=r"\s",
    word=r"[A-Za-z0-9:%$@_^.*?+/-]+",
    signs=r"!~\*|!~|!=|~\*|~|<=|>=|==|[][(),!<>=]",
    error=SearchSyntaxError,
)
