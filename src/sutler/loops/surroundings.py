"""What every step is given."""

from __future__ import annotations

from dataclasses import dataclass

from sutler.campaigns import Launcher
from sutler.database import Database


@dataclass(frozen=True)
class Surroundings:
    """The database, and what launching needs."""

    db: Database
    launcher: Launcher
