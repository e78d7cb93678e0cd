"""No split: every launch takes the whole data set."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from sutler.campaigns.splits.cut import Cut, Facts, Position, QueriedFiles, WhenEmpty
from sutler.campaigns.splits.family import SplitType


@dataclass(frozen=True)
class Whole(SplitType):
    """Every submission processes all files of the query, also those that earlier submissions had."""

    name: ClassVar[str] = "None"
    help: ClassVar[str] = "No split. Every submission processes all files of the query, each time again."
    example: ClassVar[str] = "None"
    uses_ledger: ClassVar[bool] = False
    base_help: ClassVar[str] = (
        "A query. It may be empty where the stage works on a project or gets its files elsewhere."
    )

    @property
    def slice_limit(self) -> None:
        """All files."""
        return

    def cut(self, base: str, position: Position, facts: Facts) -> Cut:  # noqa: ARG002 - every slice is the same
        """All files of the query."""
        return Cut(
            QueriedFiles(base), uses_ledger=False, when_empty=WhenEmpty.WAIT, when_empty_reason="the query has no file"
        )

    def check_base(self, base: str) -> None:
        """Anything will do: without a split a stage may do without a query."""

    def list_queries(self, base: str) -> tuple[str, ...]:
        """The query, if there is one."""
        return (base,) if base.strip() else ()
