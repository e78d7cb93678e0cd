"""Keys with an index of their own."""

from __future__ import annotations

from typing import Any

import asyncpg

from sutler.catalog.model import IndexedKey, KeyIndexState, KeyKind
from sutler.database import Tx, into_list, into_optional, load_statements

_SQL = load_statements("sutler.catalog.store", "indexed_keys.sql")
_BUILDERS_LOCK = 0x5574_6C65_7203


async def insert_indexed_key(tx: Tx, *, key: str, kind: KeyKind, username: str) -> IndexedKey | None:
    """Ask for an index. None when it is there already, or is being built."""
    row = await tx.row(_SQL.insert_indexed_key, key=key, kind=kind, now=tx.now, username=username)
    return into_optional(IndexedKey, row)


async def find_indexed_key(tx: Tx, *, key: str, kind: KeyKind) -> IndexedKey | None:
    """Return what is known of an index on a key."""
    return into_optional(IndexedKey, await tx.row(_SQL.find_indexed_key, key=key, kind=kind))


async def list_indexed_keys(tx: Tx) -> list[IndexedKey]:
    """Return all keys for which an index was asked, by key."""
    return into_list(IndexedKey, await tx.rows(_SQL.list_indexed_keys))


async def find_unfinished_key(tx: Tx) -> IndexedKey | None:
    """Return the first key whose index is to be built or dropped."""
    return into_optional(IndexedKey, await tx.row(_SQL.find_unfinished_key))


async def change_key_state(
    tx: Tx, *, number: int, old_state: KeyIndexState, new_state: KeyIndexState, reason: str = ""
) -> bool:
    """Move an index from one state to another. False when it is not in the first any more."""
    moved = await tx.run(
        _SQL.change_key_state, number=number, old_state=old_state, new_state=new_state, reason=reason, now=tx.now
    )
    return bool(moved)


async def delete_indexed_key(tx: Tx, *, number: int) -> None:
    """Forget an index that was dropped."""
    await tx.run(_SQL.delete_indexed_key, number=number)


async def is_index_valid(tx: Tx, *, number: int) -> bool | None:
    """Whether the index is whole; None when there is none."""
    found: bool | None = await tx.value(_SQL.is_index_valid, number=number)
    return found


async def write_build_command(tx: Tx, *, number: int) -> str:
    """Return the command that makes the index, for `run_alone`."""
    return str(await tx.value(_SQL.write_build_command, number=number))


async def write_drop_command(tx: Tx, *, number: int) -> str:
    """Return the command that drops the index, for `run_alone`."""
    return str(await tx.value(_SQL.write_drop_command, number=number))


async def lock_building(connection: Any) -> bool:  # noqa: ANN401 - untyped driver
    """Become the only one who builds and drops, as long as the connection lives, and be given time for it."""
    await connection.execute("SET statement_timeout = 0; SET lock_timeout = 0")
    return bool(await connection.fetchval("SELECT pg_try_advisory_lock($1)", _BUILDERS_LOCK))


async def run_alone(connection: Any, command: str) -> str:  # noqa: ANN401 - untyped driver
    """Run a command outside every transaction. Returns why the server refused it; empty when it was done."""
    try:
        await connection.execute(command)
    except (asyncpg.DataError, asyncpg.ProgramLimitExceededError, asyncpg.InsufficientResourcesError) as error:
        return str(error)
    return ""


async def learn_values(connection: Any) -> None:  # noqa: ANN401 - untyped driver
    """Have the planner learn what values the new index holds."""
    await connection.execute("ANALYZE catalog.files")
