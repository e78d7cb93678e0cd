"""`bysize(10GB)`: as many files as stay within an amount of data."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

from sutler.campaigns.splits.amounts import SIZE
from sutler.campaigns.splits.cut import Cut, Facts, Position, QueriedFiles
from sutler.campaigns.splits.family import SplitType
from sutler.campaigns.splits.parameters import parameter
from sutler.catalog.model import Budget, Measure


@dataclass(frozen=True)
class BySize(SplitType):
    """Files in order up to an amount of data together, and at least one; each file once."""

    size: int = field(metadata=parameter(SIZE, "At most how much data a slice has."))

    name: ClassVar[str] = "bysize"
    help: ClassVar[str] = (
        "As many files not delivered before as stay within an amount of data together, and at least one. "
        "For files of very different sizes."
    )
    example: ClassVar[str] = "bysize(10GB)"
    uses_ledger: ClassVar[bool] = True

    def cut(self, base: str, position: Position, facts: Facts) -> Cut:  # noqa: ARG002 - the ledger knows
        """The next files in order, by their sizes."""
        return Cut(QueriedFiles(base), uses_ledger=True, budget=Budget(Measure.BYTES, self.size))
