"""All files of a query as one table, in the formats of Apache Arrow."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Query
from starlette.responses import StreamingResponse

from sutler import catalog
from sutler.catalog import TableFormat
from sutler.rest.context import Here
from sutler.rest.parameters import Experiment
from sutler.rest.queries import Namespace, QueryText, Retired
from sutler.wire import tables as wire

MEDIA_TYPES: Mapping[TableFormat, str] = {TableFormat.ARROW: wire.ARROW_STREAM, TableFormat.PARQUET: wire.PARQUET}

TABLE: dict[int | str, dict[str, Any]] = {
    200: {"description": "The table.", "content": {media_type: {} for media_type in MEDIA_TYPES.values()}}
}

ColumnTexts = Annotated[
    str, Query(description="Metadata keys with commas between them, each with a type if need be: `core.run:int64`.")
]
Format = Annotated[wire.TableFormat, Query(alias="format", description="How the table is written.")]


class Table(StreamingResponse):
    """A table that is made while it is sent."""


def add_routes(router: APIRouter) -> None:
    """Add the route of tables. It can be asked with the query in the address, or, for a long one, in a body."""
    router.get("/files/table", responses=TABLE)(get_table)
    router.post("/files/table", responses=TABLE)(post_table)


async def get_table(
    here: Here,
    *,
    query: QueryText,
    experiment: Experiment = None,
    namespace: Namespace = None,
    include_retired: Retired = False,
    columns: ColumnTexts = "",
    table_format: Format = "arrow",
) -> Table:
    """Stream all files of a query as a table: as Arrow IPC or Parquet, with metadata keys as columns.

    The first columns are `namespace`, `name`, `fid`, `size_bytes`, `created_at` and `created_by`. Without `columns` one
    more has all metadata as JSON. A key without a type gets the narrowest one that the first files fit, at most 2,000
    of them: `json` where they have no value. Values that do not fit are null; `sutler.misfits` in the metadata of the
    last batch, which is empty, or of the Parquet file counts them by key.
    """
    texts = tuple(columns.split(",")) if columns else ()
    asked = wire.TableQuestion(query, experiment, namespace, include_retired, texts, table_format)
    return await post_table(here, asked)


async def post_table(here: Here, body: wire.TableQuestion) -> Table:
    """Stream all files of a long query as a table."""
    table_format = TableFormat(body.format)
    parts = catalog.stream_table(
        here.db,
        here.who,
        query=body.query,
        experiment=body.experiment,
        columns=catalog.read_columns(body.columns),
        table_format=table_format,
        default_namespace=body.namespace,
        include_retired=body.include_retired,
    )
    # The first part before the headers go, so that whatever is wrong with a query has its own status.
    return Table(_rejoin(await anext(parts), parts), media_type=MEDIA_TYPES[table_format])


async def _rejoin(first: bytes, rest: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    yield first
    async for part in rest:
        yield part
