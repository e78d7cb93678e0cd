"""Ledgers: sets of files that are given out once."""

from __future__ import annotations

from collections.abc import Sequence

from sutler.catalog import store
from sutler.catalog.errors import LedgerNotFoundError
from sutler.catalog.model import Ledger
from sutler.database import Tx


async def create_ledger_in(tx: Tx, *, experiment_id: int) -> int:
    """Open an empty ledger and return its id."""
    return await store.insert_ledger(tx, experiment_id=experiment_id)


async def get_taken_counts_in(tx: Tx, *, ledger_id: int) -> int:
    """Return how many files a ledger has given out; none for one that is not there."""
    return await store.count_entries(tx, ledger_id=ledger_id)


async def find_next_part_in(tx: Tx, *, ledger_id: int, after: int) -> int | None:
    """Return the number of the first part behind one from which a ledger has files left to give out, or None."""
    return await store.find_next_part(tx, ledger_id=ledger_id, after=after)


async def enter_in(tx: Tx, *, ledger_id: int, experiment_id: int, keys: Sequence[str]) -> None:
    """Enter files that a caller gives out by other means than a selection: by fid, or by DID where there is none.

    The caller has locked what keeps others from doing the same. Raises LedgerNotFoundError.
    """
    await lock_ledger_in(tx, ledger_id=ledger_id, experiment_id=experiment_id)
    await store.enter_taken(tx, ledger_id=ledger_id, fids=keys)


async def lock_ledger_in(tx: Tx, *, ledger_id: int, experiment_id: int) -> Ledger:
    """Return a ledger that nobody else takes by until the transaction ends. Raises LedgerNotFoundError."""
    return _check(await store.lock_ledger(tx, ledger_id=ledger_id), ledger_id, experiment_id)


async def get_ledger_in(tx: Tx, *, ledger_id: int, experiment_id: int) -> Ledger:
    """Return a ledger of an experiment. Raises LedgerNotFoundError."""
    return _check(await store.find_ledger(tx, ledger_id=ledger_id), ledger_id, experiment_id)


def _check(ledger: Ledger | None, ledger_id: int, experiment_id: int) -> Ledger:
    if ledger is None or ledger.experiment_id != experiment_id:
        raise LedgerNotFoundError(ledger_id)
    return ledger
