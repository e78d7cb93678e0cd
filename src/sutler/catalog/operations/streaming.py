"""All files or datasets of a query, however many."""

from __future__ import annotations

from array import array
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from typing import TypedDict, overload

from sutler.auth import Principal
from sutler.base.documents import Shape
from sutler.catalog import mql, store
from sutler.catalog.model import Dataset, File
from sutler.catalog.operations.lines import stream_lines
from sutler.catalog.operations.queries import begin_in, read_long_query
from sutler.catalog.operations.selecting import read_dataset_query
from sutler.catalog.operations.working_out import gather_ids_in, work_out_in
from sutler.database import Database, Tx

FILES_AT_ONCE = 2_000
DATASETS_AT_ONCE = 500


class _Asked(TypedDict):
    query: str
    experiment: str | None
    default_namespace: str | None
    include_retired: bool


@overload
def stream_files(
    db: Database,
    who: Principal,
    *,
    query: str,
    experiment: str | None,
    default_namespace: str | None = ...,
    include_retired: bool = ...,
    with_metadata: bool = ...,
    with_provenance: bool = ...,
    shape: None = ...,
) -> AsyncIterator[list[File]]: ...


@overload
def stream_files(
    db: Database,
    who: Principal,
    *,
    query: str,
    experiment: str | None,
    default_namespace: str | None = ...,
    include_retired: bool = ...,
    limit: int | None = ...,
    shape: Shape,
) -> AsyncIterator[bytes]: ...


def stream_files(
    db: Database,
    who: Principal,
    *,
    query: str,
    experiment: str | None,
    default_namespace: str | None = None,
    include_retired: bool = False,
    with_metadata: bool = True,
    with_provenance: bool = False,
    limit: int | None = None,
    shape: Shape | None = None,
) -> AsyncIterator[list[File]] | AsyncIterator[bytes]:
    """Yield the files of a query by creation time and fid, some at a time, among those that the caller may see.

    The order is another one where the query is a filter. Which files they are is decided at once, what is known of each
    is read when its turn comes; only the numbers are kept, eight bytes for a file. Of all files, and of those of one
    dataset, the first ones come before it is decided which the others are. Without `with_metadata`
    the metadata are empty, with `with_provenance` the fids of parents and children are there.

    With a shape they come as lines of JSON that the database writes, whole lines in each part, which is several times
    as fast; with a limit, between 1 and 100,000, only the first ones. When the shape has names of experiments, files of
    others are not seen, and of all files and those of one dataset it is decided part by part which they are.
    Raises MqlSyntaxError and its kin, UnreadableQueryError, QueryTooSlowError, FilterTooLargeError, InvalidInputError,
    NotPermittedError, before anything is yielded.
    """
    asked: _Asked = {
        "query": query,
        "experiment": experiment,
        "default_namespace": default_namespace,
        "include_retired": include_retired,
    }
    if shape is not None:
        return stream_lines(db, who, **asked, limit=limit, shape=shape)
    return _stream_files(db, who, **asked, with_metadata=with_metadata, with_provenance=with_provenance)


async def _stream_files(
    db: Database,
    who: Principal,
    *,
    query: str,
    experiment: str | None,
    default_namespace: str | None,
    include_retired: bool,
    with_metadata: bool,
    with_provenance: bool,
) -> AsyncIterator[list[File]]:
    tree = await read_long_query(query, default_namespace=default_namespace)
    async with db.read() as tx:
        scope = await begin_in(tx, who, experiment=experiment, include_retired=include_retired)
        tree = await work_out_in(tx, tree=tree, scope=scope, text=query)
        most = FILES_AT_ONCE if mql.is_in_order(tree) else None
        first = ids = await gather_ids_in(tx, tree=tree, scope=scope, most=most)
    while ids:
        for start in range(0, len(ids), FILES_AT_ONCE):
            async with db.read() as tx:
                part = list(ids[start : start + FILES_AT_ONCE])
                files = await store.read_files_numbered(tx, file_ids=part, with_metadata=with_metadata)
                if with_provenance:
                    files = await _add_relatives_in(tx, files)
            yield files
        is_all = most is None or len(first) < most
        ids, most = () if is_all else await _gather_others(db, tree=tree, scope=scope, first=first), None


async def stream_datasets(
    db: Database, who: Principal, *, query: str, experiment: str | None, with_relatives: bool = False
) -> AsyncIterator[list[Dataset]]:
    """Yield the datasets that a search finds, such as `datasets matching demo:*`, by namespace and name.

    With `with_relatives` they come with the names of the datasets directly above and below them. Raises what
    `stream_files` raises.
    """
    tree = read_dataset_query(query)
    async with db.read() as tx:
        scope = await begin_in(tx, who, experiment=experiment)
        rows = await store.run_selection(tx, statement=mql.compile_datasets(tree, scope))
    ids = [row["id"] for row in rows]
    for start in range(0, len(ids), DATASETS_AT_ONCE):
        part = ids[start : start + DATASETS_AT_ONCE]
        async with db.read() as tx:
            places = {number: place for place, number in enumerate(part)}
            datasets = await store.list_datasets_numbered(tx, dataset_ids=part)
            datasets.sort(key=lambda dataset: places[dataset.id])
            if with_relatives:
                above = await store.list_names_above(tx, dataset_ids=part)
                below = await store.list_names_below(tx, dataset_ids=part)
                datasets = [replace(d, parents=above.get(d.id, ()), children=below.get(d.id, ())) for d in datasets]
        yield datasets


async def _gather_others(db: Database, *, tree: mql.FileQuery, scope: mql.Scope, first: Sequence[int]) -> Sequence[int]:
    """Return the numbers of all files but the first ones, in order."""
    given = frozenset(first)
    async with db.read() as tx:
        await store.begin_query(tx)
        ids = await gather_ids_in(tx, tree=tree, scope=scope)
    return array("q", (number for number in ids if number not in given))


async def _add_relatives_in(tx: Tx, files: list[File]) -> list[File]:
    ids = [file.id for file in files]
    parents = await store.list_parent_fids(tx, file_ids=ids)
    children = await store.list_child_fids(tx, file_ids=ids)
    return [replace(f, parents=parents.get(f.id, ()), children=children.get(f.id, ())) for f in files]
