"""Ledgers: sets of files that are given out once."""

from __future__ import annotations

from sutler.base.errors import InvalidInputError, Problem
from sutler.catalog import mql, store
from sutler.catalog.errors import LedgerNotFoundError
from sutler.catalog.model import FileReference, Selection
from sutler.catalog.mql import selection as selecting
from sutler.catalog.operations.queries import read_query
from sutler.catalog.operations.working_out import work_out_in
from sutler.database import Tx, into_list


async def create_ledger_in(tx: Tx, *, experiment_id: int) -> int:
    """Open an empty ledger and return its id."""
    return await store.insert_ledger(tx, experiment_id=experiment_id)


async def take_in(tx: Tx, *, selection: Selection, ledger_id: int | None) -> list[FileReference]:
    """Take the next files of a selection that are not in the ledger, by creation time and fid, and enter them.

    Fewer than the limit means that there are no more now. The ledger stays locked until the transaction ends, so that
    no file is given out twice. Without a ledger the first files of the selection are returned each time.
    Raises LedgerNotFoundError, MqlSyntaxError and its kin, UnreadableQueryError, QueryTooSlowError,
    FilterTooLargeError, InvalidInputError.
    """
    if selection.limit is not None and selection.limit < 0:
        raise InvalidInputError([Problem("limit", f"cannot be negative, like {selection.limit}")])
    scope = _scope_of(selection)
    tree = await work_out_in(tx, tree=read_query(selection.query), scope=scope, text=selection.query)
    if ledger_id is None:
        statement = selecting.select_files(tree, scope, limit=selection.limit)
    else:
        if await store.lock_ledger(tx, ledger_id=ledger_id) != selection.experiment_id:
            raise LedgerNotFoundError(ledger_id)
        statement = selecting.take_files(tree, scope, ledger_id=ledger_id, limit=selection.limit)
    await store.forget_plans(tx)
    return into_list(FileReference, await store.run_selection(tx, statement=statement))


def _scope_of(selection: Selection) -> mql.Scope:
    return mql.Scope(namespaces=None, experiment_ids=(selection.experiment_id,))
