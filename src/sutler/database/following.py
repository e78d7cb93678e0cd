"""Following events: a cursor for loops that must not miss anything, and the history of one subject for pages."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from sutler.base.events import RecordedEvent
from sutler.database.named_sql import load_statements
from sutler.database.pool import Database
from sutler.database.rows import into_list
from sutler.database.transaction import Tx

_SQL = load_statements("sutler.database", "events.sql")

React = Callable[[RecordedEvent], Awaitable[None]]


async def follow_once(db: Database, follower: str, react: React, *, count: int = 500) -> int:
    """Pass the next events to `react`, oldest first, then remember the place. Returns how many there were.

    At least once: when `react` raises or the process dies, the same events come again, so reactions are idempotent.
    `react` opens its own transactions; the cursor moves after the events that were dealt with.
    """
    async with db.write() as tx:
        await tx.run(_SQL.create_cursor, follower=follower)
        place = await tx.row(_SQL.lock_cursor, follower=follower)
        assert place is not None
        # The horizon is a statement of its own: what ended before it is visible to the one that reads.
        horizon = await tx.value(_SQL.read_horizon)
        rows = await tx.rows(_SQL.list_events_after, txid=place["txid"], seq=place["seq"], horizon=horizon, count=count)
    events = into_list(RecordedEvent, rows)
    for event in events:
        await react(event)
    if events:
        async with db.write() as tx:
            await tx.run(_SQL.move_cursor, follower=follower, txid=events[-1].txid, seq=events[-1].seq)
    return len(events)


async def list_history(tx: Tx, *, subject_kind: str, subject_id: object, count: int = 200) -> list[RecordedEvent]:
    """Return the newest events of one subject, newest first."""
    rows = await tx.rows(_SQL.list_events_of, subject_kind=subject_kind, subject_id=str(subject_id), count=count)
    return into_list(RecordedEvent, rows)


async def create_event_partitions(db: Database) -> int:
    """Make the coming months' partitions of the event table. Returns how many were missing."""
    async with db.write() as tx:
        return int(await tx.value(_SQL.create_event_partitions, now=tx.now))
