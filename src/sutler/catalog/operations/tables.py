"""All files of a query as one table, in the formats of Apache Arrow."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence

from sutler.auth import Principal
from sutler.catalog import rules
from sutler.catalog.arrow import TableWriter
from sutler.catalog.model import Column, File, TableFormat
from sutler.catalog.operations.streaming import stream_files
from sutler.database import Database


async def stream_table(
    db: Database,
    who: Principal,
    *,
    query: str,
    experiment: str | None,
    columns: Sequence[Column] = (),
    table_format: TableFormat = TableFormat.ARROW,
    default_namespace: str | None = None,
    include_retired: bool = False,
) -> AsyncIterator[bytes]:
    """Yield a table of the files of a query as it is made, in the order of `stream_files`.

    Columns are what is known of every file and then the given metadata keys; without any, one column with all metadata
    as JSON. A key without a type gets the narrowest one that fits the first files, at most 2,000. Values that do not
    fit their column are null, and counted at the end of the table. Raises TablesNotInstalledError and what
    `stream_files` raises, before anything is yielded.
    """
    parts = stream_files(
        db,
        who,
        query=query,
        experiment=experiment,
        default_namespace=default_namespace,
        include_retired=include_retired,
    )
    first: list[File] = await anext(parts, [])
    writer = await asyncio.to_thread(TableWriter, columns, table_format, first)
    files = first
    while files:
        written = await asyncio.to_thread(writer.write, files)
        if written:
            yield written
        files = await anext(parts, [])
    yield await asyncio.to_thread(writer.finish)


def read_columns(texts: Sequence[str]) -> tuple[Column, ...]:
    """Return columns that are written as `core.run` or `core.run:int64`. Raises InvalidInputError."""
    return rules.read_columns(texts)
