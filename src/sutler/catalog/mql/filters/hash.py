"""`hash(n, i)`: one of n parts of a set that have nothing in common, whatever else is in the set."""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sutler.catalog.mql.filters.tools import Arguments, Candidate


@dataclass(frozen=True)
class Hash:
    """Lets the files pass whose file id has an Adler-32 checksum that gives `index` as the rest of `count`."""

    count: int
    index: int

    def apply(self, inputs: Sequence[Sequence[Candidate]]) -> Iterator[Candidate]:
        """Yield the files of this part."""
        return (file for file in inputs[0] if zlib.adler32(file.fid.encode()) % self.count == self.index)


def read(arguments: Arguments) -> Hash:
    """Read `hash(n, i)`. Raises `MqlMeaningError`."""
    arguments.take_one_set()
    count = arguments.take_whole("n", least=1)
    return Hash(count, arguments.take_whole("i", least=0, most=count - 1))
