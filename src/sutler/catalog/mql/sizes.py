"""How large a query may be: what a statement, the stack of the server and its planner can take."""

from __future__ import annotations

from typing import NamedTuple, Self

from sutler.base.reading.conditions import And, Not, Or
from sutler.catalog.mql.selectors import DatasetSelector, QualifiedName, Subsets
from sutler.catalog.mql.terms import Condition
from sutler.catalog.mql.tree import FileQuery, FromDatasets, Limit, Minus, Ordered, Skip, Where

MAX_SETS = 1000
"""How many sets of files, and of datasets that are not just named, a query may be made of."""

MAX_TERMS = 3000
"""How many terms all conditions of a query may have together. Sets and lists in them may be as long as they like."""


class Size(NamedTuple):
    """How large a query is, or a part of it."""

    sets: int = 0
    terms: int = 0

    def plus(self, other: Size) -> Self:
        """Both together."""
        return type(self)(self.sets + other.sets, self.terms + other.terms)

    @property
    def excess(self) -> str | None:
        """What there is too much of, in words."""
        if self.sets > MAX_SETS:
            return f"more than {MAX_SETS} sets"
        return f"more than {MAX_TERMS} comparisons" if self.terms > MAX_TERMS else None


ONE_SET, ONE_TERM = Size(sets=1), Size(terms=1)


def size_of_node(node: FileQuery) -> Size:
    """The size of a node of the tree without what is below it. A cut or a difference adds nothing to its sets."""
    match node:
        case Where(_, condition):
            return Size(terms=count_terms(condition))
        case FromDatasets(datasets):
            others = sum(not is_just_named(one) for one in datasets)
            return Size(1 + others, sum(_count_having(one) for one in datasets))
        case Minus() | Limit() | Skip() | Ordered():
            return Size()
        case _:
            return ONE_SET


def is_just_named(selector: DatasetSelector) -> bool:
    """Whether a dataset is said by its name alone; any number of these are one set."""
    return isinstance(selector.name, QualifiedName) and selector.subsets is Subsets.NONE and selector.having is None


def count_terms(condition: Condition) -> int:
    """How many terms a condition has."""
    match condition:
        case Not(item):
            return count_terms(item)
        case And(items) | Or(items):
            return sum(count_terms(item) for item in items)
        case _:
            return 1


def _count_having(selector: DatasetSelector) -> int:
    return count_terms(selector.having) if selector.having else 0
