"""Selections from a catalogue elsewhere: asked before a transaction, taken from inside it.

The answer becomes rows, some at a time, in transactions of their own. What a slice gets is decided by the ledger in the
transaction that takes it, whatever the answer says.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from datetime import timedelta

from sutler.auth import Role
from sutler.base.errors import InvalidInputError, Problem
from sutler.catalog import store
from sutler.catalog.errors import LedgerNotFoundError, PreparedSelectionGoneError
from sutler.catalog.model import PreparedSelection, Selection
from sutler.catalog.operations.members import ROWS_AT_ONCE, cut
from sutler.catalog.sources.finder import SourceFinder
from sutler.catalog.sources.port import CatalogSource, SourceFile
from sutler.database import Database, Tx

KEPT_FOR = timedelta(hours=1)
"""Longer than any launch takes: an answer of that age belongs to nobody."""


async def prepare_selection(
    db: Database, catalogues: SourceFinder, *, selection: Selection, ledger_id: int | None, role: Role
) -> PreparedSelection | None:
    """Ask the catalogue that the experiment names, and keep the answer for `take_prepared_in`. None: it uses our own.

    Only files that the ledger does not have are kept, at most the limit. How many it has tells where to begin; when the
    answer comes short, the whole selection is looked at once more. `discard_selection` removes the answer after use.
    Raises MqlSyntaxError and what asking a CatalogSource raises; nothing is left of the answer then.
    """
    if selection.limit is not None and selection.limit < 0:
        raise InvalidInputError([Problem("limit", f"cannot be negative, like {selection.limit}")])
    source = await catalogues.find(experiment_id=selection.experiment_id, role=role)
    if source is None:
        return None
    async with db.write() as tx:
        taken = 0 if ledger_id is None else await store.count_taken(tx, ledger_id=ledger_id)
        selection_id = await store.insert_selection(tx, experiment_id=selection.experiment_id)
    answer = _Answer(db, selection_id, ledger_id, selection.limit)
    try:
        await answer.fill(source, selection.query, skip=taken, limit=selection.limit)
        if taken and not answer.is_full:
            await answer.fill(source, selection.query, skip=0, limit=None)
        async with db.write() as tx:
            await store.complete_selection(tx, selection_id=selection_id)
    except BaseException:
        await discard_selection(db, selection_id=selection_id)
        raise
    return PreparedSelection(selection_id, source.place, is_all=not answer.is_full)


class _Answer:
    """The rows of an answer while they come in."""

    def __init__(self, db: Database, selection_id: int, ledger_id: int | None, limit: int | None) -> None:
        self._db, self._selection_id, self._ledger_id, self._limit = db, selection_id, ledger_id, limit
        self._seen = self._kept = 0

    @property
    def is_full(self) -> bool:
        """Whether there are as many as were asked for."""
        return self._limit is not None and self._kept >= self._limit

    async def fill(self, source: CatalogSource, query: str, *, skip: int, limit: int | None) -> None:
        """Keep files of the query that are not there yet, until there are enough; `limit` is what is asked for."""
        found = source.select(query, skip=skip, limit=limit)
        try:
            async for files in found:
                for part in cut(files):
                    await self._keep(part)
                if self.is_full:
                    return
        finally:
            if isinstance(found, AsyncGenerator):
                await found.aclose()

    async def _keep(self, files: Sequence[SourceFile]) -> None:
        async with self._db.write() as tx:
            self._kept += await store.insert_selected(
                tx, selection_id=self._selection_id, first=self._seen, files=files, ledger_id=self._ledger_id
            )
        self._seen += len(files)


async def take_prepared_in(
    tx: Tx, *, prepared: PreparedSelection, experiment_id: int, ledger_id: int | None, limit: int | None
) -> list[SourceFile]:
    """Take the next files of a kept answer that are not in the ledger, in its order, and enter them.

    The ledger stays locked until the transaction ends. Without a ledger the first files are returned each time. Fewer
    than the limit although the answer was not all there is: others have taken them since it was given. Raises
    PreparedSelectionGoneError, LedgerNotFoundError.
    """
    if await store.find_selection(tx, selection_id=prepared.id) != experiment_id:
        raise PreparedSelectionGoneError
    if ledger_id is not None and await store.lock_ledger(tx, ledger_id=ledger_id) != experiment_id:
        raise LedgerNotFoundError(ledger_id)
    await store.forget_plans(tx)
    if ledger_id is None:
        return await store.list_selected(tx, selection_id=prepared.id, limit=limit)
    return await store.take_selected(tx, selection_id=prepared.id, ledger_id=ledger_id, limit=limit)


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
