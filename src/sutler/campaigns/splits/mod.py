"""`mod(m)`: m disjoint parts."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

from sutler.campaigns.errors import SplitTypeError
from sutler.campaigns.splits.amounts import COUNT, NUMBER
from sutler.campaigns.splits.cut import Cut, Ended, Facts, Position, QueriedFiles
from sutler.campaigns.splits.family import SplitType
from sutler.campaigns.splits.parameters import Parameter, parameter
from sutler.catalog.model import Part

_MOST_PARTS = 1_000_000


@dataclass(frozen=True)
class Mod(SplitType):
    """m slices that together have each file once, by every m-th file in order.

    Which files are in which part is settled when the first is taken; what appears later waits for a reset.
    """

    m: int = field(metadata=parameter(COUNT, "How many parts there are."))

    name: ClassVar[str] = "mod"
    help: ClassVar[str] = (
        "m slices of about the same number of files, each taking every m-th file. Which file is in which slice is "
        "settled at the first launch; files that appear later are not taken until the split is reset."
    )
    example: ClassVar[str] = "mod(4)"
    uses_ledger: ClassVar[bool] = True
    position_parameter: ClassVar[Parameter | None] = Parameter("part", NUMBER, "How many parts were given out.")

    def __post_init__(self) -> None:
        if self.m > _MOST_PARTS:
            raise SplitTypeError(f"{self.name}: there may be up to {_MOST_PARTS} parts, not {self.m}.")

    def cut(self, base: str, position: Position, facts: Facts) -> Cut | Ended:  # noqa: ARG002 - nothing of the world
        """The next part. One without files ends the pass, unless they were retired and later parts have some."""
        number = self.read_position(position) or 0
        if number >= self.m:
            return Ended(f"all {self.m} parts were given out")
        name = f"part {number + 1} of {self.m}"
        return Cut(
            QueriedFiles(base),
            uses_ledger=True,
            part=Part(number, self.m),
            then={"part": number + 1},
            note=name,
            when_empty_reason=f"{name} has no file",
        )

    def describe_place(self, where: int) -> str:
        """How many parts were given out."""
        return f"{where} of {self.m} parts given out"
