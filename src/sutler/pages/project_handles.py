"""The list of a project's handles with its filters."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from sutler.database.listing import Page
from sutler.dispatch import Counts, Handle, HandleState
from sutler.pages.forms import read_text
from sutler.pages.handles import count_states, read_state

HANDLES_PER_PAGE = 100


@dataclass(frozen=True)
class HandleFilters:
    """Which handles are asked for: in one of the states, in the namespace, with the text in the name of the file."""

    states: tuple[HandleState, ...] = ()
    namespace: str = ""
    name: str = ""

    @property
    def is_empty(self) -> bool:
        """Whether all of them are asked for."""
        return not (self.states or self.namespace or self.name)

    def write(self, after: str | None = None) -> str:
        """Return the filters as they stand in addresses, with the question mark; empty when there is none."""
        chosen = [("state", state.value) for state in self.states]
        chosen += [(name, text) for name, text in (("namespace", self.namespace), ("name", self.name)) if text]
        if after:
            chosen.append(("after", after))
        return f"?{urlencode(chosen)}" if chosen else ""


@dataclass(frozen=True)
class StateChoice:
    """One state that can be chosen, with how many handles are in it."""

    name: str
    count: int
    is_chosen: bool


@dataclass(frozen=True)
class ProjectHandles:
    """One page of a project's handles. A page that is not full may still have a next one: the list is looked through
    by stretches."""

    project_id: int
    handles: Page[Handle]
    filters: HandleFilters
    after: str | None
    counts: Counts

    @property
    def choices(self) -> tuple[StateChoice, ...]:
        """The states, in the order of a file's life."""
        counted = count_states(self.counts)
        return tuple(
            StateChoice(state.value, counted[state.value], state in self.filters.states) for state in HandleState
        )

    @property
    def part(self) -> str:
        """The address of the list alone."""
        return f"/projects/{self.project_id}/files{self.filters.write(self.after)}"

    @property
    def first(self) -> str:
        """The address of the first page of this choice."""
        return f"/projects/{self.project_id}{self.filters.write()}"

    @property
    def next(self) -> str:
        """The address of the next page."""
        return f"/projects/{self.project_id}{self.filters.write(self.handles.next_cursor)}"

    @property
    def is_cut(self) -> bool:
        """Whether the search for handles stopped before the page was full."""
        return self.handles.next_cursor is not None and len(self.handles.items) < HANDLES_PER_PAGE

    @property
    def looked_through_count(self) -> int:
        """How many handles of the project lie before the next page."""
        return int(self.handles.next_cursor) + 1 if self.handles.next_cursor else self.counts.total_count


def read_handle_filters(states: Sequence[str], namespace: str, name: str) -> HandleFilters:
    """Return what the address asks for. Raises InvalidInputError."""
    chosen = dict.fromkeys(state for text in states if (state := read_state(text)) is not None)
    return HandleFilters(tuple(chosen), read_text("namespace", namespace), read_text("name", name))
