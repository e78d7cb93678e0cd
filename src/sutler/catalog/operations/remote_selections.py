"""Selections from a catalogue elsewhere: asked before a transaction, taken from inside it.

The answer becomes rows, some at a time, in transactions of their own. What a slice gets is decided by the ledger in the
transaction that takes it, whatever the answer says.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from datetime import timedelta
from decimal import Decimal

from sutler.auth import Role
from sutler.base.errors import InvalidInputError
from sutler.catalog import store
from sutler.catalog.errors import PreparedSelectionGoneError
from sutler.catalog.model import Measure, PreparedSelection, Selection
from sutler.catalog.operations.cuts import check_parts, check_selection
from sutler.catalog.operations.ledgers import lock_ledger_in
from sutler.catalog.operations.members import ROWS_AT_ONCE, cut
from sutler.catalog.operations.slices import narrow_query
from sutler.catalog.sources.finder import SourceFinder
from sutler.catalog.sources.port import CatalogSource, SourceFile
from sutler.database import Database, Tx

KEPT_FOR = timedelta(hours=1)
"""Longer than any launch takes: an answer of that age belongs to nobody."""


async def prepare_selection(
    db: Database, catalogues: SourceFinder, *, selection: Selection, ledger_id: int | None, role: Role
) -> PreparedSelection | None:
    """Ask the catalogue that the experiment names, and keep the answer for `take_prepared_in`. None: it uses our own.

    Only files that the ledger does not have are kept, and only until there are enough; but all of them for a group, and
    those of the ledger too for a part. How many the ledger has tells where to begin; when the answer comes short, the
    whole selection is looked at once more. `discard_selection` removes the answer after use. Raises MqlSyntaxError,
    InvalidInputError, what `narrow_query` and what asking a CatalogSource raise; nothing is left of the answer then.
    """
    check_selection(selection)
    source = await catalogues.find(experiment_id=selection.experiment_id, role=role)
    if source is None:
        return None
    if selection.group_by is not None and selection.part is not None:
        raise InvalidInputError("A part of a group is not possible with a catalogue elsewhere. Ask for one of the two.")
    query = narrow_query(selection.query, selection.filters)
    is_plain = not selection.filters and selection.group_by is None and selection.part is None
    async with db.write() as tx:
        taken = 0 if ledger_id is None or not is_plain else await store.count_entries(tx, ledger_id=ledger_id)
        selection_id = await store.insert_selection(tx, experiment_id=selection.experiment_id)
    answer = _Answer(db, selection_id, ledger_id, selection)
    try:
        limit = selection.limit if is_plain and selection.budget is None else None
        await answer.fill(source, query, skip=taken, limit=limit)
        if taken and not answer.is_full:
            await answer.fill(source, query, skip=0, limit=None)
        async with db.write() as tx:
            await store.complete_selection(tx, selection_id=selection_id)
    except BaseException:
        await discard_selection(db, selection_id=selection_id)
        raise
    return PreparedSelection(selection_id, source.place, is_all=not answer.is_full, selection=selection)


class _Answer:
    """The rows of an answer while they come in."""

    def __init__(self, db: Database, selection_id: int, ledger_id: int | None, selection: Selection) -> None:
        self._db, self._selection_id, self._selection = db, selection_id, selection
        # Parts are made of all that is selected, whatever was given out.
        self._ledger_id = ledger_id if selection.part is None else None
        self._measure = selection.budget.measure if selection.budget else None
        self._group_key = selection.group_by.key if selection.group_by else None
        self._seen = self._kept = 0
        self._amount = Decimal(0)

    @property
    def is_full(self) -> bool:
        """Whether there are as many as were asked for. What a group or a part has is only known when all were seen."""
        limit, budget = self._selection.limit, self._selection.budget
        if self._selection.part is not None or self._selection.group_by is not None:
            return False
        if budget is not None and self._amount > budget.amount:
            return True
        return limit is not None and self._kept >= limit

    async def fill(self, source: CatalogSource, query: str, *, skip: int, limit: int | None) -> None:
        """Keep files of the query that are not there yet, until there are enough; `limit` is what is asked for."""
        with_metadata = self._group_key is not None or self._measure is Measure.EVENTS
        found = source.select(query, skip=skip, limit=limit, with_metadata=with_metadata)
        try:
            async for files in found:
                for some in cut(files):
                    await self._keep(some)
                if self.is_full:
                    return
        finally:
            if isinstance(found, AsyncGenerator):
                await found.aclose()

    async def _keep(self, files: Sequence[SourceFile]) -> None:
        async with self._db.write() as tx:
            count, amount = await store.insert_selected(
                tx,
                selection_id=self._selection_id,
                first=self._seen,
                files=files,
                ledger_id=self._ledger_id,
                measure=self._measure,
                group_key=self._group_key,
            )
        self._kept += count
        self._amount += amount
        self._seen += len(files)


async def take_prepared_in(
    tx: Tx, *, prepared: PreparedSelection, experiment_id: int, ledger_id: int | None, limit: int | None
) -> list[SourceFile]:
    """Take the next files of a kept answer that are not in the ledger, in its order, and enter them.

    They are cut as the selection says that the answer was asked for. The ledger stays locked until the transaction
    ends. Without a ledger the first files are returned each time. Fewer than the limit although the answer was not all
    there is: others have taken them since it was given. Raises PreparedSelectionGoneError, LedgerNotFoundError,
    LedgerPartsError.
    """
    if await store.find_selection(tx, selection_id=prepared.id) != experiment_id:
        raise PreparedSelectionGoneError
    group, part = prepared.selection.group_by, prepared.selection.part
    if ledger_id is not None:
        ledger = await lock_ledger_in(tx, ledger_id=ledger_id, experiment_id=experiment_id)
        check_parts(ledger, part)
        if part is not None and ledger.part_count is None:
            await store.keep_parts_of_selected(tx, ledger_id=ledger_id, selection_id=prepared.id, part_count=part.count)
            await store.keep_part_count(tx, ledger_id=ledger_id, part_count=part.count)
    await store.forget_plans(tx)
    item = None
    if group is not None:
        item = await store.find_selected_group(
            tx, selection_id=prepared.id, ledger_id=ledger_id, is_ascending=group.is_ascending
        )
        if item is None:
            return []
    return await store.take_selected(
        tx,
        selection_id=prepared.id,
        ledger_id=ledger_id,
        limit=limit,
        budget=prepared.selection.budget,
        part=part,
        group_item=item,
    )


async def count_prepared_passed_over_in(tx: Tx, *, prepared: PreparedSelection) -> int:
    """Return how many files of a kept answer belong to no group; none for a selection without groups."""
    if prepared.selection.group_by is None:
        return 0
    return await store.count_selected_without_group(tx, selection_id=prepared.id)


async def discard_selection(db: Database, *, selection_id: int) -> None:
    """Remove a kept answer, some rows at a time. Safe to repeat."""
    deleted = ROWS_AT_ONCE
    while deleted == ROWS_AT_ONCE:
        async with db.write() as tx:
            deleted = await store.delete_selected(tx, selection_id=selection_id, count=ROWS_AT_ONCE)
    async with db.write() as tx:
        await store.delete_selection(tx, selection_id=selection_id)


async def discard_old_selections(db: Database, *, count: int) -> int:
    """Remove at most `count` answers that nobody removed in an hour, as a server died. Returns how many."""
    async with db.read() as tx:
        old = await store.list_old_selections(tx, before=tx.now - KEPT_FOR, count=count)
    for selection_id in old:
        await discard_selection(db, selection_id=selection_id)
    return len(old)
