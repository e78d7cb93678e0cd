"""`bytime(8h)`: as many files as will probably be done within a time."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from math import floor
from typing import ClassVar

from sutler.campaigns.splits.amounts import COUNT, DURATION
from sutler.campaigns.splits.cut import Cut, Facts, Position, QueriedFiles
from sutler.campaigns.splits.family import SplitType
from sutler.campaigns.splits.parameters import parameter

_QUICKEST = timedelta(milliseconds=1).total_seconds()


@dataclass(frozen=True)
class ByTime(SplitType):
    """Files in order by the time that files of the stage took lately, and at least one; each file once."""

    time: timedelta = field(
        metadata=parameter(DURATION, "How long the files of a slice may take, one after the other.")
    )
    first: int = field(
        default=10, metadata=parameter(COUNT, "How many files a slice has while no file of the stage has been done.")
    )

    name: ClassVar[str] = "bytime"
    help: ClassVar[str] = (
        "As many files not delivered before as will probably be done within a time, one after the other, and at least "
        "one, judging by how long files of this stage took lately."
    )
    example: ClassVar[str] = "bytime(8h, first=10)"
    uses_ledger: ClassVar[bool] = True

    def cut(self, base: str, position: Position, facts: Facts) -> Cut:  # noqa: ARG002 - the ledger knows
        """The next files in order, as many as fit in the time."""
        if facts.seconds_per_file is None:
            return Cut(QueriedFiles(base), uses_ledger=True, limit=self.first, note="no file of the stage is done yet")
        count = floor(self.time.total_seconds() / max(facts.seconds_per_file, _QUICKEST))
        return Cut(
            QueriedFiles(base),
            uses_ledger=True,
            limit=max(1, count),
            note=f"a file takes {facts.seconds_per_file:.3g} s",
        )
