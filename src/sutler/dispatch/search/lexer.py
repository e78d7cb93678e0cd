"""From text to tokens: words, quoted strings and signs.

A word is as long as it can be and may hold a colon, as in `dc4:raw` or `10:30`; where a range is expected, the parser
cuts it there. Whether a word is a keyword, a name or a value depends on where it stands.
"""

from __future__ import annotations

import re
from enum import IntEnum
from typing import NamedTuple

from sutler.dispatch.search.errors import SearchSyntaxError

MAX_LENGTH = 20_000
"""How many characters a search may have."""


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


# After the blanks one of the groups always matches, so nothing is ever tried twice.
_TOKEN = re.compile(
    r"""\s*+
        (?: ([A-Za-z0-9:%$@_^.*?+/-]+)
          | ("[^"]*"|'[^']*')
          | (!~\*|!~|!=|~\*|~|<=|>=|==|[][(),!<>=])
          | (\Z)
          | (.) )""",
    re.VERBOSE | re.DOTALL,
)
_UNUSABLE = re.compile("[\x00\ud800-\udfff]")


def tokenize(text: str) -> list[Token]:
    """Cut a search into tokens, the end last. Raises SearchSyntaxError for what can be no part of one."""
    if len(text) > MAX_LENGTH:
        raise SearchSyntaxError(f"a search has at most {MAX_LENGTH} characters.", text=text, offset=MAX_LENGTH)
    if found := _UNUSABLE.search(text):
        what = f"the character {found.group()!r} cannot stand in a search."
        raise SearchSyntaxError(what, text=_UNUSABLE.sub("?", text), offset=found.start())
    tokens = []
    for match in _TOKEN.finditer(text):
        kind = Kind(match.lastindex or 0)
        tokens.append(_make_token(text, kind, match[kind], match.start(kind)))
    return tokens


def _make_token(text: str, kind: Kind, found: str, offset: int) -> Token:
    if kind is Kind.STRING:
        return Token(kind, found[1:-1], offset)
    if kind is not Kind.UNKNOWN:
        return Token(kind, found, offset)
    what = (
        "the text that begins here has no closing quotation mark."
        if found in "\"'"
        else f"the character {found!r} can only stand in a quoted text."
    )
    raise SearchSyntaxError(what, text=text, offset=offset)
