"""`multiparam`: every combination of the values of several lists."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import ClassVar

from sutler.campaigns.errors import SplitTypeError
from sutler.campaigns.splits.amounts import NUMBER
from sutler.campaigns.splits.cut import Cut, Ended, Facts, JobData, Position
from sutler.campaigns.splits.family import SplitType
from sutler.campaigns.splits.literals import is_plain_text, read_list
from sutler.campaigns.splits.parameters import Parameter


@dataclass(frozen=True)
class MultiParam(SplitType):
    """One combination per slice, joined by `_`, the first list varying fastest. No files are involved."""

    name: ClassVar[str] = "multiparam"
    help: ClassVar[str] = (
        "One combination of the values of several lists per slice, joined by _, the first list varying fastest. "
        "It arrives as %(parameter)s; no files are involved. For generation, such as particles by energies."
    )
    example: ClassVar[str] = "multiparam"
    uses_ledger: ClassVar[bool] = False
    base_help: ClassVar[str] = 'Lists of values, such as [["mu", "pi"], ["1GeV", "5GeV"]].'
    position_parameter: ClassVar[Parameter | None] = Parameter("index", NUMBER, "How many combinations were given out.")

    def cut(self, base: str, position: Position, facts: Facts) -> Cut | Ended:  # noqa: ARG002 - nothing of the world
        """The next combination."""
        columns = _read_columns(base)
        index = self.read_position(position) or 0
        count = prod(len(column) for column in columns)
        if index >= count:
            return Ended(f"all {count} combinations were given out")
        value = _combine(columns, index)
        return Cut(
            JobData(value, is_query=False),
            uses_ledger=False,
            then={"index": index + 1},
            note=f"{value}, {index + 1} of {count}",
        )

    def check_base(self, base: str) -> None:
        """Refuse what is not lists of texts, and a list without a value."""
        _read_columns(base)

    def list_queries(self, base: str) -> tuple[str, ...]:
        """None: there are values instead."""
        self.check_base(base)
        return ()

    def describe_place(self, where: int) -> str:
        """How many combinations were given out."""
        return f"{where} combinations given out"


def _read_columns(base: str) -> list[list[str]]:
    columns: list[list[str]] = []
    for number, values in enumerate(read_list(base), start=1):
        if not isinstance(values, list) or not values or not all(is_plain_text(value) for value in values):
            raise SplitTypeError(
                f'multiparam needs lists of texts, such as [["a", "b"], ["d", "e"]]; number {number} is not one.'
            )
        columns.append(values)
    if not columns:
        raise SplitTypeError("multiparam needs at least one list of texts, and there is none.")
    return columns


def _combine(columns: list[list[str]], index: int) -> str:
    chosen = []
    for column in columns:
        index, place = divmod(index, len(column))
        chosen.append(column[place])
    return "_".join(chosen)
