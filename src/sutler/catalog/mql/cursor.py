"""A place in the list of tokens, with the questions a parser asks there and the complaints it makes."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import NoReturn

from sutler.catalog.mql.errors import MqlError, MqlSyntaxError, MqlUnsupportedError, Position
from sutler.catalog.mql.lexer import Kind, Token, tokenize

MAX_DEPTH = 50
"""How deep brackets may be nested. Bounds the stack that later steps need."""

_NAME = re.compile(r"[A-Za-z0-9_./-]+")
_COUNT = re.compile(r"[+-]?[0-9]{1,18}")


class Cursor:
    """Reads tokens from left to right."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.tokens = tokenize(text)
        self.index = 0
        self._depth = 0

    @property
    def token(self) -> Token:
        """The token that is next."""
        return self.tokens.get(self.index)

    def look(self, ahead: int = 1) -> Token:
        """A later token; past the end, the end."""
        return self.tokens.get(self.index + ahead)

    def at_constant(self) -> bool:
        """Whether the next token can be a constant or the beginning of one."""
        return self.tokens.kinds[self.index] in {Kind.STRING, Kind.WORD}

    def take(self) -> Token:
        """Move over the next token and return it. The end stays where it is."""
        token = self.token
        self.index += token.kind is not Kind.END
        return token

    def at_text(self, texts: frozenset[str]) -> bool:
        """Whether the next token has one of these texts, of whatever kind it is. Quicker than the other questions."""
        return self.tokens.texts[self.index] in texts

    def at_sign(self, *signs: str) -> bool:
        """Whether the next token is one of these signs."""
        return self.tokens.texts[self.index] in signs and self.tokens.kinds[self.index] == Kind.SIGN

    def at_word(self, *words: str) -> bool:
        """Whether the next token is one of these keywords and not a namespace, which a colon would follow."""
        if self.tokens.texts[self.index] not in words:
            return False
        kinds, texts = self.tokens.kinds, self.tokens.texts
        followed_by_colon = texts[self.index + 1] == ":" and kinds[self.index + 1] == Kind.SIGN
        return kinds[self.index] == Kind.WORD and not followed_by_colon

    def accept_sign(self, *signs: str) -> str | None:
        """Move over one of these signs, if it is next."""
        return self._step() if self.at_sign(*signs) else None

    def accept_word(self, *words: str) -> str | None:
        """Move over one of these keywords, if it is next."""
        return self._step() if self.at_word(*words) else None

    def _step(self) -> str:
        self.index += 1
        return self.tokens.texts[self.index - 1]

    def accept_minus(self) -> bool:
        """Move over a minus sign. In `-files` the lexer has glued it to the word, whose rest becomes next."""
        token = self.token
        if token.kind is not Kind.WORD or not token.text.startswith("-"):
            return False
        if token.text == "-":
            self.index += 1
        else:
            self.tokens.texts[self.index] = token.text[1:]
            self.tokens.offsets[self.index] += 1
        return True

    def expect_sign(self, sign: str, what: str) -> None:
        """Move over a sign that must be here; `what` says it in words."""
        if not self.accept_sign(sign):
            self.fail(f"expected {what}")

    def expect_name(self, what: str) -> str:
        """A name of a namespace, dataset or file, or a file id, which must be here."""
        if self.tokens.kinds[self.index] != Kind.WORD:
            self.fail(f"expected {what}")
        text = self.tokens.texts[self.index]
        if not _NAME.fullmatch(text):
            self.fail(f"expected {what}, of letters, digits and _ - . / only")
        self.index += 1
        return text

    def expect_count(self, keyword: str) -> int:
        """The whole number that must follow a keyword."""
        if self.token.kind is not Kind.WORD or not _COUNT.fullmatch(self.token.text):
            self.fail(f"expected a number of files after '{keyword}'")
        return int(self.take().text)

    def accept_comma(self, over: Callable[[], bool]) -> bool:
        """Move over a comma, unless `over` says that what follows it is no item of this list any more."""
        if not self.at_sign(","):
            return False
        self.index += 1
        if over():
            self.index -= 1
            return False
        return True

    @contextmanager
    def deeper(self) -> Iterator[None]:
        """Go into a bracket. Raises `MqlSyntaxError` when there are too many in each other."""
        self._depth += 1
        if self._depth > MAX_DEPTH:
            self.fail_too_deep()
        yield
        self._depth -= 1

    def position(self, token: Token | None = None) -> Position:
        """Where a token stands, first the next one."""
        return Position.at(self.text, (token or self.token).offset)

    def fail(self, expected: str, *, near: Iterable[str] = (), at: Token | None = None) -> NoReturn:
        """Raise `MqlSyntaxError`: what was expected, what is there, and which of the words in `near` was meant."""
        token = at or self.token
        found = "the query ends here" if token.kind is Kind.END else f"found '{_shorten(token.text)}'"
        raise MqlSyntaxError(
            f"{expected}, but {found}.", position=self.position(token), suggestion=suggest(token.text, near)
        )

    def fail_too_deep(self) -> NoReturn:
        """Raise `MqlSyntaxError`: more levels than anybody needs."""
        raise MqlSyntaxError(f"the query is nested more than {MAX_DEPTH} levels deep.", position=self.position())

    def refuse(self, what: str, *, at: Token | None = None) -> NoReturn:
        """Raise `MqlUnsupportedError`: `what` is known but cannot be done."""
        raise MqlUnsupportedError(f"{what} not supported yet.", position=self.position(at))

    @contextmanager
    def placing(self, token: Token) -> Iterator[None]:
        """Give errors that know no place the place of a token."""
        try:
            yield
        except MqlError as error:
            if error.position:
                raise
            raise error.placed_at(self.position(token)) from error


def is_sign(token: Token, *signs: str) -> bool:
    """Whether a token is one of these signs."""
    return token.kind is Kind.SIGN and token.text in signs


def suggest(word: str, near: Iterable[str]) -> str | None:
    """The word that was meant, if one is near enough. Keywords in capitals are near."""
    matches = difflib.get_close_matches(word.lower()[:40], list(near), n=1, cutoff=0.65)
    return matches[0] if matches and matches[0] != word else None


def _shorten(text: str) -> str:
    return text if len(text) <= 40 else text[:39] + "…"
