"""`draining`: the same query every time, handed to the jobs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from sutler.campaigns.splits.cut import Cut, Facts, JobData, Position
from sutler.campaigns.splits.family import SplitType


@dataclass(frozen=True)
class Draining(SplitType):
    """Hands the query to the jobs as it is and makes no project. It never ends."""

    name: ClassVar[str] = "draining"
    help: ClassVar[str] = (
        "The query is handed to the jobs as it is, at every launch, without a project. "
        "For a query that by itself leaves out what is finished."
    )
    example: ClassVar[str] = "draining"
    uses_ledger: ClassVar[bool] = False

    def cut(self, base: str, position: Position, facts: Facts) -> Cut:  # noqa: ARG002 - every slice is the same
        """The query itself."""
        return Cut(JobData(base, is_query=True), uses_ledger=False)
