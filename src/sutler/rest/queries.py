"""Queries in MQL: lists, streams, counts, keys and explanations of files; searches for datasets and named queries."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query
from starlette.responses import Response

from sutler import catalog
from sutler.rest.context import Here
from sutler.rest.experiments import name_experiments
from sutler.rest.found import (
    REFERENCES,
    Lines,
    encode_datasets,
    encode_files,
    reply_lines,
    reply_list,
    reply_page,
    shape_files,
)
from sutler.rest.lines import MEDIA_TYPE
from sutler.rest.parameters import Experiment
from sutler.rest.remote_queries import find_remote, list_first, refuse_remote, stream_all
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

FilePage = Page[wire_catalog.FileReference]


def add_routes(router: APIRouter) -> None:
    """Add the routes of queries. Each can be asked with the query in the address, or, for a long one, in a body."""
    router.get("/files", response_model=FilePage)(query_files)
    router.post("/files/query", response_model=FilePage)(post_query)
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
) -> Response:
    """List the first files of a query by creation time, or in the order of the filter that the query is."""
    asked = (query, experiment, namespace, include_retired, limit, with_metadata, with_provenance)
    return await post_query(here, wire.FileListQuestion(*asked))


async def post_query(here: Here, body: wire.FileListQuestion) -> Response:
    """List the first files of a long query."""
    source = await find_remote(here, body)
    if source is not None:
        return reply_page(await list_first(source, body))
    asked = _arguments_of(body)
    if not body.with_provenance:
        shape = REFERENCES[body.with_metadata]
        return await reply_list(catalog.stream_files(here.db, here.who, **asked, limit=body.limit, shape=shape))
    found = await catalog.query_files(
        here.db, here.who, **asked, limit=body.limit, with_metadata=body.with_metadata, with_provenance=True
    )
    return reply_page(show_all(wire_catalog.FileReference, found))


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
    source = await find_remote(here, body)
    if source is not None:
        return show(wire.FileSummary, await source.summarize(body.query))
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
    await refuse_remote(here, body.experiment)
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
    await refuse_remote(here, body.experiment)
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
    source = await find_remote(here, body)
    if source is not None:
        return await reply_lines(stream_all(source, body))
    if not body.with_provenance:
        shape = await shape_files(here, with_metadata=body.with_metadata)
        return await reply_lines(catalog.stream_files(here.db, here.who, **_arguments_of(body), shape=shape))
    batches = catalog.stream_files(
        here.db, here.who, **_arguments_of(body), with_metadata=body.with_metadata, with_provenance=True
    )
    return await reply_lines(encode_files(here, batches, with_metadata=body.with_metadata))


async def stream_datasets(
    here: Here, query: QueryText, experiment: Experiment = None, *, with_relatives: Relatives = False
) -> Lines:
    """Stream the datasets that a search finds, such as `datasets matching demo:*`, one a line, by name."""
    return await post_dataset_stream(here, wire.DatasetQuestion(query, experiment, with_relatives))


async def post_dataset_stream(here: Here, body: wire.DatasetQuestion) -> Lines:
    """Stream the datasets that a long search finds, one a line."""
    await refuse_remote(here, body.experiment)
    batches = catalog.stream_datasets(
        here.db, here.who, query=body.query, experiment=body.experiment, with_relatives=body.with_relatives
    )
    return await reply_lines(encode_datasets(here, batches))


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
