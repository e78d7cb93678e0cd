"""Lists of projects, page by page: as long as they may be, only one page is in memory."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping

from sutler import dispatch
from sutler.compat.call import SignedCall
from sutler.compat.handles import encode_project
from sutler.compat.reading import contains
from sutler.dispatch import Project, ProjectState

PAGE = 500

_STATES = {state.value: state for state in ProjectState}


async def list_in_order(
    call: SignedCall, *, owner: str | None, state: str | None, not_state: str | None, attributes: Mapping[str, object]
) -> AsyncIterator[Project]:
    """Yield the projects that fulfil every wish in the order of their ids. A state that there is not has none."""
    if state and state not in _STATES:
        return
    wanted = _STATES[state] if state else None
    starts = await _find_page_starts(call, owner, wanted)
    last = 0
    for start in reversed(starts):
        page = await dispatch.list_projects(
            call.db, call.who, experiment=call.experiment, state=wanted, owner=owner, after=start, limit=PAGE
        )
        for project in reversed(page.items):
            # A project that was deleted in between draws the next page into this one.
            if project.id > last and project.state != not_state and contains(project.attributes, attributes):
                yield project
            last = max(last, project.id)


async def list_newest_first(
    call: SignedCall, *, query: str | None, owner: str | None, state: str | None
) -> AsyncIterator[Project]:
    """Yield the projects that fulfil a condition. Raises what `search_projects` of the room raises."""
    if state and state not in _STATES:
        return
    after: str | None = None
    while True:
        page = await dispatch.search_projects(
            call.db,
            call.who,
            query=query,
            experiment=call.experiment,
            state=_STATES[state] if state else None,
            owner=owner or None,
            after=after,
            limit=PAGE,
        )
        for project in page.items:
            yield project
        after = page.next_cursor
        if after is None:
            return


async def encode_projects(
    call: SignedCall, projects: AsyncIterator[Project], *, with_handles: bool, with_replicas: bool
) -> AsyncIterator[bytes]:
    """Make projects; one with many handles comes in several pieces that belong together."""
    is_first = True
    async for project in projects:
        # The first piece of each project but the first begins with the comma.
        prefix = b"" if is_first else b","
        is_first = False
        async for part in encode_project(call, project, with_handles=with_handles, with_replicas=with_replicas):
            yield prefix + part
            prefix = b""


async def _find_page_starts(call: SignedCall, owner: str | None, state: ProjectState | None) -> list[str | None]:
    """Return where the pages begin that the room gives, the newest project first."""
    starts: list[str | None] = [None]
    while True:
        page = await dispatch.list_projects(
            call.db, call.who, experiment=call.experiment, state=state, owner=owner, after=starts[-1], limit=PAGE
        )
        if page.next_cursor is None:
            return starts
        starts.append(page.next_cursor)
