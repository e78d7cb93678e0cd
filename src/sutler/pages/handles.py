"""Lists of handles, as they stand on the pages of submissions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sutler.base.errors import InvalidInputError, Problem
from sutler.database.listing import Page
from sutler.dispatch import Counts, Handle, HandleState

HANDLES_PER_PAGE = 50


@dataclass(frozen=True)
class HandleList:
    """One page of handles. `base` is the address of the page it stands on, `part` that of the list alone."""

    handles: Page[Handle]
    state: HandleState | None
    after: str | None
    base: str
    part: str
    counts: Mapping[str, int]

    @property
    def query(self) -> str:
        """The choices as they stand in addresses, with the question mark; empty when there is none."""
        choices = {"state": self.state.value if self.state else None, "after": self.after}
        text = "&".join(f"{name}={choice}" for name, choice in choices.items() if choice)
        return f"?{text}" if text else ""

    @property
    def first(self) -> str:
        """The address of the first page of this choice."""
        return f"{self.base}?state={self.state.value}" if self.state else self.base

    @property
    def state_query(self) -> str:
        """The choice of a state alone, ready for a further choice behind it."""
        return f"?state={self.state.value}&" if self.state else "?"


@dataclass(frozen=True)
class Tile:
    """One number: `query` chooses the files that it counts."""

    name: str
    label: str
    count: int
    query: str
    hint: str


def make_tiles(counts: Counts) -> tuple[Tile, ...]:
    """Return the counts in the order of a file's life."""
    return (
        Tile("total", "Total", counts.total_count, "", "All files that it owns"),
        Tile("initial", "Not submitted", counts.initial_count, "?state=initial", "They wait for a worker"),
        Tile(
            "unknown",
            "Unknown",
            counts.unlocated_count,
            "?state=initial",
            "The part of Not submitted without a usable replica",
        ),
        Tile("reserved", "Reserved", counts.reserved_count, "?state=reserved", "A worker has them now"),
        Tile("done", "Done", counts.done_count, "?state=done", "Processed"),
        Tile("failed", "Failed", counts.failed_count, "?state=failed", "Given up, each with its reason"),
    )


def count_states(counts: Counts) -> dict[str, int]:
    """Return how many handles there are in each state, for the choice above a list."""
    return {
        "initial": counts.initial_count,
        "reserved": counts.reserved_count,
        "done": counts.done_count,
        "failed": counts.failed_count,
    }


def read_state(text: str | None) -> HandleState | None:
    """Return the state that an address chooses, None for all. Raises InvalidInputError."""
    if not text:
        return None
    try:
        return HandleState(text)
    except ValueError:
        known = ", ".join(HandleState)
        raise InvalidInputError([Problem("state", f"{text!r} is not one of {known}")]) from None
