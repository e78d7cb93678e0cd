"""Slices: what a selection gives next, each file once by its ledger, in one transaction."""

from __future__ import annotations

from collections.abc import Sequence

from sutler.catalog import store
from sutler.catalog.model import FileReference, Filter, Selection
from sutler.catalog.mql import slices
from sutler.catalog.mql.overlay import write_narrowed
from sutler.catalog.operations.cuts import begin_in, lock_in, look_in, rows_of_in
from sutler.catalog.operations.cutting import take_in_order_in, take_of_in
from sutler.catalog.operations.queries import read_query
from sutler.database import Tx


async def take_in(tx: Tx, *, selection: Selection, ledger_id: int | None) -> list[FileReference]:
    """Take the next files of a selection that are not in the ledger, by creation time and fid, and enter them.

    Fewer than the limit means that there are no more now. Files that came in before a place up to which all were taken
    come last. The ledger stays locked until the transaction ends, so that no file is given out twice. Without a ledger
    the first files of the selection are returned each time. Raises LedgerNotFoundError, LedgerPartsError for another
    number of parts than the ledger has, MqlSyntaxError and its kin, UnreadableQueryError, QueryTooSlowError,
    FilterTooLargeError, InvalidInputError.
    """
    cut = await begin_in(tx, selection=selection, ledger_id=ledger_id)
    cut = await lock_in(tx, cut)
    await store.forget_plans(tx)
    if selection.part is None and selection.group_by is None:
        return await take_in_order_in(tx, cut)
    rows = await rows_of_in(tx, cut, keeps_parts=True)
    if selection.group_by is None:
        return await take_of_in(tx, cut, rows)
    key, is_ascending = selection.group_by.key, selection.group_by.is_ascending
    statement = slices.find_group(rows, ledger_id=ledger_id, key=key, is_ascending=is_ascending)
    found = await store.run_selection(tx, statement=statement)
    return await take_of_in(tx, cut, rows, slices.is_in_group(key, found[0]["item"])) if found else []


async def count_in(tx: Tx, *, selection: Selection, ledger_id: int | None) -> tuple[int, int]:
    """Return how many files of a selection are not in the ledger, and how many bytes they have as far as is known.

    Filters and the part are applied, the rest of the selection is not. Raises what `take_in` raises.
    """
    cut = await look_in(tx, selection=selection, ledger_id=ledger_id)
    statement = slices.summarize_untaken(await rows_of_in(tx, cut), ledger_id=ledger_id)
    [row] = await store.run_selection(tx, statement=statement)
    return row["count"], int(row["size_bytes"])


async def count_passed_over_in(tx: Tx, *, selection: Selection, ledger_id: int | None) -> int:
    """Return how many files that are not in the ledger belong to no group, so that no slice will have them.

    None for a selection without groups. Raises what `take_in` raises.
    """
    cut = await look_in(tx, selection=selection, ledger_id=ledger_id)
    if selection.group_by is None:
        return 0
    rows = await rows_of_in(tx, cut)
    statement = slices.count_passed_over(rows, ledger_id=ledger_id, key=selection.group_by.key)
    [row] = await store.run_selection(tx, statement=statement)
    return int(row["count"])


def narrow_query(text: str, filters: Sequence[Filter]) -> str:
    """Return a query for those files of another one that pass all filters; the same text when there are none.

    It is one that MetaCat servers read too: conditions are joined, or stand beside what cannot take one. Raises
    MqlSyntaxError and its kin, also for a filter of another server, which stands in no tree; InvalidInputError.
    """
    return write_narrowed(read_query(text), filters) if filters else text
