"""`nfiles(n)`: chunks of n files."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True)
class NFiles:
    """Chunks of n files, in order; files that appear later are served in further slices."""

    n: int

    name: ClassVar[str] = "nfiles"
    help: ClassVar[str] = "Chunks of n files in order; each file once."
    uses_ledger: ClassVar[bool] = True

    @property
    def slice_limit(self) -> int:
        """n files."""
        return self.n

    def __str__(self) -> str:
        return f"{self.name}({self.n})"
