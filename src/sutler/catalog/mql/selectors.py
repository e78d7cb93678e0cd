"""The part of the tree that says which datasets or named queries are meant, and the two searches made of just that."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from sutler.catalog.mql.terms import Condition


@dataclass(frozen=True, slots=True)
class QualifiedName:
    """A name in its namespace, of a file, a dataset or a named query."""

    namespace: str
    name: str


@dataclass(frozen=True, slots=True)
class NamePattern:
    """Names of one namespace by wildcards: `*` and `%` any run, `?` and `_` one character."""

    namespace: str
    pattern: str


@dataclass(frozen=True, slots=True)
class NameRegexp:
    """Names of one namespace by a regular expression of PostgreSQL, found anywhere in the name."""

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

    name: QualifiedName | NamePattern | NameRegexp
    subsets: Subsets = Subsets.NONE
    having: Condition | None = None


@dataclass(frozen=True, slots=True)
class DatasetQuery:
    """A search for datasets: those of any of the selectors, each once."""

    datasets: tuple[DatasetSelector, ...]


@dataclass(frozen=True, slots=True)
class QuerySearch:
    """A search for named queries by their names and by what is said about them. Without either: all."""

    matching: NamePattern | NameRegexp | None = None
    condition: Condition | None = None
