"""Making, showing, changing and removing datasets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sutler.auth import Action, Principal, Thing, permit
from sutler.base.did import Did
from sutler.base.errors import InvalidInputError
from sutler.base.events import Event
from sutler.catalog import rules, store
from sutler.catalog.errors import DatasetExistsError, DatasetNotFoundError
from sutler.catalog.model import Author, CatalogEvent, ChangeMode, Dataset
from sutler.catalog.operations.dataset_tree import get_dataset_in, put_below_in
from sutler.catalog.operations.members import delete_all_members_in, insert_members_in, lock_live_files_in
from sutler.catalog.operations.namespaces import (
    find_visible_in,
    get_namespace_in,
    permit_changing,
    permit_declaring,
)
from sutler.catalog.operations.queries import read_query
from sutler.catalog.operations.selecting import read_dataset_query, select_datasets_in, select_file_ids_in
from sutler.catalog.operations.validation import check_members_in
from sutler.database import Actor, Database, Tx, replayable
from sutler.database.listing import DEFAULT_LIMIT, Page


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
    requirements: Mapping[str, object] | None = None,
    files_query: str | None = None,
    subsets_query: str | None = None,
    default_namespace: str | None = None,
) -> Dataset:
    """Make a dataset in a namespace that the caller may declare files in, and fill it: whole or not at all.

    The files of `files_query` go into it, also when it is frozen from the start, and the datasets of `subsets_query`
    below it; both select within the experiment. Retired files are passed over.
    Raises DatasetExistsError, NamespaceNotFoundError, InvalidInputError, NotPermittedError, MqlSyntaxError and its kin,
    InvalidFilesError naming files that do not fulfil the requirements.
    """
    metadata, requirements = metadata or {}, requirements or {}
    _check(did, description, metadata, requirements)
    files = None if files_query is None else read_query(files_query, default_namespace=default_namespace)
    subsets = None if subsets_query is None else read_dataset_query(subsets_query)
    async with db.write() as tx:
        namespace = await get_namespace_in(tx, name=did.namespace)
        permit_declaring(who, namespace)
        number = namespace.experiment_id
        # Selected before the dataset is there, so that a pattern cannot find the dataset itself.
        lowers = [] if subsets is None else await select_datasets_in(tx, tree=subsets, experiment_id=number)
        chosen: Sequence[int] = ()
        if files is not None:
            chosen = await select_file_ids_in(tx, tree=files, experiment_id=number, text=files_query or "")
        live = await lock_live_files_in(tx, chosen)
        created = await store.insert_dataset(
            tx,
            did=did,
            experiment_id=number,
            description=description,
            frozen=frozen,
            monotonic=monotonic,
            metadata=metadata,
            requirements=requirements,
            username=who.username,
        )
        if created is None:
            raise DatasetExistsError(did)
        await _record_creation(tx, created, who)
        await put_below_in(tx, created, lowers, who)
        await check_members_in(tx, created, file_ids=live, order=chosen)
        added = await insert_members_in(tx, created, live)
        if not added:
            return created
        await tx.record(Event(CatalogEvent.FILES_ADDED, "dataset", str(did), number, {"count": added}), who)
        return await get_dataset_in(tx, did)


async def save_selection(
    db: Database, who: Principal, *, query: str, did: Did, default_namespace: str | None = None
) -> Dataset:
    """Make a dataset of the files that a query selects at this moment and return it. Raises as `create_dataset`."""
    return await create_dataset(db, who, did=did, files_query=query, default_namespace=default_namespace)


async def get_dataset(db: Database, who: Principal, *, did: Did) -> Dataset:
    """Return a dataset. Raises DatasetNotFoundError, NotPermittedError."""
    async with db.read() as tx:
        dataset = await get_dataset_in(tx, did)
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


@replayable
async def update_dataset(
    db: Database,
    who: Principal,
    *,
    did: Did,
    description: str | None = None,
    frozen: bool | None = None,
    monotonic: bool | None = None,
    metadata: Mapping[str, object] | None = None,
    mode: ChangeMode = "merge",
    requirements: Mapping[str, object] | None = None,
) -> Dataset:
    """Change what is not None of a dataset and return it. `mode` is about the metadata.

    New requirements replace those that are there; they hold for files that come in or change from now on.
    Raises DatasetNotFoundError, InvalidInputError, NotPermittedError.
    """
    _check(did, description or "", metadata or {}, requirements or {})
    given = {
        "description": description,
        "frozen": frozen,
        "monotonic": monotonic,
        "metadata": metadata,
        "requirements": requirements,
    }
    fields = sorted(name for name, item in given.items() if item is not None)
    async with db.write() as tx:
        dataset = await store.lock_dataset(tx, did=did)
        if dataset is None:
            raise DatasetNotFoundError(did)
        permit_changing(who, await get_namespace_in(tx, name=did.namespace))
        if not fields:
            return dataset
        changed = await store.update_dataset(
            tx,
            dataset_id=dataset.id,
            description=description,
            frozen=frozen,
            monotonic=monotonic,
            metadata=metadata,
            replaces=mode == "replace",
            requirements=requirements,
            username=who.username,
        )
        event = Event(CatalogEvent.DATASET_CHANGED, "dataset", str(did), changed.experiment_id, {"fields": fields})
        await tx.record(event, who)
        return changed


@replayable
async def remove_dataset(db: Database, who: Principal, *, did: Did) -> None:
    """Remove a dataset, frozen or not. Its files and subsets stay; they are only no longer in it.

    Raises DatasetNotFoundError, NotPermittedError.
    """
    async with db.write() as tx:
        dataset = await store.seize_dataset(tx, did=did)
        if dataset is None:
            raise DatasetNotFoundError(did)
        permit_changing(who, await get_namespace_in(tx, name=did.namespace))
        count = await delete_all_members_in(tx, dataset)
        await store.unlink_everywhere(tx, dataset_id=dataset.id)
        await store.delete_dataset(tx, dataset_id=dataset.id)
        facts: dict[str, object] = {"did": str(did), "count": count}
        await tx.record(Event(CatalogEvent.DATASET_REMOVED, "dataset", str(did), dataset.experiment_id, facts), who)


async def ensure_dataset_in(tx: Tx, *, did: Did, username: str, parent: Did | None = None) -> Dataset:
    """Return the dataset of that name, made if there is none; so is its parent, and the link between them.

    Raises NamespaceNotFoundError, InvalidInputError, and DatasetCircleError when the parent is below the dataset.
    """
    upper = None if parent is None else await _ensure(tx, parent, username)
    dataset = await _ensure(tx, did, username)
    if upper is not None:
        await put_below_in(tx, upper, [dataset], Author(username))
    return dataset


async def _ensure(tx: Tx, did: Did, username: str) -> Dataset:
    _check(did, "", {}, {})
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
        requirements={},
        username=username,
    )
    if created is None:
        return await get_dataset_in(tx, did)
    await _record_creation(tx, created, Author(username))
    return created


def _check(did: Did, description: str, metadata: Mapping[str, object], requirements: Mapping[str, object]) -> None:
    problems = rules.check_did(did, "dataset") + rules.check_text(description, "description")
    problems += rules.check_metadata(metadata, "dataset") + rules.check_requirements(requirements, "requirements")
    if problems:
        raise InvalidInputError(problems)


async def _record_creation(tx: Tx, created: Dataset, actor: Actor) -> None:
    facts: dict[str, object] = {"did": str(created.did)}
    event = Event(CatalogEvent.DATASET_CREATED, "dataset", str(created.did), created.experiment_id, facts)
    await tx.record(event, actor)
