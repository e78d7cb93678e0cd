"""`byexistingruns`: one run after the other, as they come."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from sutler.campaigns.splits.cut import Cut, Facts, Position, QueriedFiles
from sutler.campaigns.splits.family import SplitType
from sutler.catalog.model import GroupBy

RUNS = "core.runs"


@dataclass(frozen=True)
class ByExistingRuns(SplitType):
    """One run per slice: that of the first file left, with all files left of that run."""

    name: ClassVar[str] = "byexistingruns"
    help: ClassVar[str] = (
        f"One run per slice, as they come: the run of the first file left, by {RUNS}, with all files left of it. "
        "Files without a run are passed over; a file of several runs is delivered once."
    )
    example: ClassVar[str] = "byexistingruns"
    uses_ledger: ClassVar[bool] = True

    def cut(self, base: str, position: Position, facts: Facts) -> Cut:  # noqa: ARG002 - the ledger knows
        """The files left of the run of the first file left."""
        return Cut(
            QueriedFiles(base),
            uses_ledger=True,
            group_by=GroupBy(RUNS),
            when_empty_reason="the query has no further file that has a run",
        )
