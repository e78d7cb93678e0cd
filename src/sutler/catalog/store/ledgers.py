"""Ledgers."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sutler.catalog.model import Ledger
from sutler.database import Tx, into_optional, load_statements

_SQL = load_statements("sutler.catalog.store", "ledgers.sql")


async def insert_ledger(tx: Tx, *, experiment_id: int) -> int:
    """Open a ledger and return its id."""
    return int(await tx.value(_SQL.insert_ledger, experiment_id=experiment_id, now=tx.now))


async def find_ledger(tx: Tx, *, ledger_id: int) -> Ledger | None:
    """Return a ledger as it is now. None if there is no such ledger."""
    return into_optional(Ledger, await tx.row(_SQL.find_ledger, ledger_id=ledger_id))


async def lock_ledger(tx: Tx, *, ledger_id: int) -> Ledger | None:
    """Lock a ledger and return it. None if there is no such ledger."""
    return into_optional(Ledger, await tx.row(_SQL.lock_ledger, ledger_id=ledger_id))


async def count_entries(tx: Tx, *, ledger_id: int) -> int:
    """Return how many files a ledger has."""
    return int(await tx.value(_SQL.count_entries, ledger_id=ledger_id))


async def enter_taken(tx: Tx, *, ledger_id: int, fids: Sequence[str]) -> None:
    """Enter files that the ledger does not have."""
    await tx.run(_SQL.enter_taken, ledger_id=ledger_id, fids=list(fids))


async def note_taken(tx: Tx, *, ledger_id: int, digest: str, created_at: datetime, fid: str) -> None:
    """Remember up to which file everything was taken of the selection with this digest."""
    await tx.run(_SQL.note_taken, ledger_id=ledger_id, digest=digest, created_at=created_at, fid=fid)


async def keep_part_count(tx: Tx, *, ledger_id: int, part_count: int) -> None:
    """Remember into how many parts a ledger is cut, unless all of them are empty."""
    await tx.run(_SQL.keep_part_count, ledger_id=ledger_id, part_count=part_count)


async def find_next_part(tx: Tx, *, ledger_id: int, after: int) -> int | None:
    """Return the first part behind one of which a file is left, or None."""
    found = await tx.value(_SQL.find_next_part, ledger_id=ledger_id, after=after)
    return None if found is None else int(found)


async def keep_parts_of_selected(tx: Tx, *, ledger_id: int, selection_id: int, part_count: int) -> None:
    """Cut the files of a kept answer into the parts of a ledger."""
    await tx.run(_SQL.keep_parts_of_selected, ledger_id=ledger_id, selection_id=selection_id, part_count=part_count)
