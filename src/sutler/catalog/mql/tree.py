"""The tree of a file query: what the parser makes, the printer prints and the compiler compiles.

A file query is a set of files. Trees are plain values: they compare, hash and never change. Programs that need a part
of a set put a node on top of the tree (`limit`, `skip`, `minus`, `where`) and never touch text.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from sutler.catalog.mql.errors import MqlMeaningError
from sutler.catalog.mql.selectors import DatasetQuery, DatasetSelector, QualifiedName, QuerySearch
from sutler.catalog.mql.terms import Condition, Constant


@dataclass(frozen=True, slots=True)
class AllFiles:
    """Every file that the asker may see."""


@dataclass(frozen=True, slots=True)
class FromDatasets:
    """The members of the datasets, each once. An unknown dataset has none."""

    datasets: tuple[DatasetSelector, ...]


@dataclass(frozen=True, slots=True)
class NamedFiles:
    """Files by name, retired ones too. Unknown names are passed over."""

    names: tuple[QualifiedName, ...]


@dataclass(frozen=True, slots=True)
class FilesById:
    """Files by file id, retired ones too. Unknown ids are passed over."""

    fids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SelectedBy:
    """The files of a named query. `offset` is where the name stands in a text; it makes no difference."""

    name: QualifiedName
    offset: int | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Filtered:
    """What a filter leaves of one or more sets, in an order of its own.

    The order counts where the files are the result, where they are cut by a limit, and for a filter around this one.
    """

    name: str
    positional: tuple[Constant, ...]
    keywords: tuple[tuple[str, Constant], ...]
    sources: tuple[FileQuery, ...]


@dataclass(frozen=True, slots=True)
class GivenFiles:
    """Files that are known by their numbers, in their order: what takes the place of a filter. No text says it."""

    ids: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Union:
    """Files that are in any of the sets."""

    parts: tuple[FileQuery, ...]


@dataclass(frozen=True, slots=True)
class Join:
    """Files that are in every one of the sets."""

    parts: tuple[FileQuery, ...]


@dataclass(frozen=True, slots=True)
class Minus:
    """Files of the left set that are not in the right one."""

    left: FileQuery
    right: FileQuery


@dataclass(frozen=True, slots=True)
class Parents:
    """Direct parents of the files of a set, without retired ones."""

    source: FileQuery


@dataclass(frozen=True, slots=True)
class Children:
    """Direct children of the files of a set, without retired ones."""

    source: FileQuery


@dataclass(frozen=True, slots=True)
class Where:
    """Files of a set for which a condition is true."""

    source: FileQuery
    condition: Condition


@dataclass(frozen=True, slots=True)
class Limit:
    """The first files of a set, by creation time and then file id."""

    source: FileQuery
    count: int


@dataclass(frozen=True, slots=True)
class Skip:
    """A set without its first files, by creation time and then file id."""

    source: FileQuery
    count: int


@dataclass(frozen=True, slots=True)
class Ordered:
    """A set in the order of creation time and then file id."""

    source: FileQuery


FileQuery = (
    AllFiles
    | FromDatasets
    | NamedFiles
    | FilesById
    | SelectedBy
    | Filtered
    | GivenFiles
    | Union
    | Join
    | Minus
    | Parents
    | Children
    | Where
    | Limit
    | Skip
    | Ordered
)

Query = FileQuery | DatasetQuery | QuerySearch
"""Whatever a text can ask for."""


def limit(tree: FileQuery, count: int) -> FileQuery:
    """The first `count` files; none for a negative count."""
    return Limit(tree, max(count, 0))


def skip(tree: FileQuery, count: int) -> FileQuery:
    """All but the first `count` files. Raises `MqlMeaningError` for a negative count."""
    if count < 0:
        raise MqlMeaningError(f"a number of files to skip cannot be negative, like {count}.")
    return Skip(tree, count)


def minus(tree: FileQuery, other: FileQuery) -> FileQuery:
    """The files of `tree` that are not in `other`."""
    return Minus(tree, other)


def where(tree: FileQuery, condition: Condition) -> FileQuery:
    """The files of `tree` for which the condition is true."""
    return Where(tree, condition)
