"""`stride(n, i)`: every n-th file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sutler.catalog.mql.filters.tools import Arguments, Candidate


@dataclass(frozen=True)
class Stride:
    """Lets the files pass whose place in the set, from 0, gives `index` as the rest when divided by `count`."""

    count: int
    index: int

    def apply(self, inputs: Sequence[Sequence[Candidate]]) -> Sequence[Candidate]:
        """Return every file at one of those places."""
        return inputs[0][self.index :: self.count]


def read(arguments: Arguments) -> Stride:
    """Read `stride(n, i)`; without `i` it begins with the first file. Raises `MqlMeaningError`."""
    arguments.take_one_set()
    count = arguments.take_whole("n", least=1)
    return Stride(count, arguments.take_whole("i", least=0, most=count - 1, default=0))
