"""`sample(f)`: evenly spread over the set, that part of it which `f` says."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction

from sutler.catalog.mql.errors import MqlMeaningError, shorten
from sutler.catalog.mql.filters.tools import Arguments, Candidate


@dataclass(frozen=True)
class Sample:
    """Lets a file pass each time the sum of the fraction, file by file, reaches the next whole number.

    The fraction is taken as it is written: 0.1 is a tenth, so that of ten files the tenth passes.
    """

    fraction: Fraction

    def apply(self, inputs: Sequence[Sequence[Candidate]]) -> Iterator[Candidate]:
        """Yield every file at which the sum grows over a whole number."""
        up, down = self.fraction.numerator, self.fraction.denominator
        for index, file in enumerate(inputs[0]):
            if (index + 1) * up // down > index * up // down:
                yield file


def read(arguments: Arguments) -> Sample:
    """Read `sample(f)`. Raises `MqlMeaningError`."""
    arguments.take_one_set()
    given = arguments.take("fraction")
    if not 0 <= given <= 1:
        raise MqlMeaningError(
            f"the argument 'fraction' of the filter 'sample' must be between 0 and 1, not {shorten(repr(given))}."
        )
    return Sample(Fraction(repr(given)))
