"""Cutting by a limit or an amount.

What is cut in the order of a whole selection begins where the last such slice of the same selection ended, so that the
thousandth costs what the first does. When that comes short, the whole selection is looked at once more: files may have
come in since that stand before that place.

Where a condition decides, some files are walked through in order first, as many as would do if one in twenty were
wanted. Only when that is not enough the planner chooses a way, for it knows little of conditions on metadata.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from sutler.catalog import store
from sutler.catalog.model import Budget, FileReference
from sutler.catalog.mql import selection as selecting
from sutler.catalog.mql import slices
from sutler.catalog.mql.compile import find_horizon
from sutler.catalog.mql.selection import Place
from sutler.catalog.operations.cuts import Cut
from sutler.database import Row, Tx, into_list
from sutler.database.sql import Fragment

FIRST_CHUNK, LARGEST_CHUNK = 500, 4_000
"""How many files are read ahead for an amount: at first, and at most; twice as many each time."""

WALKED_PER_FILE, LEAST_WALKED, MOST_WALKED = 20, 1_000, 100_000
"""How many files are walked through for each that is wanted, for a few, and at most: for more this is no way to go."""


@dataclass
class _Slice:
    """What was chosen so far. It is full when there is more that has no room."""

    limit: int | None
    budget: Budget | None
    rows: list[Row] = field(default_factory=list)
    amount: Decimal = Decimal(0)
    is_full: bool = False

    @property
    def missing(self) -> int | None:
        """How many files there is room for by number."""
        return None if self.limit is None else self.limit - len(self.rows)

    def add(self, found: Sequence[Row]) -> None:
        """Choose what there is room for, one after the other; the first file of all always has some."""
        assert self.budget is not None
        for row in found:
            if self.missing == 0 or (self.rows and self.amount + row["amount"] > self.budget.amount):
                self.is_full = True
                return
            self.rows.append(row)
            self.amount += row["amount"]

    def list_files(self) -> list[FileReference]:
        """Return the files in order."""
        return into_list(FileReference, sorted(self.rows, key=lambda row: (row["created_at"], row["fid"])))


async def take_in_order_in(tx: Tx, cut: Cut) -> list[FileReference]:
    """Take of a whole selection, by the limit and the budget alone."""
    limit, budget = cut.selection.limit, cut.selection.budget
    if cut.ledger_id is None and budget is None:
        statement = selecting.select_files(cut.tree, cut.scope, limit=limit)
        return into_list(FileReference, await store.run_selection(tx, statement=statement))
    begin = cut.place if limit is not None or budget is not None else None
    chosen = _Slice(limit, budget)
    await _fill_in_order(tx, cut, chosen, begin or cut.floor)
    if chosen.is_full:
        await _note_place(tx, cut, chosen.rows)
    elif begin is not None:
        await _fill_in_order(tx, cut, chosen, cut.floor)
    return chosen.list_files()


async def take_of_in(tx: Tx, cut: Cut, rows: Fragment, condition: Fragment | None = None) -> list[FileReference]:
    """Take of some rows that fulfil a condition on `wanted`."""
    chosen = _Slice(cut.selection.limit, cut.selection.budget)
    if chosen.budget is not None:
        await _fill_with_amount(tx, cut, chosen, rows, condition=condition)
    else:
        picked = selecting.pick_untaken(rows, ledger_id=cut.ledger_id) + (condition or Fragment())
        statement = selecting.take_rows(picked, cut.ledger_id, chosen.limit)
        chosen.rows = await store.run_selection(tx, statement=statement)
    return chosen.list_files()


async def _fill_in_order(tx: Tx, cut: Cut, chosen: _Slice, after: Place | None) -> None:
    if chosen.budget is not None:
        rows = slices.select_rows(cut.tree, cut.scope)
        await _fill_with_amount(tx, cut, chosen, rows, after=after, walks=True)
        return

    def take(until: datetime | None) -> Fragment:
        return selecting.take_files(
            cut.tree, cut.scope, ledger_id=cut.ledger_id, limit=chosen.missing, after=after, until=until
        )

    walked = None if chosen.missing is None else await _walk(tx, cut, take, after=after, count=chosen.missing)
    if walked is not None:
        chosen.rows += walked.rows
    if walked is None or not (walked.is_last or chosen.missing == 0):
        chosen.rows += await store.run_selection(tx, statement=take(None))
    chosen.is_full = chosen.missing == 0


async def _fill_with_amount(
    tx: Tx,
    cut: Cut,
    chosen: _Slice,
    rows: Fragment,
    *,
    after: Place | None = None,
    condition: Fragment | None = None,
    walks: bool = False,
) -> None:
    """Read ahead until there is enough, and enter what was chosen."""
    assert chosen.budget is not None
    measure, before, size = chosen.budget.measure, len(chosen.rows), FIRST_CHUNK
    is_all = False
    while not (chosen.is_full or is_all):

        def read(until: datetime | None, after: Place | None = after, size: int = size) -> Fragment:
            picked = slices.pick_measured(rows, ledger_id=cut.ledger_id, measure=measure, after=after, until=until)
            return slices.read_next(picked + (condition or Fragment()), count=size)

        found = await _read_ahead(tx, cut, read, after=after, count=size, walks=walks)
        chosen.add(found)
        is_all = len(found) < size
        size = min(2 * size, LARGEST_CHUNK)
        after = (found[-1]["created_at"], found[-1]["fid"]) if found else after
    if cut.ledger_id is not None:
        fids = [row["fid"] for row in chosen.rows[before:]]
        await store.enter_taken(tx, ledger_id=cut.ledger_id, fids=fids)


async def _read_ahead(
    tx: Tx, cut: Cut, read: Callable[[datetime | None], Fragment], *, after: Place | None, count: int, walks: bool
) -> list[Row]:
    walked = await _walk(tx, cut, read, after=after, count=count) if walks else None
    if walked is not None and (walked.is_last or len(walked.rows) == count):
        return walked.rows
    return await store.run_selection(tx, statement=read(None))


@dataclass(frozen=True)
class _Walked:
    """What was found on a walk. It is the last one when there was nothing more to walk through."""

    rows: list[Row]
    is_last: bool


async def _walk(
    tx: Tx, cut: Cut, make: Callable[[datetime | None], Fragment], *, after: Place | None, count: int
) -> _Walked | None:
    """Run a statement on so many files behind a place that `count` are likely found. None: this is no way to go."""
    most = max(WALKED_PER_FILE * count, LEAST_WALKED)
    horizon = find_horizon(cut.tree, cut.scope, after=None if after is None else after[0], count=most)
    if horizon is None or most > MOST_WALKED:
        return None
    found = await store.run_selection(tx, statement=horizon)
    until = found[0]["created_at"] if found else None
    await store.begin_walk(tx)
    rows = await store.run_selection(tx, statement=make(until))
    await store.end_walk(tx)
    return _Walked(rows, is_last=until is None)


async def _note_place(tx: Tx, cut: Cut, rows: Sequence[Row]) -> None:
    if cut.ledger_id is not None and rows:
        last = rows[-1]
        await store.note_taken(
            tx, ledger_id=cut.ledger_id, digest=cut.digest, created_at=last["created_at"], fid=last["fid"]
        )
