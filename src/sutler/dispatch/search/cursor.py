"""A place in the list of tokens, with the questions a parser asks there and the complaints it makes."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import NoReturn

from sutler.dispatch.search.errors import SearchMeaningError, SearchSyntaxError
from sutler.dispatch.search.lexer import Kind, Token, tokenize

MAX_DEPTH = 50
"""How deep brackets may be nested. Bounds the stack that later steps need."""


class Cursor:
    """Reads tokens from left to right."""

    def __init__(self, text: str) -> None:
        self.text = text
        self._tokens = tokenize(text)
        self._index = 0
        self._depth = 0

    @property
    def token(self) -> Token:
        """The token that is next."""
        return self.look(0)

    def look(self, ahead: int = 1) -> Token:
        """A later token; past the end, the end."""
        return self._tokens[min(self._index + ahead, len(self._tokens) - 1)]

    def take(self) -> Token:
        """Move over the next token and return it. The end stays where it is."""
        token = self.token
        self._index += token.kind is not Kind.END
        return token

    def at_sign(self, *signs: str) -> bool:
        """Whether the next token is one of these signs."""
        return self.token.kind is Kind.SIGN and self.token.text in signs

    def at_word(self, *words: str) -> bool:
        """Whether the next token is one of these keywords."""
        return self.token.kind is Kind.WORD and self.token.text in words

    def accept_sign(self, *signs: str) -> bool:
        """Move over one of these signs, if it is next."""
        return self.at_sign(*signs) and bool(self.take())

    def accept_word(self, *words: str) -> bool:
        """Move over one of these keywords, if it is next."""
        return self.at_word(*words) and bool(self.take())

    def expect_sign(self, sign: str, what: str) -> None:
        """Move over a sign that must be here; `what` says it in words."""
        if not self.accept_sign(sign):
            self.fail(f"expected {what}")

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
        parts = [Token(Kind.WORD, low, token.offset), Token(Kind.WORD, ":", middle), Token(Kind.WORD, high, middle + 1)]
        self._tokens[self._index : self._index + 1] = [part for part in parts if part.text]

    @contextmanager
    def deeper(self) -> Iterator[None]:
        """Go into a bracket. Raises SearchSyntaxError when there are too many in each other."""
        self._depth += 1
        if self._depth > MAX_DEPTH:
            what = f"the search is nested more than {MAX_DEPTH} levels deep."
            raise SearchSyntaxError(what, text=self.text, offset=self.token.offset)
        yield
        self._depth -= 1

    def fail(self, expected: str, *, near: Iterable[str] = (), at: Token | None = None) -> NoReturn:
        """Raise SearchSyntaxError: what was expected, what is there, and which of the words in `near` was meant."""
        token = at or self.token
        found = "the search ends here" if token.kind is Kind.END else f"found '{_shorten(token.text)}'"
        what = f"{expected}, but {found}."
        raise SearchSyntaxError(what, text=self.text, offset=token.offset, suggestion=_suggest(token.text, near))

    def refuse(self, what: str, *, at: Token) -> NoReturn:
        """Raise SearchMeaningError about a token."""
        raise SearchMeaningError(what, text=self.text, offset=at.offset)


def _suggest(word: str, near: Iterable[str]) -> str | None:
    """Return the word that was meant, if one is near enough. Keywords in capitals are near."""
    matches = difflib.get_close_matches(word.lower()[:40], list(near), n=1, cutoff=0.6)
    return matches[0] if matches and matches[0] != word else None


def _shorten(text: str) -> str:
    return text if len(text) <= 40 else text[:39] + "…"
