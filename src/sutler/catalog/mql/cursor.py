"""A place in the tokens of a query, with what only this language asks there."""

from __future__ import annotations

import re
from collections.abc import Callable

from sutler.base.reading import cursor
from sutler.base.reading.cursor import MAX_DEPTH, is_sign, suggest
from sutler.catalog.mql.errors import MqlSyntaxError
from sutler.catalog.mql.lexer import LEXICON, Kind
from sutler.catalog.mql.sizes import Size

__all__ = ["MAX_DEPTH", "Cursor", "is_sign", "suggest"]

_NAME = re.compile(r"[A-Za-z0-9_./-]+")
_COUNT = re.compile(r"[+-]?[0-9]{1,18}")


class Cursor(cursor.Cursor):
    """Reads the tokens of a query from left to right."""

    def __init__(self, text: str) -> None:
        super().__init__(text, LEXICON)
        self._size = Size()

    def enlarge(self, part: Size) -> None:
        """Remember how large the query has become. Raises `MqlSyntaxError` when that is too large."""
        self._size = self._size.plus(part)
        if excess := self._size.excess:
            raise MqlSyntaxError(f"the query is made of {excess}.", position=self.position())

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
