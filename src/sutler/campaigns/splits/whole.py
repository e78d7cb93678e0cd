"""No split: every launch takes the whole data set."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True)
class Whole:
    """Every submission processes all files of the query, also those that earlier submissions had."""

    name: ClassVar[str] = "None"
    help: ClassVar[str] = "Every submission processes all files of the query."
    uses_ledger: ClassVar[bool] = False

    @property
    def slice_limit(self) -> None:
        """All files."""
        return

    def __str__(self) -> str:
        return ""
