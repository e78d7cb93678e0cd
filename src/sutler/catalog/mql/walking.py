"""Going through a tree, and making the same tree of other parts."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from sutler.catalog.mql.tree import (
    Children,
    FileQuery,
    Filtered,
    Join,
    Limit,
    Minus,
    Ordered,
    Parents,
    Skip,
    Union,
    Where,
)


def operands_of(tree: FileQuery) -> tuple[FileQuery, ...]:
    """The sets that a set is made of, in the order of the text."""
    match tree:
        case Union(parts) | Join(parts):
            return parts
        case Filtered():
            return tree.sources
        case Minus(left, right):
            return (left, right)
        case Parents() | Children() | Where() | Limit() | Skip() | Ordered():
            return (tree.source,)
        case _:
            return ()


def rebuild(tree: FileQuery, operands: tuple[FileQuery, ...]) -> FileQuery:
    """The same set made of other sets, as many as `operands_of` gives."""
    match tree:
        case Union() | Join():
            return replace(tree, parts=operands)
        case Filtered():
            return replace(tree, sources=operands)
        case Minus():
            return Minus(*operands)
        case Parents() | Children() | Where() | Limit() | Skip() | Ordered():
            return replace(tree, source=operands[0])
        case _:
            return tree


def walk(tree: FileQuery) -> Iterator[tuple[int, FileQuery]]:
    """Every set in the tree with its depth, the root at 1. Needs no recursion, so any depth will do."""
    waiting: list[tuple[int, FileQuery]] = [(1, tree)]
    while waiting:
        depth, node = waiting.pop()
        yield depth, node
        waiting.extend((depth + 1, operand) for operand in operands_of(node))
