"""From text to tokens. A word is as long as it can be, so `raw-2` is one word and a minus sign needs a blank before."""

from __future__ import annotations

from sutler.base.reading.lexicon import Kind, Lexicon, Token, Tokens
from sutler.catalog.mql.errors import MqlSyntaxError

__all__ = ["LEXICON", "Kind", "Token", "Tokens", "tokenize"]

LEXICON = Lexicon(
    noun="query",
    blanks=r"[ \t\r\n\f\v]+|\#[^\n]*",
    word=r"[A-Za-z0-9_./$@*?^%+-]+",
    signs=r"!~\*|!~|!=|~\*|~|<=|>=|==|[][(){},:!<>=]",
    error=MqlSyntaxError,
)


def tokenize(text: str) -> Tokens:
    """Cut a query into tokens. Raises `MqlSyntaxError` for what can be no part of a query."""
    return LEXICON.tokenize(text)
