"""Making datasets, putting them below each other and putting files into them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sutler.auth import Action, Principal, Thing, permit
from sutler.base.did import Did
from sutler.base.errors import InvalidInputError, Problem
from sutler.base.events import Event
from sutler.catalog import rules, store
from sutler.catalog.errors import (
    DatasetCircleError,
    DatasetExistsError,
    DatasetFrozenError,
    DatasetNotFoundError,
    InvalidFilesError,
)
from sutler.catalog.model import Author, CatalogEvent, Dataset, KnownFile
from sutler.catalog.operations.namespaces import find_visible_in, get_namespace_in, permit_declaring
from sutler.database import Actor, Database, Tx, replayable
from sutler.database.listing import DEFAULT_LIMIT, Page

ROWS_AT_ONCE = 10_000
"""How many rows one statement enters: few statements for many files, each well below the limit of time for one."""
MANY_ROWS = 500
"""So many rows may be too many for the plans that a session keeps."""


@replayable
async def create_dataset(
    db: Database,
    who: Principal,
    *,
    did: Did,
    description: str = "",
    metadata: Mapping[str, object] | None = None,
    frozen: bool = False,
    monotonic: bool = False,
) -> Dataset:
    """Make an empty dataset in a namespace that the caller may declare files in.

    Raises DatasetExistsError, NamespaceNotFoundError, InvalidInputError, NotPermittedError.
    """
    metadata = metadata or {}
    _check_new(did, description, metadata)
    async with db.write() as tx:
        namespace = await get_namespace_in(tx, name=did.namespace)
        permit_declaring(who, namespace)
        created = await store.insert_dataset(
            tx,
            did=did,
            experiment_id=namespace.experiment_id,
            description=description,
            frozen=frozen,
            monotonic=monotonic,
            metadata=metadata,
            username=who.username,
        )
        if created is None:
            raise DatasetExistsError(did)
        await _record_creation(tx, created, who)
        return created


async def get_dataset(db: Database, who: Principal, *, did: Did) -> Dataset:
    """Return a dataset. Raises DatasetNotFoundError, NotPermittedError."""
    async with db.read() as tx:
        dataset = await store.find_dataset(tx, did=did)
        if dataset is None:
            raise DatasetNotFoundError(did)
        permit(who, Action.VIEW, Thing("dataset", dataset.experiment_id))
        return dataset


async def list_datasets(
    db: Database,
    who: Principal,
    *,
    namespace: str | None = None,
    experiment: str | None = None,
    after: str | None = None,
    limit: int = DEFAULT_LIMIT,
) -> Page[Dataset]:
    """Return a page of the datasets that the caller may see, oldest first."""
    async with db.read() as tx:
        experiment_ids = await find_visible_in(tx, who, experiment=experiment)
        return await store.list_datasets(
            tx, namespace=namespace, experiment_ids=experiment_ids, after=after, limit=limit
        )


async def ensure_dataset_in(tx: Tx, *, did: Did, username: str, parent: Did | None = None) -> Dataset:
    """Return the dataset of that name, made if there is none; so is its parent, and the link between them.

    Raises NamespaceNotFoundError, InvalidInputError, and DatasetCircleError when the parent is below the dataset.
    """
    upper = None if parent is None else await _ensure(tx, parent, username)
    dataset = await _ensure(tx, did, username)
    if upper is not None:
        if await store.is_dataset_below(tx, upper_id=dataset.id, lower_id=upper.id):
            raise DatasetCircleError(upper.did, dataset.did)
        await store.link_datasets(tx, parent_id=upper.id, child_id=dataset.id)
    return dataset


@replayable
async def add_to_dataset(db: Database, who: Principal, *, did: Did, files: Sequence[Did]) -> int:
    """Put files into a dataset and return how many were not in it. All of them or none.

    Raises DatasetNotFoundError, DatasetFrozenError, NotPermittedError, and InvalidFilesError naming files that are
    unknown, retired, or of another experiment.
    """
    async with db.write() as tx:
        dataset = await store.find_dataset(tx, did=did)
        if dataset is None:
            raise DatasetNotFoundError(did)
        permit_declaring(who, await get_namespace_in(tx, name=did.namespace))
        wanted = sorted(set(files))
        known = await find_files_in(tx, wanted)
        problems = [problem for file in wanted for problem in _check_member(file, known.get(file), dataset)]
        if problems:
            raise InvalidFilesError(problems)
        added = await add_members_in(tx, did=did, file_ids=[file.id for file in known.values()])
        if added:
            facts: dict[str, object] = {"count": added}
            await tx.record(Event(CatalogEvent.FILES_ADDED, "dataset", str(did), dataset.experiment_id, facts), who)
        return added


async def add_members_in(tx: Tx, *, did: Did, file_ids: Sequence[int]) -> int:
    """Put files into a dataset and return how many were not in it.

    The dataset stays locked until the transaction ends. Raises DatasetNotFoundError, DatasetFrozenError.
    """
    dataset = await store.lock_dataset(tx, did=did)
    if dataset is None:
        raise DatasetNotFoundError(did)
    if dataset.frozen:
        raise DatasetFrozenError(did)
    ordered = sorted(file_ids)
    chunks = [ordered[start : start + ROWS_AT_ONCE] for start in range(0, len(ordered), ROWS_AT_ONCE)]
    return sum([await store.insert_members(tx, dataset_id=dataset.id, file_ids=chunk) for chunk in chunks])


async def find_files_in(tx: Tx, dids: Sequence[Did]) -> dict[Did, KnownFile]:
    """Return those of the files that exist, by name."""
    if len(dids) >= MANY_ROWS:
        await store.forget_plans(tx)
    chunks = [dids[start : start + ROWS_AT_ONCE] for start in range(0, len(dids), ROWS_AT_ONCE)]
    return {file.did: file for chunk in chunks for file in await store.list_files_named(tx, dids=chunk)}


def _check_member(did: Did, file: KnownFile | None, dataset: Dataset) -> list[Problem]:
    if file is None or file.experiment_id != dataset.experiment_id:
        return [Problem(str(did), "is not in the catalogue of this experiment")]
    return [Problem(str(did), "was retired")] if file.is_retired else []


async def _ensure(tx: Tx, did: Did, username: str) -> Dataset:
    _check_new(did, "", {})
    known = await store.find_dataset(tx, did=did)
    if known is not None:
        return known
    namespace = await get_namespace_in(tx, name=did.namespace)
    created = await store.insert_dataset(
        tx,
        did=did,
        experiment_id=namespace.experiment_id,
        description="",
        frozen=False,
        monotonic=False,
        metadata={},
        username=username,
    )
    if created is not None:
        await _record_creation(tx, created, Author(username))
        return created
    made_meanwhile = await store.find_dataset(tx, did=did)
    if made_meanwhile is None:
        raise DatasetNotFoundError(did)
    return made_meanwhile


def _check_new(did: Did, description: str, metadata: Mapping[str, object]) -> None:
    problems = rules.check_did(did, "dataset") + rules.check_text(description, "description")
    problems += rules.check_metadata(metadata, "dataset")
    if problems:
        raise InvalidInputError(problems)


async def _record_creation(tx: Tx, created: Dataset, actor: Actor) -> None:
    facts: dict[str, object] = {"did": str(created.did)}
    event = Event(CatalogEvent.DATASET_CREATED, "dataset", str(created.did), created.experiment_id, facts)
    await tx.record(event, actor)
