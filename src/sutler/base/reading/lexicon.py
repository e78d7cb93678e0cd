"""From text to tokens.

There are only words, quoted strings and signs. A word is as long as it can be; whether it is a keyword, a name, a
number or a pattern depends on where it stands and is decided by the parser.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import IntEnum
from typing import NamedTuple

from sutler.base.reading.errors import LanguageError, Position


class Kind(IntEnum):
    """What a token is; the numbers are those of the groups in the expression of a lexicon."""

    WORD = 1
    STRING = 2
    SIGN = 3
    END = 4
    UNKNOWN = 5


class Token(NamedTuple):
    """A piece of the text. The text of a string is what stands between its quotes."""

    kind: Kind
    text: str
    offset: int


@dataclass(frozen=True, slots=True)
class Tokens:
    """All tokens of a text, END last, as columns: a list of ten thousand ids must be read in no time."""

    kinds: list[int]
    texts: list[str]
    offsets: list[int]

    def get(self, index: int) -> Token:
        """One token; past the end, the end."""
        index = min(index, len(self.kinds) - 1)
        return Token(_KINDS[self.kinds[index]], self.texts[index], self.offsets[index])


_KINDS = (Kind.UNKNOWN, *Kind)
_UNUSABLE = re.compile("[\x00\ud800-\udfff]")


class Lexicon:
    """Which words and signs a language has."""

    def __init__(self, *, noun: str, blanks: str, word: str, signs: str, error: type[LanguageError]) -> None:
        """Take regular expressions without groups: what parts tokens, what makes a word, all signs.

        `noun` is what a text of the language is called, `error` what its faults are raised as.
        """
        self.noun = noun
        self.error = error
        # After the blanks one of the groups always matches, so nothing is ever tried twice.
        self._token = re.compile(
            rf"(?:{blanks})*+(?:({word})|(\"[^\"]*\"|'[^']*')|({signs})|(\Z)|(.))", re.VERBOSE | re.DOTALL
        )

    def tokenize(self, text: str) -> Tokens:
        """Cut a text into tokens. Raises the error of the language for what can be no part of it."""
        if found := _UNUSABLE.search(text):
            raise self.error(
                f"the character {found.group()!r} cannot stand in a {self.noun}.",
                position=Position.at(_UNUSABLE.sub("?", text), found.start()),
            )
        kinds: list[int] = []
        texts: list[str] = []
        offsets: list[int] = []
        # One at a time: to keep all matches costs twice as much as to look at each.
        for match in self._token.finditer(text):
            kind = match.lastindex or 0
            kinds.append(kind)
            texts.append(match[kind])
            offsets.append(match.start(kind))
        if Kind.UNKNOWN in kinds:
            index = kinds.index(Kind.UNKNOWN)
            raise self.error(_explain_unknown(texts[index]), position=Position.at(text, offsets[index]))
        if Kind.STRING in kinds:
            texts = [text[1:-1] if kind == Kind.STRING else text for text, kind in zip(texts, kinds, strict=True)]
        return Tokens(kinds, texts, offsets)


def _explain_unknown(found: str) -> str:
    if found in "\"'":
        return "the text that begins here has no closing quotation mark."
    return f"the character {found!r} can only stand in a quoted text."
