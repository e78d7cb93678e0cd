"""Rewriting a tree into a simpler one for the same files, before it is compiled.

In the result no union stands directly in a union and no join in a join; cuts are folded, so that at most a limit stands
on a skip; conditions stand as far down as they can, at most one on a set, unless that would be in too many places; and
`ordered` is gone, for a set always comes in order.
"""

from __future__ import annotations

from sutler.base.reading.conditions import And
from sutler.catalog.mql.sizes import count_terms
from sutler.catalog.mql.terms import Condition
from sutler.catalog.mql.tree import (
    FileQuery,
    Filtered,
    Join,
    Limit,
    Minus,
    Ordered,
    Skip,
    Union,
    Where,
)
from sutler.catalog.mql.walking import operands_of, rebuild

MAX_COUNT = 2**63 - 1
"""The largest number of files the database can count."""

MAX_PLACES = 16
"""In how many places a condition may stand for the one where it was written: a statement must not outgrow its query."""

MAX_COPIES = 128
"""How many terms all copies of a condition may have together."""


def simplify(tree: FileQuery) -> FileQuery:  # noqa: PLR0911 - one return per kind of set
    """Apply all passes, from the leaves to the root. What a filter takes stays as it is: there the order counts."""
    match tree:
        case Union(parts):
            return _flatten(Union, parts)
        case Join(parts):
            return _flatten(Join, parts)
        case Filtered():
            return tree
        case Ordered(source):
            return simplify(source)
        case Limit(source, count):
            return _fold_limit(simplify(source), count)
        case Skip(source, count):
            return _fold_skip(simplify(source), count)
        case Where(source, condition):
            return _push_condition(simplify(source), condition)
        case _:
            return rebuild(tree, tuple(simplify(operand) for operand in operands_of(tree)))


def _flatten(kind: type[Union | Join], parts: tuple[FileQuery, ...]) -> FileQuery:
    flat: dict[FileQuery, None] = {}
    for part in map(simplify, parts):
        flat.update(dict.fromkeys(part.parts if isinstance(part, kind) else (part,)))
    return kind(tuple(flat)) if len(flat) > 1 else next(iter(flat))


def _fold_limit(source: FileQuery, count: int) -> FileQuery:
    if isinstance(source, Limit):
        return Limit(source.source, min(source.count, count))
    return Limit(source, min(count, MAX_COUNT))


def _fold_skip(source: FileQuery, count: int) -> FileQuery:
    match source:
        case _ if count == 0:
            return source
        case Limit(inner, limit):
            return Limit(_fold_skip(inner, min(count, limit)), max(limit - count, 0))
        case Skip(inner, skipped):
            return Skip(inner, min(skipped + count, MAX_COUNT))
        case _:
            return Skip(source, min(count, MAX_COUNT))


def _push_condition(source: FileQuery, condition: Condition) -> FileQuery:
    match source:
        case Union(parts) if _may_be_copied(condition, _count_places(source)):
            return Union(tuple(_push_condition(part, condition) for part in parts))
        case Minus(left, right):
            return Minus(_push_condition(left, condition), right)
        case Where(inner, first):
            return Where(inner, And((*_items(first), *_items(condition))))
        case _:
            return Where(source, condition)


def _may_be_copied(condition: Condition, places: int) -> bool:
    return places <= MAX_PLACES and places * count_terms(condition) <= MAX_COPIES


def _count_places(tree: FileQuery) -> int:
    """In how many places a condition would stand that is put as far down as can be."""
    match tree:
        case Union(parts):
            return sum(_count_places(part) for part in parts)
        case Minus(left, _):
            return _count_places(left)
        case _:
            return 1


def _items(condition: Condition) -> tuple[Condition, ...]:
    return condition.items if isinstance(condition, And) else (condition,)
