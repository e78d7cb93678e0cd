"""Calls that are made once however often they are sent: what was begun under a key, and what it was answered.

A call is entered before it runs and gets its answer afterwards. Whatever it does is noted in the transaction that does
it, so one that ended without an answer is made again only if nothing was done. Whoever runs it is its holder; a call
that is neither answered nor renewed for a minute was left by a server that died.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID, uuid4

from sutler.database.errors import CallTakenOverError
from sutler.database.named_sql import load_statements
from sutler.database.pool import Database
from sutler.database.transaction import Tx

KEPT_FOR = timedelta(hours=24)
LEFT_AFTER = timedelta(seconds=60)
NOTED_EVENTS = 20
"""Of what one transaction does, so many events are enough to know where to look."""

_SQL = load_statements("sutler.database", "idempotent_calls.sql")


@dataclass(frozen=True)
class IdempotentCall:
    """A call: who makes it, under which key, and the digest of all that belongs to the request."""

    user_id: int
    key: str
    digest: bytes


@dataclass(frozen=True)
class HeldCall:
    """A call that was begun here, and the number by which it is held."""

    user_id: int
    key: str
    holder: UUID


@dataclass(frozen=True)
class Answer:
    """What a call was answered."""

    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True)
class Deed:
    """Something that a call did: the kind of the event and its subject, such as `project/12`."""

    kind: str
    subject: str


@dataclass(frozen=True)
class EarlierCall:
    """A call that was there under the same key: whether it is the same, and its answer, None while it runs.

    `deeds` are those of a call that will never be answered; None when nothing was done, or somebody is at work on it.
    """

    is_same: bool
    answer: Answer | None = None
    deeds: tuple[Deed, ...] | None = None


async def begin_call(db: Database, call: IdempotentCall) -> HeldCall | EarlierCall:
    """Enter a call and return it as held by the caller; or the earlier call under its key."""
    held = HeldCall(call.user_id, call.key, uuid4())
    async with db.write() as tx:
        alive_since = tx.now - LEFT_AFTER
        holder: UUID | None = await tx.value(
            _SQL.begin_call,
            **vars(held),
            digest=call.digest,
            now=tx.now,
            kept_since=tx.now - KEPT_FOR,
            alive_since=alive_since,
        )
        if holder is not None:
            return held
        found = await tx.row(_SQL.find_call, user_id=call.user_id, key=call.key, alive_since=alive_since)
    if found is None:  # given up between the two statements
        return EarlierCall(is_same=True)
    answer = None if found["status"] is None else Answer(found["status"], found["headers"], found["body"])
    is_lost = answer is None and found["is_left"] and found["events"] is not None
    return EarlierCall(
        is_same=found["digest"] == call.digest,
        answer=answer,
        deeds=tuple(Deed(**event) for event in found["events"]) if is_lost else None,
    )


def write_for(db: Database, held: HeldCall) -> Database:
    """Return the database as a call is to write to it: with all that it does, it notes that it was done.

    A call that another server has taken over commits nothing any more: CallTakenOverError is raised.
    """

    async def note(tx: Tx) -> None:
        deeds = dict.fromkeys((event.kind.value, f"{event.subject_kind}/{event.subject_id}") for event in tx.recorded)
        events = [{"kind": kind, "subject": subject} for kind, subject in list(deeds)[:NOTED_EVENTS]]
        if not await tx.run(_SQL.note_deeds, **vars(held), events=events):
            raise CallTakenOverError

    return db.noting(note)


async def renew_call(db: Database, held: HeldCall) -> bool:
    """Say that a call is still at work. False if another server has taken it over."""
    async with db.write() as tx:
        return bool(await tx.run(_SQL.renew_call, **vars(held), now=tx.now))


async def keep_answer(db: Database, held: HeldCall, answer: Answer) -> None:
    """Keep the answer of a call for a day from its beginning; not if it was taken over meanwhile."""
    async with db.write() as tx:
        await tx.run(
            _SQL.keep_answer,
            **vars(held),
            status=answer.status,
            headers=dict(answer.headers),
            body=answer.body,
        )


async def forget_call(db: Database, held: HeldCall) -> None:
    """Give a call up: if it did nothing it may be made again at once. Not if it was taken over meanwhile."""
    async with db.write() as tx:
        await tx.run(_SQL.forget_call, **vars(held))
        await tx.run(_SQL.leave_call, **vars(held))


async def forget_unanswered_calls(db: Database) -> None:
    """Give all calls up that were at work when the only server of the installation died.

    Only for a server that has its database to itself, before it answers anybody: another one may be at work on them.
    """
    async with db.write() as tx:
        await tx.run(_SQL.forget_unanswered_calls)
        await tx.run(_SQL.leave_unanswered_calls)


async def delete_old_calls(db: Database, *, limit: int) -> int:
    """Delete calls that are older than a day, at most `limit`. Returns how many."""
    async with db.write() as tx:
        return await tx.run(_SQL.delete_old_calls, kept_since=tx.now - KEPT_FOR, count=limit)
