"""Ledgers."""

from __future__ import annotations

from sutler.database import Tx, load_statements

_SQL = load_statements("sutler.catalog.store", "ledgers.sql")


async def insert_ledger(tx: Tx, *, experiment_id: int) -> int:
    """Open a ledger and return its id."""
    return int(await tx.value(_SQL.insert_ledger, experiment_id=experiment_id, now=tx.now))


async def lock_ledger(tx: Tx, *, ledger_id: int) -> int | None:
    """Lock a ledger and return the experiment it belongs to. None if there is no such ledger."""
    found: int | None = await tx.value(_SQL.lock_ledger, ledger_id=ledger_id)
    return found
