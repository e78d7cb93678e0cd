"""How a project moves: what ended when, and its handles, looked through a stretch at a time."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import chain, count

from sutler.auth import Action, Principal
from sutler.base.errors import InvalidInputError, Problem
from sutler.database import Database, Tx
from sutler.database.listing import DEFAULT_LIMIT, LARGEST_LIMIT, Page
from sutler.dispatch import store
from sutler.dispatch.errors import InvalidChoiceError
from sutler.dispatch.model import Handle, HandleState, ProjectState, Throughput
from sutler.dispatch.operations.access import open_header

MOST_BUCKETS = 240
STRETCH = 50_000
"""How many handles are looked at for one page of a list, at most."""
MARKED_AT_ONCE = 5_000

_DAY = 24 * 60
_MINUTES = (1, 2, 5, 10, 15, 30, 60, 120, 180, 360, 720)
_LAST_POSITION = 2**31 - 1
_MARKED = frozenset({HandleState.RESERVED, HandleState.FAILED})


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

    At most `STRETCH` handles are looked at, so a page may hold fewer than `limit` handles, or none, and still name a
    place where the next one goes on. `name` is a part of the name of the file.
    Raises ProjectNotFoundError, NotPermittedError, InvalidInputError.
    """
    if not 1 <= limit <= LARGEST_LIMIT:
        raise InvalidInputError([Problem("limit", f"must be between 1 and {LARGEST_LIMIT}, not {limit}")])
    chosen = sorted(set(states)) if len(set(states)) < len(HandleState) else []
    async with db.read() as tx:
        await open_header(tx, who, Action.VIEW, project_id=project_id)
        look = _look_at_marked if chosen and _MARKED.issuperset(chosen) else _look_at_all
        found, reached = await look(
            tx,
            project_id=project_id,
            states=chosen,
            namespace=namespace,
            name=name,
            after=_read_place(after),
            limit=limit + 1,
        )
    if len(found) > limit:
        found, reached = found[:limit], found[limit - 1].position
    return Page(tuple(found), None if reached is None else str(reached))


async def _look_at_all(
    tx: Tx,
    *,
    project_id: int,
    states: Sequence[HandleState],
    namespace: str | None,
    name: str | None,
    after: int,
    limit: int,
) -> tuple[list[Handle], int | None]:
    """Return handles of the next stretch, and its end if there is more behind it."""
    until = min(after + STRETCH, _LAST_POSITION)
    found = await store.list_handles_between(
        tx,
        project_id=project_id,
        after=after,
        until=until,
        states=states,
        namespace=namespace,
        name=name,
        count=limit,
    )
    end = await store.find_next_position(tx, project_id=project_id)
    return found, until if until < end - 1 else None


async def _look_at_marked(
    tx: Tx,
    *,
    project_id: int,
    states: Sequence[HandleState],
    namespace: str | None,
    name: str | None,
    after: int,
    limit: int,
) -> tuple[list[Handle], int | None]:
    """Do the same for states whose handles are found through leases and attempts, without looking at others."""
    # Nearly all of them are still in the state, so a few more than the page holds will do, unless names are filtered.
    most = MARKED_AT_ONCE if namespace is not None or name is not None else 3 * limit
    positions = await store.list_marked_positions(tx, project_id=project_id, after=after, states=states, count=most)
    found = await store.list_handles_at(
        tx,
        project_id=project_id,
        positions=positions,
        states=states,
        namespace=namespace,
        name=name,
        count=limit,
    )
    return found, positions[-1] if len(positions) == most else None


def _read_place(after: str | None) -> int:
    """Return the place that a page of the list named as the next one; before the first, without one."""
    if after is None:
        return -1
    if not (after.isascii() and after.isdecimal()) or len(after) > 10 or int(after) > _LAST_POSITION:
        raise InvalidInputError([Problem("after", "is not one that this list gave out")])
    return int(after)
