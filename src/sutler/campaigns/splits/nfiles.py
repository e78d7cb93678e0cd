"""`nfiles(n)`: chunks of n files."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from sutler.campaigns.splits.counted import Counted


@dataclass(frozen=True)
class NFiles(Counted):
    """Chunks of n files, in order; files that appear later are served in further slices."""

    name: ClassVar[str] = "nfiles"
    help: ClassVar[str] = "Chunks of n files in order, each file once. Files that appear later come in further chunks."
    example: ClassVar[str] = "nfiles(50)"
