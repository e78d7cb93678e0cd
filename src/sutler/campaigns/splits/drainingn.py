"""`drainingn(n)`: up to n files that were not delivered before."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True)
class DrainingN:
    """Up to n files not delivered before: the choice for data that grows."""

    n: int

    name: ClassVar[str] = "drainingn"
    help: ClassVar[str] = "Up to n files that were not delivered before; made for data that grows."
    uses_ledger: ClassVar[bool] = True

    @property
    def slice_limit(self) -> int:
        """Up to n files."""
        return self.n

    def __str__(self) -> str:
        return f"{self.name}({self.n})"
