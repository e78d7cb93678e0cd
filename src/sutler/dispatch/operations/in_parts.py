"""Doing with very many handles what one statement could not finish in its time: part by part, and counted at the end.

None of these locks the row of the project or of a share, so workers go on meanwhile; whoever calls them does so before.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from sutler.database import Tx
from sutler.dispatch import store
from sutler.dispatch.model import (
    HandleState,
    HeldHandles,
    LockedLease,
    MovedHandles,
    ProjectHeader,
    RestartedHandles,
)

HANDLES_AT_ONCE = 20_000
"""Moving so many takes a few seconds, and a minute is the longest that a statement may take."""


async def hold_handles(
    tx: Tx,
    *,
    project_id: int,
    share_ids: Sequence[int],
    states: Collection[HandleState],
    positions: Sequence[int] | None,
) -> HeldHandles:
    """Lock handles of shares in some states, all or those among the given places, with their leases.

    A lease that somebody is just renewing or reporting is left alone, and so is its handle.
    """
    leases: dict[int, LockedLease] = {}
    if HandleState.RESERVED in states:
        leases = await _lock_leases(tx, project_id, share_ids, positions)
    listed = await _list_handles(tx, project_id, share_ids, set(states) - {HandleState.RESERVED}, positions)
    waiting = await lock_places(
        tx, project_id, [place for place, state in listed.items() if state is HandleState.INITIAL]
    )
    ended = [place for place, state in listed.items() if state is not HandleState.INITIAL]
    # No row is waited for: whoever has it may want another one of these next, or the project.
    locked = await lock_handles(tx, project_id, [*leases, *waiting, *ended])
    initial = [place for place in sorted(waiting) if locked.get(place) is HandleState.INITIAL]
    still_ended = [place for place in ended if locked.get(place) in (HandleState.DONE, HandleState.FAILED)]
    reserved = [place for place in leases if locked.get(place) is HandleState.RESERVED]
    return HeldHandles([leases[place] for place in reserved], reserved, initial, still_ended)


async def lock_places(tx: Tx, project_id: int, positions: Sequence[int]) -> set[int]:
    """Keep initial handles from being given out, and return their places; what is not initial any more is left out."""
    locked: set[int] = set()
    for part in _cut(positions):
        locked |= await store.lock_places(tx, project_id=project_id, positions=part)
    return locked


async def lock_handles(tx: Tx, project_id: int, positions: Sequence[int]) -> dict[int, HandleState]:
    """Lock the handles at some places, but none that somebody else is just changing; return the state at each."""
    states: dict[int, HandleState] = {}
    for part in _cut(sorted(positions)):
        states |= await store.lock_handles_at(tx, project_id=project_id, positions=part)
    return states


async def move_handles(tx: Tx, *, project_id: int, positions: Sequence[int], share_id: int) -> list[MovedHandles]:
    """Put locked handles that nobody has into a share; return what is to be counted, by the shares that they left."""
    moved: list[MovedHandles] = []
    for part in _cut(positions):
        moved += await store.move_handles(tx, project_id=project_id, positions=part, share_id=share_id)
    return moved


async def put_back_handles(tx: Tx, *, header: ProjectHeader, positions: Sequence[int]) -> list[RestartedHandles]:
    """Make locked done and failed handles initial; return what is to be counted, by share."""
    restarted: list[RestartedHandles] = []
    for part in _cut(positions):
        await store.note_put_back(tx, project_id=header.project_id, positions=part)
        restarted += await store.restart_handles(tx, header=header, positions=part)
    return restarted


async def _lock_leases(
    tx: Tx, project_id: int, share_ids: Sequence[int], positions: Sequence[int] | None
) -> dict[int, LockedLease]:
    if positions is None:
        return await store.lock_leases_of_shares(tx, project_id=project_id, share_ids=share_ids)
    leases: dict[int, LockedLease] = {}
    for part in _cut(sorted(set(positions))):
        leases |= await store.lock_chosen_leases(tx, project_id=project_id, share_ids=share_ids, positions=part)
    return leases


async def _list_handles(
    tx: Tx, project_id: int, share_ids: Sequence[int], states: Collection[HandleState], positions: Sequence[int] | None
) -> dict[int, HandleState]:
    if not states:
        return {}
    if positions is None:
        return await store.list_handles_of_shares(tx, project_id=project_id, share_ids=share_ids, states=states)
    listed: dict[int, HandleState] = {}
    for part in _cut(sorted(set(positions))):
        listed |= await store.list_chosen_handles(
            tx, project_id=project_id, share_ids=share_ids, states=states, positions=part
        )
    return listed


def _cut(positions: Sequence[int]) -> Iterator[Sequence[int]]:
    for start in range(0, len(positions), HANDLES_AT_ONCE):
        yield positions[start : start + HANDLES_AT_ONCE]
