"""Calls that are made once however often they are sent: what was begun under a key, and what it was answered.

A call is entered before it runs and gets its answer afterwards. Whoever runs it holds it by the instant it was begun
at; a call that is neither answered nor renewed for a minute was left by a server that died, and may be taken over.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sutler.database.named_sql import load_statements
from sutler.database.pool import Database

KEPT_FOR = timedelta(hours=24)
LEFT_AFTER = timedelta(seconds=60)

_SQL = load_statements("sutler.database", "idempotent_calls.sql")


@dataclass(frozen=True)
class IdempotentCall:
    """A call: who makes it, under which key, and the digest of all that belongs to the request."""

    user_id: int
    key: str
    digest: bytes


@dataclass(frozen=True)
class Answer:
    """What a call was answered."""

    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True)
class EarlierCall:
    """A call that was there under the same key: whether it is the same, and its answer, None while it runs."""

    is_same: bool
    answer: Answer | None


async def begin_call(db: Database, call: IdempotentCall) -> datetime | EarlierCall:
    """Enter a call and return the instant by which it is held; or the earlier call under its key."""
    async with db.write() as tx:
        begun_at: datetime | None = await tx.value(
            _SQL.begin_call,
            user_id=call.user_id,
            key=call.key,
            digest=call.digest,
            now=tx.now,
            kept_since=tx.now - KEPT_FOR,
            alive_since=tx.now - LEFT_AFTER,
        )
        if begun_at is not None:
            return begun_at
        found = await tx.row(_SQL.find_call, user_id=call.user_id, key=call.key)
    if found is None:  # given up between the two statements
        return EarlierCall(is_same=True, answer=None)
    answer = None if found["status"] is None else Answer(found["status"], found["headers"], found["body"])
    return EarlierCall(is_same=found["digest"] == call.digest, answer=answer)


async def renew_call(db: Database, call: IdempotentCall, *, begun_at: datetime) -> datetime | None:
    """Say that a call is still at work. Returns the instant by which it is held now; None if it is lost."""
    async with db.write() as tx:
        held: datetime | None = await tx.value(
            _SQL.renew_call, user_id=call.user_id, key=call.key, begun_at=begun_at, now=tx.now
        )
        return held


async def keep_answer(db: Database, call: IdempotentCall, answer: Answer, *, begun_at: datetime) -> None:
    """Keep the answer of a call for a day from its beginning; not if it was taken over meanwhile."""
    async with db.write() as tx:
        await tx.run(
            _SQL.keep_answer,
            user_id=call.user_id,
            key=call.key,
            begun_at=begun_at,
            status=answer.status,
            headers=dict(answer.headers),
            body=answer.body,
        )


async def forget_call(db: Database, call: IdempotentCall, *, begun_at: datetime) -> None:
    """Let a call be made again at once; not if it was taken over meanwhile."""
    async with db.write() as tx:
        await tx.run(_SQL.forget_call, user_id=call.user_id, key=call.key, begun_at=begun_at)


async def forget_unanswered_calls(db: Database) -> None:
    """Let calls be made again at once that were at work when the only server of the installation died.

    Only for a server that has its database to itself, before it answers anybody: another one may be at work on them.
    """
    async with db.write() as tx:
        await tx.run(_SQL.forget_unanswered_calls)


async def delete_old_calls(db: Database, *, limit: int) -> int:
    """Delete calls that are older than a day, at most `limit`. Returns how many."""
    async with db.write() as tx:
        return await tx.run(_SQL.delete_old_calls, kept_since=tx.now - KEPT_FOR, count=limit)
