"""Putting what named queries say in the place of their names."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from sutler.catalog.mql.cursor import MAX_DEPTH
from sutler.catalog.mql.errors import MqlMeaningError
from sutler.catalog.mql.selectors import QualifiedName
from sutler.catalog.mql.sizes import Size, size_of_node
from sutler.catalog.mql.tree import FileQuery, SelectedBy
from sutler.catalog.mql.walking import operands_of, rebuild, walk

MAX_NAMED_QUERIES = 100
"""How many named queries one query may be made of."""


def names_in(tree: FileQuery) -> Iterator[SelectedBy]:
    """Yield the places of the tree where a named query stands."""
    return (node for _, node in walk(tree) if isinstance(node, SelectedBy))


def expand(tree: FileQuery, known: Mapping[QualifiedName, FileQuery]) -> FileQuery:
    """The tree with each named query replaced by what it says, however many of them stand in each other.

    `known` has every name that occurs. Raises `MqlMeaningError` for queries that select by themselves, and when the
    whole gets too large or too deep.
    """
    return _Expansion(known).expand(tree)


class _Expansion:
    def __init__(self, known: Mapping[QualifiedName, FileQuery]) -> None:
        self.known = known
        self.done: dict[QualifiedName, FileQuery] = {}
        self.sizes: dict[QualifiedName, Size] = {}
        self.open: list[QualifiedName] = []

    def expand(self, tree: FileQuery) -> FileQuery:
        size = Size()
        for _, node in walk(tree):
            size = size.plus(self._enter(node.name) if isinstance(node, SelectedBy) else size_of_node(node))
            if excess := size.excess:
                raise MqlMeaningError(f"with its named queries the query is made of {excess}.")
        expanded = self._replace(tree)
        if max(depth for depth, _ in walk(expanded)) > MAX_DEPTH:
            raise MqlMeaningError(f"with its named queries the query is nested more than {MAX_DEPTH} levels deep.")
        if self.open:
            self.sizes[self.open[-1]] = size
        return expanded

    def _enter(self, name: QualifiedName) -> Size:
        """Expand a named query, once, and return its size."""
        if name in self.open:
            circle = [*self.open[self.open.index(name) :], name]
            said = " by ".join(f"{one.namespace}:{one.name}" for one in circle)
            raise MqlMeaningError(f"a named query cannot select by itself: {said}.")
        if name not in self.done:
            self.open.append(name)
            self.done[name] = self.expand(self.known[name])
            self.open.pop()
        return self.sizes[name]

    def _replace(self, tree: FileQuery) -> FileQuery:
        if isinstance(tree, SelectedBy):
            return self.done[tree.name]
        operands = operands_of(tree)
        return rebuild(tree, tuple(self._replace(operand) for operand in operands)) if operands else tree
