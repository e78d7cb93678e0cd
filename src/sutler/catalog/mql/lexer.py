"""From text to tokens.

There are only words, quoted strings and signs. A word is as long as it can be, so `raw-2` is one word and the minus
sign needs a blank before it; whether a word is a keyword, a name, a number or a pattern depends on where it stands and
is decided by the parser.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import IntEnum
from typing import NamedTuple, NoReturn

from sutler.catalog.mql.errors import MqlSyntaxError, Position


class Kind(IntEnum):
    """What a token is; the numbers are those of the groups in the expression below."""

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

# After blanks and comments one of the groups always matches, so nothing is ever tried twice.
_TOKEN = re.compile(
    r"""(?:[ \t\r\n\f\v]+|\#[^\n]*)*+
        (?: ([A-Za-z0-9_./$@*?^%+-]+)
          | ("[^"]*"|'[^']*')
          | (!~\*|!~|!=|~\*|~|<=|>=|==|[][(){},:!<>=])
          | (\Z)
          | (.) )""",
    re.VERBOSE | re.DOTALL,
)
_UNUSABLE = re.compile("[\x00\ud800-\udfff]")


def tokenize(text: str) -> Tokens:
    """Cut a query into tokens. Raises `MqlSyntaxError` for what can be no part of a query."""
    if found := _UNUSABLE.search(text):
        raise MqlSyntaxError(
            f"the character {found.group()!r} cannot stand in a query.", position=Position.at(text, found.start())
        )
    matches = list(_TOKEN.finditer(text))
    kinds = [match.lastindex or 0 for match in matches]
    offsets = [match.start(kind) for match, kind in zip(matches, kinds, strict=True)]
    texts = [match[kind] for match, kind in zip(matches, kinds, strict=True)]
    if Kind.UNKNOWN in kinds:
        index = kinds.index(Kind.UNKNOWN)
        _refuse(text, texts[index], offsets[index])
    if Kind.STRING in kinds:
        texts = [text[1:-1] if kind == Kind.STRING else text for text, kind in zip(texts, kinds, strict=True)]
    return Tokens(kinds, texts, offsets)


def _refuse(text: str, found: str, offset: int) -> NoReturn:
    what = (
        "the text that begins here has no closing quotation mark."
        if found in "\"'"
        else f"the character {found!r} can only stand in a quoted text."
    )
    raise MqlSyntaxError(what, position=Position.at(text, offset))
