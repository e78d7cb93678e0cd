"""What a check of another service found, one line for each thing that was looked at."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class CheckState(StrEnum):
    """How it is: fine; doubtful, so that somebody should look at it; broken, so that work will fail."""

    FINE = "fine"
    DOUBTFUL = "doubtful"
    BROKEN = "broken"


@dataclass(frozen=True)
class CheckLine:
    """One thing that was looked at: its name, how it is, and a sentence for people that says what was seen."""

    part: str
    state: CheckState
    sentence: str
