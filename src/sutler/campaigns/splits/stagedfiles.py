"""`stagedfiles(n)`: up to n files that another project has done."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from sutler.campaigns.errors import SplitTypeError
from sutler.campaigns.splits.amounts import COUNT
from sutler.campaigns.splits.counted import Counted
from sutler.campaigns.splits.cut import Cut, DoneFiles, Facts, Position, WhenEmpty


@dataclass(frozen=True)
class StagedFiles(Counted):
    """Feeds on a project that is still running, such as one that brings files from tape."""

    name: ClassVar[str] = "stagedfiles"
    help: ClassVar[str] = (
        "Up to n files that another project has done and that were not delivered before, while that project goes on. "
        "For files that are brought from tape first."
    )
    example: ClassVar[str] = "stagedfiles(100)"
    base_help: ClassVar[str] = "The number of the project whose files are taken as they are done, such as 42."

    def cut(self, base: str, position: Position, facts: Facts) -> Cut:  # noqa: ARG002 - time does not matter
        """The next files that the project has done; while it is running, more may come.

        The ledger knows which were delivered. Where the last one stood spares looking at all of them again.
        """
        project_id, after = self._read_project_id(base), position.get("after", -1)
        return Cut(
            DoneFiles(project_id, after if isinstance(after, int) else -1),
            uses_ledger=True,
            limit=self.n,
            when_empty=WhenEmpty.WAIT,
            when_empty_reason=f"project {project_id} has done no further file yet",
        )

    def describe_position(self, position: Position) -> str:  # noqa: ARG002 - it only saves time
        """That the ledger knows: nobody needs to set where the last file stood."""
        return super().describe_position({})

    def check_base(self, base: str) -> None:
        """Refuse anything but the number of a project."""
        self._read_project_id(base)

    def list_queries(self, base: str) -> tuple[str, ...]:
        """None: there is a project instead."""
        self.check_base(base)
        return ()

    def _read_project_id(self, base: str) -> int:
        try:
            return COUNT.read(base.strip())
        except ValueError as error:
            raise SplitTypeError(
                f"{self} needs the number of a project instead of a query, such as 42, not {base!r}."
            ) from error
