"""From text to tree: lists of file ids and file names, and of constants, of which there may be ten thousand.

A long list is looked at as a whole first: when all its items are of the plain form, it is taken as it stands. Any other
list is read item by item, and so is one with a fault in it, for then the place has to be told.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import partial

from sutler.catalog.mql.constant_parser import parse_constant
from sutler.catalog.mql.cursor import Cursor, suggest
from sutler.catalog.mql.errors import MqlSyntaxError, shorten
from sutler.catalog.mql.lexer import Kind
from sutler.catalog.mql.selectors import QualifiedName
from sutler.catalog.mql.terms import Constant, Number, Text, is_writable

LONG = 16
"""From how many items on it is worth looking at all of them at once."""

AFTER_FILES = ("from", "selected", "where", "limit", "skip", "ordered")

_NAMES = re.compile(r"[A-Za-z0-9_./ -]+")
_INTEGERS = re.compile(r"[+-]?[0-9]{1,18}(?: [+-]?[0-9]{1,18})*+")


def parse_fids(cursor: Cursor, over: Callable[[], bool], openers: frozenset[str]) -> tuple[str, ...]:
    """Read the list after `fids`. `over` says whether the thing after a comma is no file id but a set.

    Only words in `openers` can begin a set. Raises `MqlSyntaxError`.
    """
    if quick := _take_names(cursor, 1, openers):
        return tuple(quick[0])
    fids = [cursor.expect_name("a file id")]
    while cursor.accept_comma(over):
        fids.append(cursor.expect_name("a file id after ','"))
    return tuple(fids)


def parse_names(
    cursor: Cursor, over: Callable[[], bool], openers: frozenset[str], *, keyword: str, default_namespace: str | None
) -> tuple[QualifiedName, ...]:
    """Read the list after `files`. A name without a namespace takes that of the one before. Raises `MqlSyntaxError`."""
    if quick := _take_names(cursor, 3, openers):
        return tuple(map(QualifiedName, *quick))
    what = "a file name like namespace:name"
    names = [parse_name(cursor, default_namespace, f"{what} after '{keyword}'", near=AFTER_FILES)]
    while cursor.accept_comma(over):
        names.append(parse_name(cursor, names[-1].namespace, f"{what} after ','"))
    return tuple(names)


def parse_name(
    cursor: Cursor, namespace: str | None, what: str, *, thing: str = "file", near: tuple[str, ...] = ()
) -> QualifiedName:
    """Read one name, in `namespace` unless it says another. Raises `MqlSyntaxError`; `what` says what is expected."""
    start = cursor.index
    found = cursor.expect_name(what)
    if cursor.accept_sign(":"):
        return QualifiedName(found, cursor.expect_name(f"a {thing} name after the namespace"))
    if namespace is None:
        raise MqlSyntaxError(
            f"expected a {thing} name like namespace:name, but '{shorten(found)}' has no namespace"
            " and there is no default.",
            position=cursor.position(cursor.tokens.get(start)),
            suggestion=suggest(found, near),
        )
    return QualifiedName(namespace, found)


def parse_constants(cursor: Cursor) -> tuple[Constant, ...]:
    """Read constants with commas between them, and the bracket that closes them. Raises as `parse_constant`."""
    return _take_constants(cursor) or cursor.take_list(partial(parse_constant, cursor))


def _take_names(cursor: Cursor, width: int, openers: frozenset[str]) -> list[list[str]] | None:
    """Columns of names, when all items have `width` tokens of plain form: `name`, or `namespace : name`."""
    texts, kinds, start = cursor.tokens.texts, cursor.tokens.kinds, cursor.index
    count = _count_items(cursor, width)
    if count < LONG:
        return None
    end = start + count * (width + 1) - 1
    columns = [texts[start + place : end : width + 1] for place in range(0, width, 2)]
    words = [kinds[start + place : end : width + 1] for place in range(0, width, 2)]
    if any(set(column) != {Kind.WORD} for column in words) or not openers.isdisjoint(columns[0]):
        return None
    if width == 3 and set(texts[start + 1 : end : width + 1]) != {":"}:
        return None
    if not all(_NAMES.fullmatch(" ".join(column)) for column in columns):
        return None
    cursor.index = end
    return columns


def _take_constants(cursor: Cursor) -> tuple[Constant, ...] | None:
    texts, kinds, start = cursor.tokens.texts, cursor.tokens.kinds, cursor.index
    count = _count_items(cursor, 1)
    end = start + count * 2 - 1
    if count < LONG or end >= len(texts) or texts[end] != ")" or kinds[end] != Kind.SIGN:
        return None
    items, found = texts[start:end:2], set(kinds[start:end:2])
    taken: tuple[Constant, ...] | None = None
    if found == {Kind.WORD} and _INTEGERS.fullmatch(" ".join(items)):
        taken = tuple(map(Number, map(int, items)))
    elif found == {Kind.STRING} and is_writable("".join(items)):
        taken = tuple(map(Text, items))
    if taken:
        cursor.index = end + 1
    return taken


def _count_items(cursor: Cursor, width: int) -> int:
    """How many items of `width` tokens stand here with commas between them, whatever they are."""
    texts, kinds = cursor.tokens.texts, cursor.tokens.kinds
    # No copies: a query of a hundred thousand short lists would copy what is left of it as often.
    places = range(cursor.index + width, len(texts), width + 1)
    for count, place in enumerate(places, start=1):
        if texts[place] != "," or kinds[place] != Kind.SIGN:
            return count
    return len(places) + 1
