"""Queries for the files of an experiment whose catalogue is elsewhere: they are put to that one."""

from __future__ import annotations

from collections.abc import AsyncIterator

import msgspec

from sutler import catalog
from sutler.base.errors import InvalidInputError, Problem
from sutler.catalog import CatalogSource, SourceFile
from sutler.rest.context import Context
from sutler.wire import catalog as wire_catalog
from sutler.wire import queries as wire

LARGEST_FILE_LIMIT = 100_000

_encode = msgspec.json.Encoder().encode_lines


async def find_source_of(here: Context, experiment: str | None) -> CatalogSource | None:
    """Return the catalogue that an experiment names; None: it uses the built-in one, or none was given."""
    if experiment is None:
        return None
    return await catalog.find_source(here.db, here.who, here.services.catalogues, experiment=experiment)


async def find_remote(here: Context, asked: wire.FileQuestion) -> CatalogSource | None:
    """Return the catalogue that the experiment of a question names; None: the question is for the built-in one.

    Raises InvalidInputError for what only the built-in one can be asked.
    """
    source = await find_source_of(here, asked.experiment)
    if source is None:
        return None
    what = f"cannot be used with the catalogue at {source.place}"
    problems = [Problem("namespace", f"{what}: write it before each name")] if asked.namespace else []
    problems += [Problem("include_retired", what)] if asked.include_retired else []
    if problems:
        raise InvalidInputError(problems)
    return source


async def refuse_remote(here: Context, experiment: str | None) -> None:
    """Go on if the built-in catalogue can answer. Raises CatalogElsewhereError."""
    if experiment is not None:
        await catalog.refuse_elsewhere(here.db, here.who, experiment=experiment)


async def list_first(source: CatalogSource, asked: wire.FileListQuestion) -> list[wire_catalog.FileReference]:
    """Return the first files of a query. Raises InvalidInputError for a limit that is too small or too large."""
    if not 1 <= asked.limit <= LARGEST_FILE_LIMIT:
        raise InvalidInputError([Problem("limit", f"must be between 1 and {LARGEST_FILE_LIMIT}, not {asked.limit}")])
    batches = source.select(
        asked.query, limit=asked.limit, with_metadata=asked.with_metadata, with_provenance=asked.with_provenance
    )
    return [_show_reference(file, asked) async for files in batches for file in files]


async def stream_all(source: CatalogSource, asked: wire.FileStreamQuestion) -> AsyncIterator[bytes]:
    """Yield all files of a query, one a line."""
    batches = source.select(asked.query, with_metadata=asked.with_metadata, with_provenance=asked.with_provenance)
    async for files in batches:
        yield _encode([_show_file(file, asked, source.place) for file in files])


def _show_reference(file: SourceFile, asked: wire.FileListQuestion) -> wire_catalog.FileReference:
    return wire_catalog.FileReference(
        file.fid,
        file.namespace,
        file.name,
        file.size_bytes,
        dict(file.metadata) if asked.with_metadata else None,
        file.parents if asked.with_provenance else None,
        file.children if asked.with_provenance else None,
    )


def _show_file(file: SourceFile, asked: wire.FileStreamQuestion, place: str) -> wire.FoundFile:
    if file.created_at is None:
        raise catalog.RemoteCatalogRefusedError(place, f"the file {file.did} without its time of creation")
    return wire.FoundFile(
        fid=file.fid,
        namespace=file.namespace,
        name=file.name,
        experiment=asked.experiment or "",
        size_bytes=file.size_bytes,
        checksums=dict(file.checksums),
        created_at=file.created_at,
        created_by=file.created_by,
        updated_at=None,
        updated_by=None,
        retired_at=None,
        retired_by=None,
        metadata=dict(file.metadata) if asked.with_metadata else None,
        parents=file.parents if asked.with_provenance else None,
        children=file.children if asked.with_provenance else None,
    )
