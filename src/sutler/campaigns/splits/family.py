"""What every split type can do."""

from __future__ import annotations

import dataclasses
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from sutler.campaigns.errors import SplitTypeError
from sutler.campaigns.splits.cut import Facts, Next, Position
from sutler.campaigns.splits.parameters import Parameter, describe_field, write_arguments


@dataclass(frozen=True)
class SplitType(ABC):
    """One way of cutting the data of a stage into slices. Its fields are its parameters.

    Printed, it is the text that `parse_split_type` reads; equal split types print the same.
    """

    name: ClassVar[str]
    """The word before the brackets."""
    help: ClassVar[str]
    """A sentence or two for who chooses among the split types."""
    example: ClassVar[str]
    """A text of this type, such as `drainingn(50)`."""
    uses_ledger: ClassVar[bool]
    """Whether files that an earlier slice of the pass has had are left out."""
    base_help: ClassVar[str] = "A query."
    """What stands in the query field of a stage that has this split type."""
    position_parameter: ClassVar[Parameter | None] = None
    """The one value that a position consists of; None where there is no position beside the ledger."""
    older_names: ClassVar[Mapping[str, Mapping[str, str]]] = {}
    """Other words that mean this type, and what they say of its parameters."""

    @classmethod
    def parameters(cls) -> tuple[Parameter, ...]:
        """What a form asks for, in the order in which it is written."""
        return tuple(describe_field(field) for field in dataclasses.fields(cls))

    @abstractmethod
    def cut(self, base: str, position: Position, facts: Facts) -> Next:
        """Say what the next slice is. Nothing moves by asking.

        `base` is the query field of the stage, and `position` where the last slice left the split, {} at first. Raises
        SplitTypeError if either is not what this type works on.
        """

    def check_base(self, base: str) -> None:
        """Raise SplitTypeError unless the query field is what this type works on. Queries in it are not looked into."""
        if not base.strip():
            raise SplitTypeError(f"{self} needs a query to work on, and there is none.")

    def list_queries(self, base: str) -> tuple[str, ...]:
        """The queries in the query field, for who can read them. Raises SplitTypeError."""
        self.check_base(base)
        return (base,)

    def check_position(self, position: Position) -> Position:
        """The position that somebody has set by hand, as it is kept. Raises SplitTypeError, which says what may be set.

        {} is the beginning. It is not compared with the data: a position behind their end is one.
        """
        where, asked = self.read_position(position), self.position_parameter
        if asked is None or where is None:
            return {}
        return {asked.name: where if isinstance(where, int) else asked.kind.write(where)}

    def read_position(self, position: Position) -> Any:  # noqa: ANN401 - of the kind of the position's parameter
        """The value of a position, or None at the beginning. Raises SplitTypeError."""
        asked = self.position_parameter
        if not position:
            return None
        if asked is None:
            raise SplitTypeError(f"{self} has no position that could be set: {self._why_no_position}.")
        given = position.get(asked.name)
        if set(position) != {asked.name} or isinstance(given, bool) or not isinstance(given, int | str):
            raise SplitTypeError(
                f"The position of {self} is one value, {asked.name}: {asked.help} It takes {asked.kind.hint}."
            )
        return asked.read(str(given), of=f"The position of {self}")

    def describe_position(self, position: Position) -> str:
        """Where the split stands, in a few words. Raises SplitTypeError."""
        where = self.read_position(position)
        if self.position_parameter is None:
            return self._why_no_position
        return "at its beginning" if where is None else self.describe_place(where)

    def describe_place(self, where: Any) -> str:  # noqa: ANN401 - of the kind of the position's parameter
        """Where the split stands by the value of its position, in a few words."""
        return f"at {where}"

    @property
    def _why_no_position(self) -> str:
        return "its ledger knows what was given out" if self.uses_ledger else "every slice is the same"

    def __str__(self) -> str:
        values = {field.name: getattr(self, field.name) for field in dataclasses.fields(self)}
        return self.name + write_arguments(self.parameters(), values)
