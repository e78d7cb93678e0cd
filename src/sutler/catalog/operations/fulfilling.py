"""Which of given files fulfil a condition on their metadata."""

from __future__ import annotations

from collections.abc import Sequence

from sutler.catalog import mql
from sutler.catalog.model import Selection
from sutler.catalog.operations.slices import take_in
from sutler.database import Tx

FIDS_AT_ONCE = 10_000


async def list_fulfilling_in(tx: Tx, *, experiment_id: int, fids: Sequence[str], condition: str) -> set[str]:
    """Return those of the files whose metadata fulfil a condition, as it stands behind `where` in a query.

    Raises MqlSyntaxError and its kin; MqlMeaningError for what is more than a condition.
    """
    parsed = mql.parse(f"files from a:b where {condition}")
    if not isinstance(parsed, mql.Where) or not isinstance(parsed.source, mql.FromDatasets):
        raise mql.MqlMeaningError(f"{condition!r} is no condition on the metadata of files")
    fulfilling: set[str] = set()
    for start in range(0, len(fids), FIDS_AT_ONCE):
        tree = mql.Where(mql.FilesById(tuple(fids[start : start + FIDS_AT_ONCE])), parsed.condition)
        selection = Selection(mql.to_text(tree), experiment_id)
        fulfilling.update(file.fid for file in await take_in(tx, selection=selection, ledger_id=None))
    return fulfilling
