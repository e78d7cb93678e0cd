"""Files of an experiment whose catalogue is elsewhere, looked up there by name or fid."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated

from fastapi import Query

from sutler import catalog
from sutler.catalog import CatalogSource, FileKey, SourceFile
from sutler.wire import catalog as wire
from sutler.wire.files import WantedFiles

SHOWN_RELATIVES = 500
"""So many parents and children are shown of a single file."""

CatalogueOf = Annotated[str | None, Query(description="Ask the catalogue of this experiment, which may be elsewhere.")]


async def get_view(source: CatalogSource, key: FileKey, *, experiment: str) -> wire.FileView:
    """Return a file with its parents and children. Raises UnknownFileError."""
    found = await source.list_files([key], with_provenance=True)
    if not found:
        raise catalog.UnknownFileError(key)
    return (await _show(source, found, experiment, most=SHOWN_RELATIVES))[0]


async def list_views(
    source: CatalogSource, keys: Sequence[FileKey], asked: WantedFiles, *, experiment: str
) -> tuple[wire.FileView, ...]:
    """Return files in the order given, each once, without their datasets. Those that are unknown are left out."""
    found = await source.list_files(keys, with_metadata=asked.with_metadata, with_provenance=asked.with_provenance)
    return await _show(source, found, experiment)


async def _show(
    source: CatalogSource, files: Sequence[SourceFile], experiment: str, *, most: int | None = None
) -> tuple[wire.FileView, ...]:
    fids = [fid for file in files for fid in (*file.parents[:most], *file.children[:most])]
    known = {one.fid: one for one in await source.list_files(fids, with_metadata=False)}
    return tuple(
        wire.FileView(
            file=_show_file(file, experiment, source.place),
            parents=_refer(file.parents[:most], known),
            children=_refer(file.children[:most], known),
            datasets=(),
            parent_count=len(file.parents),
            child_count=len(file.children),
            dataset_count=0,
        )
        for file in files
    )


def _refer(fids: Sequence[str], known: Mapping[str, SourceFile]) -> tuple[wire.FileReference, ...]:
    """The files that can be named: not those that the caller may not see there."""
    files = (known[fid] for fid in fids if fid in known)
    return tuple(wire.FileReference(one.fid, one.namespace, one.name, one.size_bytes) for one in files)


def _show_file(file: SourceFile, experiment: str, place: str) -> wire.File:
    if file.created_at is None:
        raise catalog.RemoteCatalogRefusedError(place, f"the file {file.did} without its time of creation")
    return wire.File(
        fid=file.fid,
        namespace=file.namespace,
        name=file.name,
        experiment=experiment,
        size_bytes=file.size_bytes,
        checksums=dict(file.checksums),
        metadata=dict(file.metadata),
        created_at=file.created_at,
        created_by=file.created_by,
        updated_at=None,
        updated_by=None,
        retired_at=None,
        retired_by=None,
    )
