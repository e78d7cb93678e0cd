"""Datasets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sutler.base.did import Did
from sutler.catalog.model import Dataset
from sutler.database import Tx, into, into_optional, load_statements
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
    requirements: Mapping[str, object],
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
        requirements=dict(requirements),
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


async def seize_dataset(tx: Tx, *, did: Did) -> Dataset | None:
    """Return a dataset if it exists, locked so that it can be deleted."""
    return into_optional(Dataset, await tx.row(_SQL.seize_dataset, namespace=did.namespace, name=did.name))


async def update_dataset(
    tx: Tx,
    *,
    dataset_id: int,
    description: str | None,
    frozen: bool | None,
    monotonic: bool | None,
    metadata: Mapping[str, object] | None,
    replaces: bool,
    requirements: Mapping[str, object] | None,
    username: str,
) -> Dataset:
    """Change what is not None of a dataset and return it as it is then."""
    row = await tx.row(
        _SQL.update_dataset,
        dataset_id=dataset_id,
        description=description,
        frozen=frozen,
        monotonic=monotonic,
        metadata=None if metadata is None else dict(metadata),
        replaces=replaces,
        requirements=None if requirements is None else dict(requirements),
        now=tx.now,
        username=username,
    )
    assert row is not None
    return into(Dataset, row)


async def delete_dataset(tx: Tx, *, dataset_id: int) -> None:
    """Delete a dataset that has neither members nor links."""
    await tx.run(_SQL.delete_dataset, dataset_id=dataset_id)


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
        " requirements, created_at, created_by, updated_at, updated_by FROM catalog.datasets",
        filters=filters,
        key=Key("id", "bigint"),
        after=after,
        limit=limit,
    )
