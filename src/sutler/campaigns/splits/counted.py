"""What the split types have in common that take n files at a time."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

from sutler.campaigns.splits.amounts import COUNT
from sutler.campaigns.splits.cut import Cut, Facts, Position, QueriedFiles
from sutler.campaigns.splits.family import SplitType
from sutler.campaigns.splits.parameters import parameter


@dataclass(frozen=True)
class Counted(SplitType):
    """Up to n files of the query in order."""

    n: int = field(metadata=parameter(COUNT, "At most how many files a slice has."))

    uses_ledger: ClassVar[bool] = True

    @property
    def slice_limit(self) -> int:
        """Up to n files."""
        return self.n

    def cut(self, base: str, position: Position, facts: Facts) -> Cut:  # noqa: ARG002 - the ledger knows
        """The next files in order, up to n."""
        return Cut(QueriedFiles(base), uses_ledger=self.uses_ledger, limit=self.n)
