"""`limitn(n)`: the first n files, every time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from sutler.campaigns.splits.counted import Counted


@dataclass(frozen=True)
class LimitN(Counted):
    """The first n files in order, the same ones at every launch: for a quick look."""

    name: ClassVar[str] = "limitn"
    help: ClassVar[str] = "The first n files, the same ones every time. For a quick look, and for tests."
    example: ClassVar[str] = "limitn(10)"
    uses_ledger: ClassVar[bool] = False
