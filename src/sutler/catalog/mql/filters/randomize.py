"""`randomize(seed=, window=)`: out of order, but the same way each time."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sutler.catalog.mql.filters.tools import Arguments, Candidate

WINDOW = 1000


@dataclass(frozen=True)
class Randomize:
    """Shuffles the files of each window, which is so many files in a row. A seed always gives the same order.

    The order comes from a hash of seed and file id, so it is the same on every machine and in every version.
    """

    seed: int | float
    window: int

    def apply(self, inputs: Sequence[Sequence[Candidate]]) -> Iterator[Candidate]:
        """Yield window after window."""
        files = inputs[0]
        for start in range(0, len(files), self.window):
            yield from sorted(files[start : start + self.window], key=self._place)

    def _place(self, file: Candidate) -> bytes:
        return hashlib.blake2b(f"{self.seed!r}:{file.fid}".encode(), digest_size=16).digest()


def read(arguments: Arguments) -> Randomize:
    """Read `randomize(seed, window)`; both may be left out. Raises `MqlMeaningError`."""
    arguments.take_one_set()
    seed = arguments.take("seed", 0)
    return Randomize(seed, arguments.take_whole("window", least=1, default=WINDOW))
