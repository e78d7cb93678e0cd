"""`drainingn(n)`: up to n files that were not delivered before."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from sutler.campaigns.splits.counted import Counted


@dataclass(frozen=True)
class DrainingN(Counted):
    """Up to n files not delivered before: the choice for data that grows."""

    name: ClassVar[str] = "drainingn"
    help: ClassVar[str] = "Up to n files that were not delivered before. The choice for data that grows."
    example: ClassVar[str] = "drainingn(50)"
