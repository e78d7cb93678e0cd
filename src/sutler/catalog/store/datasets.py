"""Datasets, their tree and their members."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sutler.base.did import Did
from sutler.catalog.model import Dataset
from sutler.database import Tx, into_optional, load_statements
from sutler.database.listing import Key, Page, list_page
from sutler.database.sql import sql, value

_SQL = load_statements("sutler.catalog.store", "datasets.sql")


async def insert_dataset(
    tx: Tx,
    *,
    did: Did,
    experiment_id: int,
    description: str,
    frozen: bool,
    monotonic: bool,
    metadata: Mapping[str, object],
    username: str,
) -> Dataset | None:
    """Make a dataset. None if there is one of that name."""
    row = await tx.row(
        _SQL.insert_dataset,
        namespace=did.namespace,
        name=did.name,
        experiment_id=experiment_id,
        description=description,
        frozen=frozen,
        monotonic=monotonic,
        metadata=dict(metadata),
        now=tx.now,
        username=username,
    )
    return into_optional(Dataset, row)


async def find_dataset(tx: Tx, *, did: Did) -> Dataset | None:
    """Return a dataset if it exists."""
    return into_optional(Dataset, await tx.row(_SQL.find_dataset, namespace=did.namespace, name=did.name))


async def lock_dataset(tx: Tx, *, did: Did) -> Dataset | None:
    """Return a dataset if it exists, locked against changes of its flags and count."""
    return into_optional(Dataset, await tx.row(_SQL.lock_dataset, namespace=did.namespace, name=did.name))


async def list_datasets(
    tx: Tx, *, namespace: str | None, experiment_ids: Sequence[int] | None, after: str | None, limit: int
) -> Page[Dataset]:
    """Return a page of datasets, oldest first."""
    filters = []
    if namespace is not None:
        filters.append(sql("namespace = ") + value(namespace, "text"))
    if experiment_ids is not None:
        filters.append(sql("experiment_id = ANY(") + value(list(experiment_ids), "bigint[]") + sql(")"))
    return await list_page(
        tx,
        Dataset,
        select="SELECT id, namespace, name, experiment_id, description, frozen, monotonic, metadata, file_count,"
        " created_at, created_by FROM catalog.datasets",
        filters=filters,
        key=Key("id", "bigint"),
        after=after,
        limit=limit,
    )


async def is_dataset_below(tx: Tx, *, upper_id: int, lower_id: int) -> bool:
    """Whether the lower dataset is the upper one or anywhere below it."""
    return bool(await tx.value(_SQL.is_dataset_below, upper_id=upper_id, lower_id=lower_id))


async def link_datasets(tx: Tx, *, parent_id: int, child_id: int) -> None:
    """Put a dataset below another one; nothing happens if it is there."""
    await tx.run(_SQL.link_datasets, parent_id=parent_id, child_id=child_id)


async def insert_members(tx: Tx, *, dataset_id: int, file_ids: Sequence[int]) -> int:
    """Put files into a dataset and return how many were not in it. Its count grows by as many."""
    return await tx.value(_SQL.insert_members, dataset_id=dataset_id, file_ids=list(file_ids)) or 0
