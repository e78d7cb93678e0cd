"""The tree of a file query: what the parser makes, the printer prints and the compiler compiles.

A file query is a set of files. Trees are plain values: they compare, hash and never change. Programs that need a part
of a set put a node on top of the tree (`limit`, `skip`, `minus`, `where`) and never touch text.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum

from sutler.catalog.mql.errors import MqlMeaningError
from sutler.catalog.mql.terms import Condition


@dataclass(frozen=True, slots=True)
class QualifiedName:
    """A name in its namespace, of a file or a dataset."""

    namespace: str
    name: str


@dataclass(frozen=True, slots=True)
class DatasetPattern:
    """Datasets of one namespace by wildcards: `*` and `%` any run, `?` and `_` one character."""

    namespace: str
    pattern: str


@dataclass(frozen=True, slots=True)
class DatasetRegexp:
    """Datasets of one namespace by a regular expression of PostgreSQL, found anywhere in the name."""

    namespace: str
    regexp: str


class Subsets(Enum):
    """How far a dataset brings its subsets along; it is always in itself."""

    NONE = ""
    DIRECT = " with subsets"
    RECURSIVE = " with subsets recursively"


@dataclass(frozen=True, slots=True)
class DatasetSelector:
    """Datasets by name or pattern, with subsets, of which those stay that fulfil `having`."""

    name: QualifiedName | DatasetPattern | DatasetRegexp
    subsets: Subsets = Subsets.NONE
    having: Condition | None = None


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


def operands_of(tree: FileQuery) -> tuple[FileQuery, ...]:
    """The sets that a set is made of, in the order of the text."""
    match tree:
        case Union(parts) | Join(parts):
            return parts
        case Minus(left, right):
            return (left, right)
        case Parents() | Children() | Where() | Limit() | Skip() | Ordered():
            return (tree.source,)
        case _:
            return ()


def walk(tree: FileQuery) -> Iterator[tuple[int, FileQuery]]:
    """Every set in the tree with its depth, the root at 1. Needs no recursion, so any depth will do."""
    waiting: list[tuple[int, FileQuery]] = [(1, tree)]
    while waiting:
        depth, node = waiting.pop()
        yield depth, node
        waiting.extend((depth + 1, operand) for operand in operands_of(node))
