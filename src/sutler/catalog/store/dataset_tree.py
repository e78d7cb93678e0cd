"""The tree of datasets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sutler.base.did import Did
from sutler.database import Tx, into_list, load_statements

_SQL = load_statements("sutler.catalog.store", "dataset_tree.sql")


async def lock_tree(tx: Tx, *, experiment_id: int) -> None:
    """Keep others from putting datasets of an experiment below each other until the transaction ends."""
    await tx.run(_SQL.lock_tree, experiment_id=experiment_id)


async def list_linked(tx: Tx, *, parent_id: int, child_ids: Sequence[int]) -> set[int]:
    """Return those of the children that are directly below the parent."""
    rows = await tx.rows(_SQL.list_linked, parent_id=parent_id, child_ids=list(child_ids))
    return {row["child_id"] for row in rows}


async def link_datasets(tx: Tx, *, parent_id: int, child_ids: Sequence[int]) -> int:
    """Put datasets below another one and return how many were not there."""
    return await tx.run(_SQL.link_datasets, parent_id=parent_id, child_ids=list(child_ids))


async def unlink_datasets(tx: Tx, *, parent_id: int, child_id: int) -> bool:
    """Take a dataset out from below another one. Returns whether it was there."""
    return await tx.run(_SQL.unlink_datasets, parent_id=parent_id, child_id=child_id) > 0


async def unlink_everywhere(tx: Tx, *, dataset_id: int) -> None:
    """Take a dataset out of the tree."""
    await tx.run(_SQL.unlink_everywhere, dataset_id=dataset_id)


async def list_circular_children(tx: Tx, *, parent_id: int, child_ids: Sequence[int]) -> list[Did]:
    """Return those of the children that are the parent or anywhere above it."""
    return into_list(Did, await tx.rows(_SQL.list_circular_children, parent_id=parent_id, child_ids=list(child_ids)))


async def list_dataset_parents(tx: Tx, *, dataset_id: int, count: int) -> list[Did]:
    """Return the names of the first datasets directly above one."""
    return into_list(Did, await tx.rows(_SQL.list_dataset_parents, dataset_id=dataset_id, count=count))


async def list_dataset_children(tx: Tx, *, dataset_id: int, count: int) -> list[Did]:
    """Return the names of the first datasets directly below one."""
    return into_list(Did, await tx.rows(_SQL.list_dataset_children, dataset_id=dataset_id, count=count))


async def count_dataset_relatives(tx: Tx, *, dataset_id: int) -> Mapping[str, int]:
    """Return `parent_count`, `child_count`, `superset_count` and `subset_count` of a dataset."""
    row = await tx.row(_SQL.count_dataset_relatives, dataset_id=dataset_id)
    return dict(row or {})
