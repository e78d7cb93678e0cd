"""Files as lines of JSON that the database writes, a part at a time.

Each part is read in a transaction of its own, while the one before it is on its way: somebody who reads slowly, or
stops, keeps neither a connection nor a cursor.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from typing import Protocol, TypeVar

from sutler.auth import Principal
from sutler.base.documents import Shape
from sutler.catalog import mql, store
from sutler.catalog.mql import lines
from sutler.catalog.operations.queries import begin_in, check_limit, read_long_query
from sutler.catalog.operations.working_out import gather_ids_in, work_out_in
from sutler.database import Database, Row, Tx
from sutler.database.sql import Fragment

LINES_AT_FIRST = 500
MOST_LINES = 10_000
BYTES_AT_ONCE = 2_000_000
GROWTH = 12

Item = TypeVar("Item")


class Source(Protocol):
    """Where lines come from, part by part."""

    is_done: bool

    async def read_in(self, tx: Tx) -> bytes:
        """Return the next lines, perhaps none; not to be asked once it is done."""
        ...


class Pace:
    """How many lines to ask for: few at first, so that they come soon, then as many as are some megabytes together."""

    def __init__(self) -> None:
        self.count = min(LINES_AT_FIRST, MOST_LINES)

    def note(self, *, lines: int, size_bytes: int) -> None:
        """Choose the next number by the lines that came."""
        wanted = BYTES_AT_ONCE * lines // max(size_bytes, 1)
        self.count = max(1, min(wanted, self.count * GROWTH, MOST_LINES))


class NextFiles:
    """The files of a set of which an index has the order; each part is looked for after the last file before it."""

    def __init__(self, tree: mql.FileQuery, scope: mql.Scope, shape: Shape, most: int | None) -> None:
        self.is_done = most == 0
        self._tree, self._scope, self._shape, self._most = tree, scope, shape, most
        self._pace = Pace()
        self._after: lines.Place | None = None

    async def read_in(self, tx: Tx) -> bytes:
        wanted = self._pace.count if self._most is None else min(self._pace.count, self._most)
        row = await _run(tx, lines.write_next(self._tree, self._scope, self._shape, after=self._after, count=wanted))
        text: bytes = row["lines"] or b""
        if self._most is not None:
            self._most -= row["count"]
        self.is_done = row["count"] < wanted or self._most == 0
        self._after = row["created_at"], row["fid"]
        self._pace.note(lines=row["count"], size_bytes=len(text))
        return text


class GivenFiles:
    """Files by their numbers."""

    def __init__(self, ids: Sequence[int], shape: Shape) -> None:
        self.is_done = not ids
        self._ids, self._shape, self._begin = ids, shape, 0
        self._pace = Pace()

    async def read_in(self, tx: Tx) -> bytes:
        part = self._ids[self._begin : self._begin + self._pace.count]
        row = await _run(tx, lines.write_given(part, self._shape))
        text: bytes = row["lines"] or b""
        self._begin += len(part)
        self.is_done = self._begin >= len(self._ids)
        self._pace.note(lines=len(part), size_bytes=len(text))
        return text


class Members:
    """The files of a dataset by their numbers."""

    def __init__(self, dataset_id: int, shape: Shape, *, include_retired: bool) -> None:
        self.is_done = False
        self._dataset_id, self._shape, self._include_retired = dataset_id, shape, include_retired
        self._pace = Pace()
        self._after = 0

    async def read_in(self, tx: Tx) -> bytes:
        wanted = self._pace.count
        statement = lines.write_members(
            self._dataset_id, self._shape, after=self._after, count=wanted, include_retired=self._include_retired
        )
        row = await _run(tx, statement)
        text: bytes = row["lines"] or b""
        self.is_done = row["count"] < wanted
        self._after = row["last"]
        self._pace.note(lines=row["count"], size_bytes=len(text))
        return text


async def stream_lines(
    db: Database,
    who: Principal,
    *,
    query: str,
    experiment: str | None,
    default_namespace: str | None,
    include_retired: bool,
    limit: int | None,
    shape: Shape,
) -> AsyncIterator[bytes]:
    """Yield the files of a query as lines of JSON, in the order of `stream_files`. Raises what that raises.

    Of all files, and of those of one dataset, each part is looked for when its turn comes, so that the first one comes
    at once; of other sets it is decided before the first line which files they are, and eight bytes are kept for each.
    With names of experiments in the shape, files of others are not seen.
    """
    if limit is not None:
        check_limit(limit)
    tree = await read_long_query(query, default_namespace=default_namespace)
    async with db.read() as tx:
        scope = await begin_in(tx, who, experiment=experiment, include_retired=include_retired)
        if scope.experiment_ids is None and shape.experiments:
            scope = replace(scope, experiment_ids=tuple(shape.experiments))
        tree = await work_out_in(tx, tree=tree, scope=scope, text=query)
        source = await _find_source_in(tx, tree, scope, shape, limit)
        first = b"" if source.is_done else await source.read_in(tx)
    async for part in read_all(db, source, first):
        yield part


async def stream_members(db: Database, *, dataset_id: int, include_retired: bool, shape: Shape) -> AsyncIterator[bytes]:
    """Yield the files of a dataset as lines of JSON, by their numbers, whoever may see them."""
    async for part in read_all(db, Members(dataset_id, shape, include_retired=include_retired)):
        yield part


async def read_all(db: Database, source: Source, first: bytes = b"") -> AsyncIterator[bytes]:
    """Yield the parts of a source that are not empty, after the first one, which was read already."""
    if first:
        yield first
    if not source.is_done:
        async for part in read_ahead(_read_rest(db, source)):
            yield part


async def read_ahead(parts: AsyncIterator[Item]) -> AsyncIterator[Item]:
    """Yield all parts, the next of which is made while one is in the hands of whoever asked for it."""
    coming = asyncio.create_task(_next(parts))
    try:
        while (part := await coming) is not None:
            coming = asyncio.create_task(_next(parts))
            yield part
    finally:
        coming.cancel()
        await asyncio.wait([coming])
        if not coming.cancelled():
            coming.exception()


async def _next(parts: AsyncIterator[Item]) -> Item | None:
    return await anext(parts, None)


async def _read_rest(db: Database, source: Source) -> AsyncIterator[bytes]:
    while not source.is_done:
        async with db.read() as tx:
            await store.begin_query(tx)
            part = await source.read_in(tx)
        if part:
            yield part


async def _find_source_in(
    tx: Tx, tree: mql.FileQuery, scope: mql.Scope, shape: Shape, limit: int | None
) -> NextFiles | GivenFiles:
    whole = mql.simplify(tree if limit is None else mql.limit(tree, limit))
    source, most = (whole.source, whole.count) if isinstance(whole, mql.Limit) else (whole, None)
    if mql.is_in_order(source):
        return NextFiles(source, scope, shape, most)
    ids = await gather_ids_in(tx, tree=tree, scope=scope, most=limit)
    return GivenFiles(ids if limit is None else ids[:limit], shape)


async def _run(tx: Tx, statement: Fragment) -> Row:
    return (await store.run_selection(tx, statement=statement))[0]
