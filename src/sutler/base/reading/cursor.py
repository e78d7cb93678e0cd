"""A place in the list of tokens, with the questions a parser asks there and the complaints it makes."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import NoReturn, TypeVar

from sutler.base.reading.errors import LanguageError, Position
from sutler.base.reading.lexicon import Kind, Lexicon, Token

MAX_DEPTH = 50
"""How deep brackets may be nested. Bounds the stack that later steps need."""

NEAR = 0.65
"""How alike two words are, from 0 to 1, when one was meant by the other."""

Item = TypeVar("Item")


class Cursor:
    """Reads tokens from left to right."""

    def __init__(self, text: str, lexicon: Lexicon, *, near: float = NEAR) -> None:
        self.text = text
        self.tokens = lexicon.tokenize(text)
        self.index = 0
        self._lexicon = lexicon
        self._near = near
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

    def expect_sign(self, sign: str, what: str) -> None:
        """Move over a sign that must be here; `what` says it in words."""
        if not self.accept_sign(sign):
            self.fail(f"expected {what}")

    def take_list(self, parse_item: Callable[[], Item]) -> tuple[Item, ...]:
        """Move over items with commas between them and the bracket that closes them."""
        items = [parse_item()]
        while self.accept_sign(","):
            items.append(parse_item())
        self.expect_sign(")", "',' or ')'")
        return tuple(items)

    @contextmanager
    def deeper(self) -> Iterator[None]:
        """Go into a bracket. Raises the error of the language when there are too many in each other."""
        self._depth += 1
        if self._depth > MAX_DEPTH:
            self.fail_too_deep()
        yield
        self._depth -= 1

    def position(self, token: Token | None = None) -> Position:
        """Where a token stands, first the next one."""
        return Position.at(self.text, (token or self.token).offset)

    def fail(self, expected: str, *, near: Iterable[str] = (), at: Token | None = None) -> NoReturn:
        """Raise the error of the language: what was expected, what is there, and which word of `near` was meant."""
        token = at or self.token
        found = f"the {self._lexicon.noun} ends here" if token.kind is Kind.END else f"found '{_shorten(token.text)}'"
        raise self._lexicon.error(
            f"{expected}, but {found}.",
            position=self.position(token),
            suggestion=suggest(token.text, near, likeness=self._near),
        )

    def fail_too_deep(self) -> NoReturn:
        """Raise the error of the language: more levels than anybody needs."""
        what = f"the {self._lexicon.noun} is nested more than {MAX_DEPTH} levels deep."
        raise self._lexicon.error(what, position=self.position())

    @contextmanager
    def placing(self, token: Token) -> Iterator[None]:
        """Give errors that know no place the place of a token."""
        try:
            yield
        except LanguageError as error:
            if error.position:
                raise
            raise error.placed_at(self.position(token)) from error


def is_sign(token: Token, *signs: str) -> bool:
    """Whether a token is one of these signs."""
    return token.kind is Kind.SIGN and token.text in signs


def suggest(word: str, near: Iterable[str], *, likeness: float = NEAR) -> str | None:
    """The word that was meant, if one is near enough. Keywords in capitals are near."""
    matches = difflib.get_close_matches(word.lower()[:40], list(near), n=1, cutoff=likeness)
    return matches[0] if matches and matches[0] != word else None


def _shorten(text: str) -> str:
    return text if len(text) <= 40 else text[:39] + "…"
