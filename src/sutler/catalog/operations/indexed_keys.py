"""Indexes on metadata keys: an administrator asks, a loop builds."""

from __future__ import annotations

import re
from typing import Any

from sutler.auth import Action, Principal, Thing, permit
from sutler.base.errors import InvalidInputError, Problem
from sutler.base.events import Event
from sutler.catalog import store
from sutler.catalog.errors import KeyIndexNotFoundError
from sutler.catalog.model import CatalogEvent, IndexedKey, KeyIndexState, KeyKind
from sutler.database import Database, Tx, replayable

LONGEST_KEY = 200

_KEY = re.compile(r"[A-Za-z][A-Za-z0-9_]*(\.[A-Za-z][A-Za-z0-9_]*)+")
_INSTALLATION = Thing("installation", None)


@replayable
async def index_key(db: Database, who: Principal, *, key: str, kind: KeyKind) -> IndexedKey:
    """Ask for an index on a metadata key, for ranges of numbers, or for ranges and beginnings of texts.

    It is built soon afterwards while work goes on, and used once its state is ready; one that failed is tried again.
    Raises InvalidInputError for what no query can name, and NotPermittedError: it takes an administrator.
    """
    permit(who, Action.ADMINISTER, _INSTALLATION)
    if not _KEY.fullmatch(key) or len(key) > LONGEST_KEY:
        raise InvalidInputError([Problem("key", f"{key[:LONGEST_KEY]!r} is not words with dots between them")])
    async with db.write() as tx:
        asked = await store.insert_indexed_key(tx, key=key, kind=kind, username=who.username)
        if asked is None:
            return await _get(tx, key, kind)
        await _record(tx, CatalogEvent.KEY_INDEX_REQUESTED, asked, who)
        return asked


async def list_indexed_keys(db: Database, who: Principal) -> list[IndexedKey]:
    """Return the keys for which an index was asked, by key. Raises NotPermittedError."""
    permit(who, Action.ADMINISTER, _INSTALLATION)
    async with db.read() as tx:
        return await store.list_indexed_keys(tx)


@replayable
async def drop_key_index(db: Database, who: Principal, *, key: str, kind: KeyKind) -> IndexedKey:
    """Give up an index on a key; it is not used from now on, and gone soon. Queries find the same files without it.

    Raises KeyIndexNotFoundError, NotPermittedError.
    """
    permit(who, Action.ADMINISTER, _INSTALLATION)
    async with db.write() as tx:
        known = await _get(tx, key, kind)
        if known.state is not KeyIndexState.DROPPING:
            dropping = KeyIndexState.DROPPING
            await store.change_key_state(tx, number=known.id, old_state=known.state, new_state=dropping)
            await _record(tx, CatalogEvent.KEY_INDEX_DROPPED, known, who)
        return await _get(tx, key, kind)


async def build_key_indexes(db: Database) -> int:
    """Build or drop the next index that was asked for. Returns how many: 0 or 1.

    Only one process does it at a time. What a crash has left half made is made anew.
    """
    async with db.read() as tx:
        if await store.find_unfinished_key(tx) is None:
            return 0
    async with db.lone_connection() as connection:
        if not await store.lock_building(connection):
            return 0
        async with db.read() as tx:
            wanted = await store.find_unfinished_key(tx)
        if wanted is None:
            return 0
        if wanted.state is KeyIndexState.BUILDING:
            await _build(db, connection, wanted)
        else:
            await _drop(db, connection, wanted)
        return 1


async def _build(db: Database, connection: Any, wanted: IndexedKey) -> None:  # noqa: ANN401 - untyped driver
    async with db.read() as tx:
        is_whole = await store.is_index_valid(tx, number=wanted.id)
        build = await store.write_build_command(tx, number=wanted.id)
        drop = await store.write_drop_command(tx, number=wanted.id)
    refusal = ""
    if not is_whole:
        refusal = await store.run_alone(connection, drop) or await store.run_alone(connection, build)
    if not refusal:
        await store.learn_values(connection)
    state = KeyIndexState.FAILED if refusal else KeyIndexState.READY
    async with db.write() as tx:
        await store.change_key_state(
            tx, number=wanted.id, old_state=KeyIndexState.BUILDING, new_state=state, reason=refusal
        )


async def _drop(db: Database, connection: Any, wanted: IndexedKey) -> None:  # noqa: ANN401 - untyped driver
    async with db.read() as tx:
        drop = await store.write_drop_command(tx, number=wanted.id)
    await store.run_alone(connection, drop)
    async with db.write() as tx:
        await store.delete_indexed_key(tx, number=wanted.id)


async def _get(tx: Tx, key: str, kind: KeyKind) -> IndexedKey:
    found = await store.find_indexed_key(tx, key=key, kind=kind)
    if found is None:
        raise KeyIndexNotFoundError(key, kind)
    return found


async def _record(tx: Tx, kind: CatalogEvent, key: IndexedKey, who: Principal) -> None:
    facts: dict[str, object] = {"key": key.key, "kind": key.kind}
    await tx.record(Event(kind, "indexed_key", key.key, None, facts), who)
