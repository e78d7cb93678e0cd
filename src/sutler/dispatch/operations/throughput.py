"""How a project moves: what ended when, and its handles, looked through a stretch at a time."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import chain, count

from sutler.auth import Action, Principal
from sutler.base.did import Did, InvalidNameError
from sutler.base.errors import InvalidInputError, Problem
from sutler.database import Database, Tx
from sutler.database.listing import DEFAULT_LIMIT, LARGEST_LIMIT, Page
from sutler.dispatch import store
from sutler.dispatch.errors import InvalidChoiceError
from sutler.dispatch.model import Handle, HandleState, ProjectState, Throughput
from sutler.dispatch.operations.access import open_header

MOST_BUCKETS = 240
STRETCH = 50_000
"""How many handles are looked at for one page of a list by names, at most."""
MARKED_AT_ONCE = 5_000
"""The same for reserved and failed handles, each of which is found by itself."""

_DAY = 24 * 60
_MINUTES = (1, 2, 5, 10, 15, 30, 60, 120, 180, 360, 720)
_LAST_POSITION = 2**31 - 1
_FEW = frozenset({HandleState.RESERVED, HandleState.FAILED})


async def list_throughput(db: Database, who: Principal, *, project_id: int, buckets: int = 60) -> list[Throughput]:
    """Return how many attempts of a project ended over time, in at most that many intervals of one round length.

    From the first end to the last one, or to this moment while the project is active; intervals in which nothing ended
    are there too. Empty if nothing has ended yet. Raises ProjectNotFoundError, NotPermittedError, InvalidChoiceError.
    """
    if not 1 <= buckets <= MOST_BUCKETS:
        raise InvalidChoiceError([Problem("buckets", f"must be between 1 and {MOST_BUCKETS}, not {buckets}")])
    async with db.read() as tx:
        header = await open_header(tx, who, Action.VIEW, project_id=project_id)
        ends = await store.find_throughput_ends(tx, project_id=project_id)
        if ends is None:
            return []
        first_at, last_at = ends
        if header.state is ProjectState.ACTIVE:
            last_at = max(last_at, tx.now)
        first_at, minutes, number = choose_buckets(first_at, last_at, buckets)
        return await store.list_throughput(tx, project_id=project_id, first_at=first_at, minutes=minutes, count=number)


def choose_buckets(first_at: datetime, last_at: datetime, buckets: int) -> tuple[datetime, int, int]:
    """Return where intervals begin that cover both instants, how many minutes each has, and how many there are."""
    for minutes in chain(_MINUTES, count(_DAY, _DAY)):
        seconds = minutes * 60
        begin = int(first_at.timestamp()) // seconds * seconds
        number = (int(last_at.timestamp()) - begin) // seconds + 1
        if number <= buckets or (buckets == 1 and number <= 2 and minutes >= _DAY):
            break
    return datetime.fromtimestamp(begin, UTC), minutes, number


async def look_through_handles(
    db: Database,
    who: Principal,
    *,
    project_id: int,
    states: Sequence[HandleState] = (),
    namespace: str | None = None,
    name: str | None = None,
    after: str | None = None,
    limit: int = DEFAULT_LIMIT,
) -> Page[Handle]:
    """Return handles of a project in its order, at the same cost however many it has; no states means all.

    `name` is a part of the name of the file, or a whole `namespace:name`. For parts of names and for namespaces at most
    `STRETCH` handles are looked at, so such a page may hold fewer than `limit` handles, or none, and still name a place
    where the next one goes on.
    Raises ProjectNotFoundError, NotPermittedError, InvalidInputError.
    """
    if not 1 <= limit <= LARGEST_LIMIT:
        raise InvalidInputError([Problem("limit", f"must be between 1 and {LARGEST_LIMIT}, not {limit}")])
    asked = _Asked(
        project_id=project_id,
        states=sorted(set(states)) if len(set(states)) < len(HandleState) else [],
        namespace=namespace,
        name=name,
        after=_read_place(after),
        limit=limit + 1,
    )
    async with db.read() as tx:
        await open_header(tx, who, Action.VIEW, project_id=project_id)
        did = _read_did(name)
        if did is not None:
            return await _find_one(tx, asked, did)
        found, reached = await _choose_look(asked)(tx, asked)
    if len(found) > limit:
        found, reached = found[:limit], found[limit - 1].position
    return Page(tuple(found), None if reached is None else str(reached))


@dataclass(frozen=True)
class _Asked:
    """What a page is to hold, behind which place."""

    project_id: int
    states: list[HandleState]
    namespace: str | None
    name: str | None
    after: int
    limit: int

    @property
    def is_by_name(self) -> bool:
        """Whether names are filtered, for which there is no index."""
        return self.namespace is not None or self.name is not None


_Look = Callable[[Tx, _Asked], Awaitable[tuple[list[Handle], int | None]]]


def _choose_look(asked: _Asked) -> _Look:
    if not asked.states:
        return _look_at_all
    if not asked.is_by_name:
        return _look_at_chosen
    return _look_at_few if _FEW.issuperset(asked.states) else _look_from_chosen


async def _look_at_all(tx: Tx, asked: _Asked) -> tuple[list[Handle], int | None]:
    """Return handles of the next stretch, and its end if there is more behind it."""
    until = min(asked.after + STRETCH, _LAST_POSITION)
    found = await store.list_handles_between(
        tx,
        project_id=asked.project_id,
        after=asked.after,
        until=until,
        states=asked.states,
        namespace=asked.namespace,
        name=asked.name,
        count=asked.limit,
    )
    end = await store.find_next_position(tx, project_id=asked.project_id)
    return found, until if until < end - 1 else None


async def _look_from_chosen(tx: Tx, asked: _Asked) -> tuple[list[Handle], int | None]:
    """Do the same from the next handle in one of the states on: those before it are not looked at."""
    first = await _list_positions(tx, asked, 1)
    return await _look_at_all(tx, replace(asked, after=first[0] - 1)) if first else ([], None)


async def _look_at_chosen(tx: Tx, asked: _Asked) -> tuple[list[Handle], int | None]:
    """Return handles in the states, and nothing where to go on: one more than the page holds tells."""
    return await _load(tx, asked, await _list_positions(tx, asked, asked.limit)), None


async def _look_at_few(tx: Tx, asked: _Asked) -> tuple[list[Handle], int | None]:
    """Look for names among the next handles in states that few are in."""
    positions = await _list_positions(tx, asked, MARKED_AT_ONCE)
    return await _load(tx, asked, positions), positions[-1] if len(positions) == MARKED_AT_ONCE else None


async def _list_positions(tx: Tx, asked: _Asked, count: int) -> list[int]:
    return await store.list_positions(
        tx, project_id=asked.project_id, share_id=None, after=asked.after, states=asked.states, count=count
    )


async def _load(tx: Tx, asked: _Asked, positions: Sequence[int]) -> list[Handle]:
    return await store.list_handles_at(
        tx,
        project_id=asked.project_id,
        positions=positions,
        states=asked.states,
        namespace=asked.namespace,
        name=asked.name,
        count=asked.limit,
    )


async def _find_one(tx: Tx, asked: _Asked, did: Did) -> Page[Handle]:
    """Return the handle of one file if it is what is asked for."""
    handle = await store.find_handle(tx, project_id=asked.project_id, position=None, did=did)
    is_asked = (
        handle is not None
        and handle.position > asked.after
        and handle.state in (asked.states or HandleState)
        and handle.namespace == (asked.namespace or handle.namespace)
    )
    return Page((handle,) if handle is not None and is_asked else (), None)


def _read_did(name: str | None) -> Did | None:
    """Return the file that a whole `namespace:name` names; none for a part of a name."""
    try:
        return None if name is None else Did.parse(name)
    except InvalidNameError:
        return None


def _read_place(after: str | None) -> int:
    """Return the place that a page of the list named as the next one; before the first, without one."""
    if after is None:
        return -1
    if not (after.isascii() and after.isdecimal()) or len(after) > 10 or int(after) > _LAST_POSITION:
        raise InvalidInputError([Problem("after", "is not one that this list gave out")])
    return int(after)
