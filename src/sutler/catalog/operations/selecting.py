"""What a query selects, inside the transaction that does something with it."""

from __future__ import annotations

from collections.abc import Sequence

from sutler.catalog import mql, store
from sutler.catalog.model import Dataset
from sutler.catalog.mql.datasets import select_datasets
from sutler.catalog.operations.queries import read_any_query
from sutler.catalog.operations.working_out import gather_ids_in, work_out_in
from sutler.database import Tx


async def select_file_ids_in(tx: Tx, *, tree: mql.FileQuery, experiment_id: int, text: str = "") -> Sequence[int]:
    """Return the numbers of the files of an experiment that a query selects, in its order. `text` is the query.

    Raises MqlMeaningError and its kin, UnreadableQueryError, QueryTooSlowError, FilterTooLargeError.
    """
    scope = mql.Scope(namespaces=None, experiment_ids=(experiment_id,))
    await store.begin_query(tx)
    found = await gather_ids_in(tx, tree=await work_out_in(tx, tree=tree, scope=scope, text=text), scope=scope)
    await store.end_query(tx)
    return found


async def select_datasets_in(tx: Tx, *, tree: mql.DatasetQuery, experiment_id: int) -> list[Dataset]:
    """Return the datasets of an experiment that a query selects, by name. Raises UnreadableQueryError."""
    scope = mql.Scope(namespaces=None, experiment_ids=(experiment_id,))
    await store.begin_query(tx)
    rows = await store.run_selection(tx, statement=select_datasets(tree.datasets, scope))
    await store.end_query(tx)
    found = await store.list_datasets_numbered(tx, dataset_ids=sorted({row["id"] for row in rows}))
    return sorted(found, key=lambda dataset: dataset.did)


def read_dataset_query(text: str) -> mql.DatasetQuery:
    """Return the tree of a query for datasets. Raises MqlSyntaxError and its kin; MqlMeaningError for another query."""
    tree = read_any_query(text)
    if not isinstance(tree, mql.DatasetQuery):
        raise mql.MqlMeaningError("this is no search for datasets, but one is needed here, like 'datasets a:b'.")
    return tree
