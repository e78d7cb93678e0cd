"""`byevents(n)`: as many files as stay within a number of events."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

from sutler.campaigns.splits.amounts import COUNT
from sutler.campaigns.splits.cut import Cut, Facts, Position, QueriedFiles
from sutler.campaigns.splits.family import SplitType
from sutler.campaigns.splits.parameters import parameter
from sutler.catalog.model import Budget, Measure


@dataclass(frozen=True)
class ByEvents(SplitType):
    """Files in order up to a number of events together, and at least one; each file once."""

    n: int = field(metadata=parameter(COUNT, "At most how many events a slice has."))

    name: ClassVar[str] = "byevents"
    help: ClassVar[str] = (
        "As many files not delivered before as have up to n events together, and at least one, by core.event_count. "
        "A file without that number counts nothing."
    )
    example: ClassVar[str] = "byevents(100000)"
    uses_ledger: ClassVar[bool] = True

    def cut(self, base: str, position: Position, facts: Facts) -> Cut:  # noqa: ARG002 - the ledger knows
        """The next files in order, by their numbers of events."""
        return Cut(QueriedFiles(base), uses_ledger=True, budget=Budget(Measure.EVENTS, self.n))
