"""`mix(r1, r2…)`: several sets woven into one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sutler.catalog.mql.errors import MqlMeaningError, shorten
from sutler.catalog.mql.filters.tools import Arguments, Candidate

SMALLEST, LARGEST = 1e-6, 1e6


@dataclass(frozen=True)
class Mix:
    """Takes files in turn from the sets, as many from each as its ratio says, until the set whose turn it is has none.

    A file that is in several sets comes once; of sets that are equally far behind, the first is next.
    """

    ratios: tuple[int | float, ...]

    def apply(self, inputs: Sequence[Sequence[Candidate]]) -> Iterator[Candidate]:
        """Yield the files in their turn."""
        waiting = [iter(files) for files in inputs]
        taken = [0] * len(inputs)
        given: set[int] = set()
        while True:
            turn = min(range(len(inputs)), key=lambda i: (taken[i] + 1) / self.ratios[i])
            file = next((file for file in waiting[turn] if file.id not in given), None)
            if file is None:
                return
            taken[turn] += 1
            given.add(file.id)
            yield file


def read(arguments: Arguments) -> Mix:
    """Read `mix(r1, r2…)`: a ratio for each set. Raises `MqlMeaningError`."""
    ratios = arguments.take_rest("ratio")
    if len(ratios) != arguments.count:
        raise MqlMeaningError(
            f"the filter 'mix' takes a ratio for each set of files; these are {len(ratios)} and {arguments.count}."
        )
    for ratio in ratios:
        if not SMALLEST <= ratio <= LARGEST:
            bounds = f"between {SMALLEST} and {LARGEST}"
            raise MqlMeaningError(f"a ratio of the filter 'mix' must be {bounds}, not {shorten(repr(ratio))}.")
    return Mix(tuple(ratios))
