"""A selection that is about to be cut: read, narrowed, and beside it the ledger that says what was given out."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace

from sutler.base.errors import InvalidInputError, Problem
from sutler.catalog import mql, store
from sutler.catalog.errors import LedgerPartsError
from sutler.catalog.model import CreatedWithin, Ledger, Part, Selection
from sutler.catalog.mql import slices
from sutler.catalog.mql.overlay import lay_over
from sutler.catalog.mql.selection import Place
from sutler.catalog.operations.ledgers import get_ledger_in, lock_ledger_in
from sutler.catalog.operations.queries import read_query
from sutler.catalog.operations.working_out import work_out_in
from sutler.database import Tx
from sutler.database.sql import Fragment

_BEHIND_ALL_FIDS = "\U0010ffff"


@dataclass(frozen=True)
class Cut:
    """A selection, its files as a tree that is worked out, and the ledger if there is one."""

    selection: Selection
    tree: mql.FileQuery
    scope: mql.Scope
    ledger_id: int | None
    ledger: Ledger | None = None

    @property
    def digest(self) -> str:
        """What tells selections apart of which everything may have been taken up to a file."""
        return hashlib.sha256(repr((self.selection.query, self.selection.filters)).encode()).hexdigest()

    @property
    def floor(self) -> Place | None:
        """A place behind which all files stand that pass the filters; an index has it, unlike the filters."""
        instants = [one.after for one in self.selection.filters if isinstance(one, CreatedWithin) and one.after]
        return (max(instants), _BEHIND_ALL_FIDS) if instants else None

    @property
    def place(self) -> Place | None:
        """The last file up to which everything of this selection was taken."""
        ledger = self.ledger
        if ledger is None or ledger.taken_digest != self.digest:
            return None
        assert ledger.taken_created_at is not None
        assert ledger.taken_fid is not None
        return ledger.taken_created_at, ledger.taken_fid


async def begin_in(tx: Tx, *, selection: Selection, ledger_id: int | None) -> Cut:
    """Read a selection; the ledger is not looked at yet. Raises InvalidInputError and what reading a query raises."""
    check_selection(selection)
    scope = mql.Scope(namespaces=None, experiment_ids=(selection.experiment_id,))
    tree = lay_over(read_query(selection.query), selection.filters)
    tree = await work_out_in(tx, tree=tree, scope=scope, text=selection.query)
    return Cut(selection, tree, scope, ledger_id)


async def lock_in(tx: Tx, cut: Cut) -> Cut:
    """Return the cut with its ledger, locked. Raises LedgerNotFoundError, LedgerPartsError."""
    if cut.ledger_id is None:
        return cut
    ledger = await lock_ledger_in(tx, ledger_id=cut.ledger_id, experiment_id=cut.selection.experiment_id)
    check_parts(ledger, cut.selection.part)
    return replace(cut, ledger=ledger)


async def look_in(tx: Tx, *, selection: Selection, ledger_id: int | None) -> Cut:
    """Read a selection and its ledger, to take nothing. Raises what `begin_in` and `lock_in` raise."""
    cut = await begin_in(tx, selection=selection, ledger_id=ledger_id)
    if ledger_id is None:
        return cut
    ledger = await get_ledger_in(tx, ledger_id=ledger_id, experiment_id=selection.experiment_id)
    check_parts(ledger, selection.part)
    return replace(cut, ledger=ledger)


async def rows_of_in(tx: Tx, cut: Cut, *, keeps_parts: bool = False) -> Fragment:
    """Return the statement for what is cut: the files of the selection, or those of its part.

    A part is what the ledger keeps; if it keeps none, `keeps_parts` makes them of what is selected now.
    """
    part = cut.selection.part
    if part is None:
        return slices.select_rows(cut.tree, cut.scope)
    is_kept = cut.ledger is not None and cut.ledger.part_count is not None
    if cut.ledger_id is None or not (is_kept or keeps_parts):
        return slices.select_part(cut.tree, cut.scope, part)
    if not is_kept:
        statement = slices.keep_parts(cut.tree, cut.scope, ledger_id=cut.ledger_id, count=part.count)
        await store.run_selection(tx, statement=statement)
        await store.keep_part_count(tx, ledger_id=cut.ledger_id, part_count=part.count)
    return slices.select_kept_part(cut.ledger_id, part, cut.scope)


def check_selection(selection: Selection) -> None:
    """Go on when a selection can be cut. Raises InvalidInputError."""
    limit, budget, part = selection.limit, selection.budget, selection.part
    problems = []
    if limit is not None and limit < 0:
        problems.append(Problem("limit", f"cannot be negative, like {limit}"))
    if budget is not None and budget.amount < 1:
        problems.append(Problem("budget", f"must be at least 1, not {budget.amount}"))
    if part is not None and not 0 <= part.number < part.count < 2**31:
        problems.append(Problem("part", f"must be one of {part.count}, counted from 0, not {part.number}"))
    if selection.group_by is not None and not selection.group_by.key:
        problems.append(Problem("group_by", "needs a metadata key"))
    if problems:
        raise InvalidInputError(problems)


def check_parts(ledger: Ledger, part: Part | None) -> None:
    """Go on when a ledger can give out a part. Raises LedgerPartsError."""
    if part is not None and ledger.part_count is not None and ledger.part_count != part.count:
        raise LedgerPartsError(ledger.part_count, part.count)
