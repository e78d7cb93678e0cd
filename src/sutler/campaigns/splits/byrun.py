"""`byrun(low, high)`: one run after the other, by number."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

from sutler.campaigns.errors import SplitTypeError
from sutler.campaigns.splits.amounts import NUMBER
from sutler.campaigns.splits.cut import Cut, Facts, Position, QueriedFiles
from sutler.campaigns.splits.family import SplitType
from sutler.campaigns.splits.parameters import parameter
from sutler.catalog.model import GroupBy, ValueWithin

RUN_NUMBER = "core.run_number"


@dataclass(frozen=True)
class ByRun(SplitType):
    """One run per slice, the lowest that has files left first. Runs without files are passed over."""

    low: int = field(default=1, metadata=parameter(NUMBER, "The first run."))
    high: int = field(default=999_999, metadata=parameter(NUMBER, "The last run, which is taken too."))

    name: ClassVar[str] = "byrun"
    help: ClassVar[str] = (
        f"One run per slice, from low to high, both included, by the number under {RUN_NUMBER}. "
        "Runs without files are passed over."
    )
    example: ClassVar[str] = "byrun(low=1, high=500)"
    uses_ledger: ClassVar[bool] = True

    def __post_init__(self) -> None:
        if self.low > self.high:
            raise SplitTypeError(f"{self.name}: low is {self.low} and above high, which is {self.high}.")

    def cut(self, base: str, position: Position, facts: Facts) -> Cut:  # noqa: ARG002 - the ledger knows
        """The files of the lowest run that has any left."""
        return Cut(
            QueriedFiles(base),
            uses_ledger=True,
            filters=(ValueWithin(RUN_NUMBER, self.low, self.high),),
            group_by=GroupBy(RUN_NUMBER, is_ascending=True),
            when_empty_reason=f"the query has no further file of the runs {self.low} to {self.high}",
        )
