"""Words of what pages draw: where a file comes from and goes to, and what the metadata of a dataset hold."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from sutler.catalog.model import FileReference


@dataclass(frozen=True)
class Generation:
    """The files of one step of provenance: the first ones, and how many more there are.

    `distance` is negative above the file and positive below it. Of very many the rest is not counted: there are at
    least as many more, and `is_counted` is false.
    """

    distance: int
    files: tuple[FileReference, ...]
    more_count: int = 0
    is_counted: bool = True


@dataclass(frozen=True)
class Lineage:
    """A file with the generations around it, the farthest ancestors first; its own stands where the distance is 0.

    `links` are (parent, child) by the internal numbers of files that are there.
    """

    generations: tuple[Generation, ...]
    links: tuple[tuple[int, int], ...]


@dataclass(frozen=True)
class ValueCount:
    """How often a value occurs, or how many numbers fall into a bin, counted from 1. Long texts are cut."""

    text: str
    count: int
    bin: int | None = None


@dataclass(frozen=True)
class Distribution:
    """What the values of one metadata key are among some files.

    When `low` and `high` are given the counts are of bins of equal width between them, `bin_count` of them; else of the
    most frequent values, of which there are `distinct_count`.
    """

    key: str
    count: int
    distinct_count: int
    counts: tuple[ValueCount, ...]
    low: Decimal | None = None
    high: Decimal | None = None
    bin_count: int = 0

    @property
    def other_count(self) -> int:
        """How many files have a value that is not among the counts."""
        return self.count - sum(part.count for part in self.counts)


@dataclass(frozen=True)
class DatasetSample:
    """What the metadata of the first files of a dataset hold. `keys` are all keys found, the most frequent first."""

    file_count: int
    keys: tuple[str, ...]
    distributions: tuple[Distribution, ...]
