"""What the page of a project shows besides the project itself, at a cost that does not grow with its handles."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sutler.database import Tx, into_list, load_statements
from sutler.dispatch.model import Handle, HandleState, Throughput

_SQL = load_statements("sutler.dispatch.store", "throughput.sql")


async def find_throughput_ends(tx: Tx, *, project_id: int) -> tuple[datetime, datetime] | None:
    """Return the first and the last minute in which attempts of a project ended, None if none has."""
    row = await tx.row(_SQL.find_throughput_ends, project_id=project_id)
    return None if row is None or row["first_at"] is None else (row["first_at"], row["last_at"])


async def list_throughput(tx: Tx, *, project_id: int, first_at: datetime, minutes: int, count: int) -> list[Throughput]:
    """Return how many attempts ended in each of `count` intervals of so many minutes, also of those without any."""
    rows = await tx.rows(_SQL.list_throughput, project_id=project_id, first_at=first_at, minutes=minutes, count=count)
    return into_list(Throughput, rows)


async def list_handles_between(
    tx: Tx,
    *,
    project_id: int,
    after: int,
    until: int,
    states: Sequence[HandleState],
    namespace: str | None,
    name: str | None,
    count: int,
) -> list[Handle]:
    """Return handles behind one place and up to another, in order; no states means all."""
    rows = await tx.rows(
        _SQL.list_handles_between,
        project_id=project_id,
        after=after,
        until=until,
        states=list(states) or None,
        namespace=namespace,
        name=name,
        count=count,
    )
    return into_list(Handle, rows)


async def list_positions(
    tx: Tx,
    *,
    project_id: int | None,
    share_id: int | None,
    after: int,
    states: Sequence[HandleState],
    count: int,
) -> list[int]:
    """Return the next places behind one where handles of a project or of a share are in one of the states, in order."""
    rows = await tx.rows(
        _SQL.list_positions, project_id=project_id, share_id=share_id, after=after, states=list(states), count=count
    )
    return [row["position"] for row in rows]


async def list_handles_at(
    tx: Tx,
    *,
    project_id: int,
    positions: Sequence[int],
    states: Sequence[HandleState],
    namespace: str | None,
    name: str | None,
    count: int,
) -> list[Handle]:
    """Return the handles at some places that are in one of the states, in order."""
    rows = await tx.rows(
        _SQL.list_handles_at,
        project_id=project_id,
        positions=list(positions),
        states=list(states),
        namespace=namespace,
        name=name,
        count=count,
    )
    return into_list(Handle, rows)
