"""Putting files into datasets, taking them out, and reading them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import overload

from sutler.auth import Action, Principal, Thing, permit
from sutler.base.did import Did
from sutler.base.documents import Shape
from sutler.base.errors import InvalidInputError, Problem
from sutler.base.events import Event
from sutler.catalog import mql, rules, store
from sutler.catalog.errors import InvalidFilesError
from sutler.catalog.model import CatalogEvent, Dataset, File, FileKey, KnownFile
from sutler.catalog.operations.dataset_tree import get_dataset_in
from sutler.catalog.operations.finding import find_known_in, refuse_keys
from sutler.catalog.operations.lines import stream_members
from sutler.catalog.operations.members import (
    delete_members_in,
    insert_members_in,
    list_present_in,
    lock_for_adding_in,
    lock_for_removing_in,
    lock_live_files_in,
)
from sutler.catalog.operations.namespaces import get_namespace_in, permit_changing, permit_declaring
from sutler.catalog.operations.queries import read_query
from sutler.catalog.operations.selecting import select_file_ids_in
from sutler.catalog.operations.validation import check_members_in
from sutler.database import Database, Tx, replayable

FILES_AT_ONCE = 2_000


@replayable
async def add_to_dataset(
    db: Database,
    who: Principal,
    *,
    did: Did,
    files: Sequence[FileKey] = (),
    query: str | None = None,
    default_namespace: str | None = None,
    skips_unknown: bool = False,
) -> int:
    """Put files, named or selected by a query, into a dataset and return how many were not in it. All or none.

    A query selects among the files of the experiment; retired files are passed over. So are named files that cannot be
    found, with `skips_unknown`.
    Raises DatasetNotFoundError, DatasetFrozenError, NotPermittedError, MqlSyntaxError and its kin, and
    InvalidFilesError naming files that are unknown, retired or of another experiment, or that do not fulfil what the
    dataset requires.
    """
    tree = _read_choice(files, query, default_namespace)
    async with db.write() as tx:
        dataset = await get_dataset_in(tx, did)
        permit_declaring(who, await get_namespace_in(tx, name=did.namespace))
        if tree is None:
            chosen = await _find_addable(tx, dataset, files, skips_unknown=skips_unknown)
        else:
            chosen = await _select(tx, dataset, tree, query)
        live = await lock_live_files_in(tx, set(chosen) - await list_present_in(tx, dataset, chosen))
        dataset = await lock_for_adding_in(tx, did)
        await check_members_in(tx, dataset, file_ids=live, order=chosen)
        added = await insert_members_in(tx, dataset, live)
        if added:
            await _record(tx, CatalogEvent.FILES_ADDED, dataset, added, who)
        return added


@replayable
async def remove_from_dataset(
    db: Database,
    who: Principal,
    *,
    did: Did,
    files: Sequence[FileKey] = (),
    query: str | None = None,
    default_namespace: str | None = None,
) -> int:
    """Take files, named or selected by a query, out of a dataset and return how many were in it. All or none.

    Files that are unknown or not in it are passed over. Raises DatasetNotFoundError, DatasetFrozenError,
    DatasetMonotonicError, NotPermittedError, MqlSyntaxError and its kin.
    """
    tree = _read_choice(files, query, default_namespace)
    async with db.write() as tx:
        dataset = await get_dataset_in(tx, did)
        permit_changing(who, await get_namespace_in(tx, name=did.namespace))
        if tree is None:
            chosen: Sequence[int] = [file.id for file in (await find_known_in(tx, files)).values()]
        else:
            chosen = await _select(tx, dataset, tree, query)
        present = await list_present_in(tx, dataset, chosen)
        await lock_live_files_in(tx, present)
        dataset = await lock_for_removing_in(tx, did)
        removed = await delete_members_in(tx, dataset, present)
        if removed:
            await _record(tx, CatalogEvent.FILES_REMOVED, dataset, removed, who)
        return removed


@overload
def list_dataset_files(
    db: Database, who: Principal, *, did: Did, with_metadata: bool = ..., include_retired: bool = ..., shape: None = ...
) -> AsyncIterator[list[File]]: ...


@overload
def list_dataset_files(
    db: Database, who: Principal, *, did: Did, include_retired: bool = ..., shape: Shape
) -> AsyncIterator[bytes]: ...


def list_dataset_files(
    db: Database,
    who: Principal,
    *,
    did: Did,
    with_metadata: bool = True,
    include_retired: bool = False,
    shape: Shape | None = None,
) -> AsyncIterator[list[File]] | AsyncIterator[bytes]:
    """Yield the files of a dataset in the order in which they were declared, some at a time.

    Each part is read when its turn comes: nothing is kept, and what is added or removed meanwhile may be seen or not.
    Without `with_metadata` the metadata are empty. With a shape they come as lines of JSON that the database writes.
    Raises DatasetNotFoundError, NotPermittedError, before anything is yielded.
    """
    if shape is not None:
        return _list_lines(db, who, did, include_retired=include_retired, shape=shape)
    return _list_files(db, who, did, with_metadata=with_metadata, include_retired=include_retired)


async def _list_lines(
    db: Database, who: Principal, did: Did, *, include_retired: bool, shape: Shape
) -> AsyncIterator[bytes]:
    dataset = await _get_visible(db, who, did)
    async for part in stream_members(db, dataset_id=dataset.id, include_retired=include_retired, shape=shape):
        yield part


async def _list_files(
    db: Database, who: Principal, did: Did, *, with_metadata: bool, include_retired: bool
) -> AsyncIterator[list[File]]:
    dataset = await _get_visible(db, who, did)
    after = 0
    while True:
        async with db.read() as tx:
            await store.begin_query(tx)
            files = await store.list_members(
                tx, dataset_id=dataset.id, after=after, count=FILES_AT_ONCE, with_metadata=with_metadata
            )
        shown = files if include_retired else [file for file in files if file.retired_at is None]
        if shown:
            yield shown
        if len(files) < FILES_AT_ONCE:
            return
        after = files[-1].id


async def _get_visible(db: Database, who: Principal, did: Did) -> Dataset:
    async with db.read() as tx:
        dataset = await get_dataset_in(tx, did)
        permit(who, Action.VIEW, Thing("dataset", dataset.experiment_id))
        return dataset


async def _find_addable(tx: Tx, dataset: Dataset, files: Sequence[FileKey], *, skips_unknown: bool) -> Sequence[int]:
    known = await find_known_in(tx, files)
    wanted = sorted(set(files), key=str)
    problems = [problem for key in wanted for problem in _check_member(key, known.get(key), dataset)]
    if problems and not skips_unknown:
        raise InvalidFilesError(problems)
    found = ((key, known[key]) for key in files if key in known)
    return [file.id for key, file in found if not _check_member(key, file, dataset)]


async def _select(tx: Tx, dataset: Dataset, tree: mql.FileQuery, text: str | None) -> Sequence[int]:
    return await select_file_ids_in(tx, tree=tree, experiment_id=dataset.experiment_id, text=text or "")


def _check_member(key: FileKey, file: KnownFile | None, dataset: Dataset) -> list[Problem]:
    if file is None or file.experiment_id != dataset.experiment_id:
        return [Problem(str(key), "is not in the catalogue of this experiment")]
    return [Problem(str(key), "was retired")] if file.is_retired else []


def _read_choice(files: Sequence[FileKey], query: str | None, default_namespace: str | None) -> mql.FileQuery | None:
    if query is None:
        refuse_keys(rules.check_keys(files))
        return None
    if files:
        raise InvalidInputError([Problem("files", "are named or selected by a query, not both")])
    return read_query(query, default_namespace=default_namespace)


async def _record(tx: Tx, kind: CatalogEvent, dataset: Dataset, count: int, who: Principal) -> None:
    await tx.record(Event(kind, "dataset", str(dataset.did), dataset.experiment_id, {"count": count}), who)
