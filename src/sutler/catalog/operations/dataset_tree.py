"""Datasets below each other: a dataset may have many above it, and is never above itself."""

from __future__ import annotations

from collections.abc import Sequence

from sutler.auth import Action, Principal, Thing, permit
from sutler.base.did import Did
from sutler.base.errors import InvalidInputError, Problem
from sutler.base.events import Event
from sutler.catalog import store
from sutler.catalog.errors import DatasetCircleError, DatasetNotFoundError
from sutler.catalog.model import CatalogEvent, Dataset, DatasetRelatives
from sutler.catalog.operations.namespaces import get_namespace_in, permit_changing
from sutler.database import Actor, Database, Tx, replayable

SHOWN_RELATIVES = 500


@replayable
async def add_child_dataset(db: Database, who: Principal, *, parent: Did, child: Did) -> bool:
    """Put a dataset below another one and say whether it was not there before. It takes an owner of the parent.

    Raises DatasetNotFoundError, NotPermittedError, DatasetCircleError when the parent is the child or below it, and
    InvalidInputError when the child belongs to another experiment.
    """
    async with db.write() as tx:
        upper = await get_dataset_in(tx, parent)
        permit_changing(who, await get_namespace_in(tx, name=parent.namespace))
        return await put_below_in(tx, upper, [await get_dataset_in(tx, child)], who) > 0


@replayable
async def remove_child_dataset(db: Database, who: Principal, *, parent: Did, child: Did) -> bool:
    """Take a dataset out from below another one and say whether it was there. It takes an owner of the parent.

    Raises DatasetNotFoundError, NotPermittedError.
    """
    async with db.write() as tx:
        upper = await get_dataset_in(tx, parent)
        permit_changing(who, await get_namespace_in(tx, name=parent.namespace))
        lower = await get_dataset_in(tx, child)
        was_there = await store.unlink_datasets(tx, parent_id=upper.id, child_id=lower.id)
        if was_there:
            await _record(tx, CatalogEvent.SUBSET_REMOVED, upper, who, child=str(lower.did))
        return was_there


async def get_dataset_relatives(db: Database, who: Principal, *, did: Did) -> DatasetRelatives:
    """Return the datasets around one. Raises DatasetNotFoundError, NotPermittedError."""
    async with db.read() as tx:
        dataset = await get_dataset_in(tx, did)
        permit(who, Action.VIEW, Thing("dataset", dataset.experiment_id))
        return DatasetRelatives(
            parents=tuple(await store.list_dataset_parents(tx, dataset_id=dataset.id, count=SHOWN_RELATIVES)),
            children=tuple(await store.list_dataset_children(tx, dataset_id=dataset.id, count=SHOWN_RELATIVES)),
            **await store.count_dataset_relatives(tx, dataset_id=dataset.id),
        )


async def put_below_in(tx: Tx, upper: Dataset, lowers: Sequence[Dataset], actor: Actor) -> int:
    """Put datasets below another one and return how many were not there.

    New links of one experiment wait for each other, so that two that would close a circle together do not miss it.
    Raises DatasetCircleError; InvalidInputError for a dataset of another experiment.
    """
    foreign = [lower for lower in lowers if lower.experiment_id != upper.experiment_id]
    if foreign:
        problem = f"belongs to another experiment than {upper.did}"
        raise InvalidInputError([Problem(str(lower.did), problem) for lower in foreign])
    linked = await store.list_linked(tx, parent_id=upper.id, child_ids=[lower.id for lower in lowers])
    new = [lower for lower in lowers if lower.id not in linked]
    if not new:
        return 0
    await store.lock_tree(tx, experiment_id=upper.experiment_id)
    ids = sorted({lower.id for lower in new})
    circular = await store.list_circular_children(tx, parent_id=upper.id, child_ids=ids)
    if circular:
        raise DatasetCircleError(upper.did, circular[0])
    count = await store.link_datasets(tx, parent_id=upper.id, child_ids=ids)
    if count:
        await _record(tx, CatalogEvent.SUBSETS_ADDED, upper, actor, children=sorted(str(lower.did) for lower in new))
    return count


async def get_dataset_in(tx: Tx, did: Did) -> Dataset:
    """Return a dataset. Raises DatasetNotFoundError."""
    dataset = await store.find_dataset(tx, did=did)
    if dataset is None:
        raise DatasetNotFoundError(did)
    return dataset


async def _record(tx: Tx, kind: CatalogEvent, upper: Dataset, actor: Actor, **facts: object) -> None:
    await tx.record(Event(kind, "dataset", str(upper.did), upper.experiment_id, facts), actor)
