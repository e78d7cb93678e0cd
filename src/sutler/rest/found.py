"""What queries are answered with: pages and lines of JSON, mostly as the database writes them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence

import msgspec
from starlette.responses import Response, StreamingResponse

from sutler import catalog
from sutler.base.documents import Entry, Form, Shape
from sutler.rest.context import Context
from sutler.rest.experiments import name_experiments
from sutler.rest.lines import MEDIA_TYPE
from sutler.rest.showing import show
from sutler.wire import catalog as wire_catalog
from sutler.wire import queries as wire
from sutler.wire.page import Page

FILE_ENTRIES = (
    *(Entry(key, key) for key in ("fid", "namespace", "name", "experiment", "size_bytes", "checksums")),
    Entry("created_at", "created_at", Form.INSTANT),
    Entry("created_by", "created_by"),
    Entry("updated_at", "updated_at", Form.INSTANT),
    Entry("updated_by", "updated_by"),
    Entry("retired_at", "retired_at", Form.INSTANT),
    Entry("retired_by", "retired_by"),
)
"""The entries of a FoundFile that are always asked for."""
REFERENCES = {
    with_metadata: Shape(
        (
            *(Entry(key, key) for key in ("fid", "namespace", "name", "size_bytes")),
            Entry("metadata", "metadata" if with_metadata else None),
            Entry("parents", None),
            Entry("children", None),
        )
    )
    for with_metadata in (False, True)
}
"""The shapes of a FileReference without its relatives, with and without metadata."""
PAGE_BEGIN, PAGE_END = b'{"items":[', b'],"next_cursor":null}'
PAGE_TYPE = "application/json"
ALL_EXPERIMENTS = (0,)
"""An id that nobody has an experiment with: the names of all are asked for."""


_encode = msgspec.json.Encoder().encode_lines
_encode_page = msgspec.json.Encoder().encode


class Lines(StreamingResponse):
    """Documents of JSON, one a line."""

    media_type = MEDIA_TYPE


def reply_page(found: Sequence[wire_catalog.FileReference]) -> Response:
    """Reply with files as one page."""
    return Response(_encode_page(Page(tuple(found))), media_type=PAGE_TYPE)


async def reply_list(parts: AsyncIterator[bytes]) -> Response:
    """Reply with a page of what comes as lines. The first part is made before the headers go; a short page is whole."""
    first = await anext(parts, b"")
    second = await anext(parts, b"")
    if not second:
        return Response(PAGE_BEGIN + _join(first) + PAGE_END, media_type=PAGE_TYPE)

    async def go_on() -> AsyncIterator[bytes]:
        yield PAGE_BEGIN + _join(first) + b"," + _join(second)
        async for part in parts:
            yield b"," + _join(part)
        yield PAGE_END

    return StreamingResponse(go_on(), media_type=PAGE_TYPE)


def _join(lines: bytes) -> bytes:
    """Return lines of JSON as items of a list; within a line there is no end of line."""
    return lines[:-1].replace(b"\n", b",")


async def reply_lines(parts: AsyncIterator[bytes]) -> Lines:
    """Make the first part before the headers go, so that whatever is wrong with a query has its own status."""
    first = await anext(parts, b"")

    async def go_on() -> AsyncIterator[bytes]:
        yield first
        async for part in parts:
            yield part

    return Lines(go_on())


async def encode_files(
    here: Context, batches: AsyncIterator[list[catalog.File]], *, with_metadata: bool
) -> AsyncIterator[bytes]:
    """Yield files with their relatives as lines of JSON."""
    async for files in batches:
        names = await name_experiments(here, {file.experiment_id for file in files})
        yield _encode([_show_file(file, names[file.experiment_id], with_metadata=with_metadata) for file in files])


async def shape_files(here: Context, *, with_metadata: bool) -> Shape:
    """The shape of a FoundFile without its relatives."""
    names = await name_experiments(here, ALL_EXPERIMENTS if here.who.is_admin else ())
    metadata = Entry("metadata", "metadata" if with_metadata else None)
    return Shape((*FILE_ENTRIES, metadata, Entry("parents", None), Entry("children", None)), names)


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


async def encode_datasets(here: Context, batches: AsyncIterator[list[catalog.Dataset]]) -> AsyncIterator[bytes]:
    """Yield datasets as lines of JSON."""
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
