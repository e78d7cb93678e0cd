"""Queries in MQL: lists, streams, counts, keys and explanations of files; searches for datasets and named queries."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Query
from starlette.responses import StreamingResponse

from sutler import catalog
from sutler.rest.context import Context, Here
from sutler.rest.experiments import name_experiments
from sutler.rest.lines import MEDIA_TYPE
from sutler.rest.parameters import Experiment
from sutler.rest.showing import show, show_all
from sutler.wire import catalog as wire_catalog
from sutler.wire import queries as wire
from sutler.wire.datasets import NamedQuery
from sutler.wire.page import Page

DEFAULT_FILE_LIMIT = 1000

QueryText = Annotated[str, Query(alias="q", description="A query in MQL.")]
Namespace = Annotated[str | None, Query(description="Of which the names in the query are that have no namespace.")]
Retired = Annotated[bool, Query(description="With files that were retired.")]
Provenance = Annotated[bool, Query(description="With the fids of the parents and children of each file.")]
Relatives = Annotated[bool, Query(description="With the names of the datasets directly above and below each.")]
FileLimit = Annotated[int, Query(description="At most 100,000.")]

FILE_LINES: dict[int | str, dict[str, Any]] = {
    200: {"description": "One FoundFile a line.", "content": {MEDIA_TYPE: {}}}
}
DATASET_LINES: dict[int | str, dict[str, Any]] = {
    200: {"description": "One FoundDataset a line.", "content": {MEDIA_TYPE: {}}}
}

_encode = msgspec.json.Encoder().encode_lines


class Lines(StreamingResponse):
    """Documents of JSON, one a line."""

    media_type = MEDIA_TYPE


def add_routes(router: APIRouter) -> None:
    """Add the routes of queries. Each can be asked with the query in the address, or, for a long one, in a body."""
    router.get("/files")(query_files)
    router.post("/files/query")(post_query)
    router.get("/files/count")(count_files)
    router.post("/files/count")(post_count)
    router.get("/files/keys")(list_metadata_keys)
    router.post("/files/keys")(post_keys)
    router.get("/files/explain")(explain_query)
    router.post("/files/explain")(post_explain)
    router.get("/files/stream", responses=FILE_LINES)(stream_files)
    router.post("/files/stream", responses=FILE_LINES)(post_stream)
    router.get("/datasets/stream", responses=DATASET_LINES)(stream_datasets)
    router.post("/datasets/stream", responses=DATASET_LINES)(post_dataset_stream)
    router.get("/queries/search")(search_queries)


async def query_files(
    here: Here,
    *,
    query: QueryText,
    experiment: Experiment = None,
    namespace: Namespace = None,
    include_retired: Retired = False,
    limit: FileLimit = DEFAULT_FILE_LIMIT,
    with_metadata: bool = False,
    with_provenance: Provenance = False,
) -> Page[wire_catalog.FileReference]:
    """List the first files of a query by creation time, or in the order of the filter that the query is."""
    asked = (query, experiment, namespace, include_retired, limit, with_metadata, with_provenance)
    return await post_query(here, wire.FileListQuestion(*asked))


async def post_query(here: Here, body: wire.FileListQuestion) -> Page[wire_catalog.FileReference]:
    """List the first files of a long query."""
    found = await catalog.query_files(
        here.db,
        here.who,
        **_arguments_of(body),
        limit=body.limit,
        with_metadata=body.with_metadata,
        with_provenance=body.with_provenance,
    )
    return Page(show_all(wire_catalog.FileReference, found))


async def count_files(
    here: Here,
    *,
    query: QueryText,
    experiment: Experiment = None,
    namespace: Namespace = None,
    include_retired: Retired = False,
) -> wire.FileSummary:
    """Count the files of a query and add up their sizes."""
    return await post_count(here, wire.FileQuestion(query, experiment, namespace, include_retired))


async def post_count(here: Here, body: wire.FileQuestion) -> wire.FileSummary:
    """Count the files of a long query."""
    return show(wire.FileSummary, await catalog.summarize_files(here.db, here.who, **_arguments_of(body)))


async def list_metadata_keys(
    here: Here,
    *,
    query: QueryText,
    experiment: Experiment = None,
    namespace: Namespace = None,
    include_retired: Retired = False,
) -> wire.Keys:
    """List the keys of the metadata of the files of a query."""
    return await post_keys(here, wire.FileQuestion(query, experiment, namespace, include_retired))


async def post_keys(here: Here, body: wire.FileQuestion) -> wire.Keys:
    """List the keys of the metadata of the files of a long query."""
    return wire.Keys(tuple(await catalog.list_metadata_keys(here.db, here.who, **_arguments_of(body))))


async def explain_query(
    here: Here,
    *,
    query: QueryText,
    experiment: Experiment = None,
    namespace: Namespace = None,
    include_retired: Retired = False,
) -> wire.Explanation:
    """Say what a query of any kind means and how the database would answer it. It is not run."""
    return await post_explain(here, wire.FileQuestion(query, experiment, namespace, include_retired))


async def post_explain(here: Here, body: wire.FileQuestion) -> wire.Explanation:
    """Say what a long query means and how the database would answer it."""
    found = await catalog.explain_query(here.db, here.who, **_arguments_of(body))
    return wire.Explanation(found.outline, show_all(wire.ExplainedStatement, found.statements))


async def stream_files(
    here: Here,
    *,
    query: QueryText,
    experiment: Experiment = None,
    namespace: Namespace = None,
    include_retired: Retired = False,
    with_metadata: bool = True,
    with_provenance: Provenance = False,
) -> Lines:
    """Stream all files of a query, one a line, in the order of `query_files`. Which they are is decided at once."""
    asked = (query, experiment, namespace, include_retired, with_metadata, with_provenance)
    return await post_stream(here, wire.FileStreamQuestion(*asked))


async def post_stream(here: Here, body: wire.FileStreamQuestion) -> Lines:
    """Stream all files of a long query, one a line."""
    batches = catalog.stream_files(
        here.db,
        here.who,
        **_arguments_of(body),
        with_metadata=body.with_metadata,
        with_provenance=body.with_provenance,
    )
    return await _begin(_encode_files(here, batches, with_metadata=body.with_metadata))


async def stream_datasets(
    here: Here, query: QueryText, experiment: Experiment = None, *, with_relatives: Relatives = False
) -> Lines:
    """Stream the datasets that a search finds, such as `datasets matching demo:*`, one a line, by name."""
    return await post_dataset_stream(here, wire.DatasetQuestion(query, experiment, with_relatives))


async def post_dataset_stream(here: Here, body: wire.DatasetQuestion) -> Lines:
    """Stream the datasets that a long search finds, one a line."""
    batches = catalog.stream_datasets(
        here.db, here.who, query=body.query, experiment=body.experiment, with_relatives=body.with_relatives
    )
    return await _begin(_encode_datasets(here, batches))


async def search_queries(here: Here, query: QueryText, experiment: Experiment = None) -> Page[NamedQuery]:
    """List the named queries that a search finds, such as `queries matching demo:*`, by name."""
    found = await catalog.search_queries(here.db, here.who, query=query, experiment=experiment)
    names = await name_experiments(here, {one.experiment_id for one in found})
    return Page(tuple(show(NamedQuery, one, experiment=names[one.experiment_id]) for one in found))


def _arguments_of(asked: wire.FileQuestion) -> dict[str, Any]:
    return {
        "query": asked.query,
        "experiment": asked.experiment,
        "default_namespace": asked.namespace,
        "include_retired": asked.include_retired,
    }


async def _begin(parts: AsyncIterator[bytes]) -> Lines:
    """Make the first part before the headers go, so that whatever is wrong with a query has its own status."""
    first = await anext(parts, b"")

    async def go_on() -> AsyncIterator[bytes]:
        yield first
        async for part in parts:
            yield part

    return Lines(go_on())


async def _encode_files(
    here: Context, batches: AsyncIterator[list[catalog.File]], *, with_metadata: bool
) -> AsyncIterator[bytes]:
    async for files in batches:
        names = await name_experiments(here, {file.experiment_id for file in files})
        yield _encode([_show_file(file, names[file.experiment_id], with_metadata=with_metadata) for file in files])


def _show_file(file: catalog.File, experiment: str, *, with_metadata: bool) -> wire.FoundFile:
    return wire.FoundFile(
        fid=file.fid,
        namespace=file.namespace,
        name=file.name,
        experiment=experiment,
        size_bytes=file.size_bytes,
        checksums=dict(file.checksums),
        created_at=file.created_at,
        created_by=file.created_by,
        updated_at=file.updated_at,
        updated_by=file.updated_by,
        retired_at=file.retired_at,
        retired_by=file.retired_by,
        metadata=dict(file.metadata) if with_metadata else None,
        parents=file.parents,
        children=file.children,
    )


async def _encode_datasets(here: Context, batches: AsyncIterator[list[catalog.Dataset]]) -> AsyncIterator[bytes]:
    async for datasets in batches:
        names = await name_experiments(here, {dataset.experiment_id for dataset in datasets})
        shown = [
            show(
                wire.FoundDataset,
                dataset,
                experiment=names[dataset.experiment_id],
                parents=None if dataset.parents is None else tuple(map(str, dataset.parents)),
                children=None if dataset.children is None else tuple(map(str, dataset.children)),
            )
            for dataset in datasets
        ]
        yield _encode(shown)
