"""Files that are there: changing, retiring, deleting, moving and renaming them, and reading many at once."""

from __future__ import annotations

from fastapi import APIRouter

from sutler import catalog
from sutler.base.did import Did
from sutler.catalog import FileKey
from sutler.rest.context import Context, Here, Once
from sutler.rest.datasets import read_key
from sutler.rest.declaring_lines import LARGEST_BYTES, change_metadata_of_lines, is_of_lines
from sutler.rest.experiments import name_experiment, name_experiments
from sutler.rest.remote_files import CatalogueOf, list_views
from sutler.rest.remote_queries import find_source_of
from sutler.rest.showing import show, show_all
from sutler.wire import catalog as wire
from sutler.wire import files as wire_files
from sutler.wire.page import Page


def add_routes(router: APIRouter) -> None:
    """Add the routes about files that are there. A name may have slashes, so other files are named in bodies."""
    router.patch("/files/{namespace}/{name:path}")(update_file)
    router.delete("/files/{namespace}/{name:path}", status_code=204)(delete_file)
    router.patch("/fids/{fid:path}")(update_file_by_fid)
    router.delete("/fids/{fid:path}", status_code=204)(delete_file_by_fid)
    router.post("/files/metadata")(update_metadata_of)
    router.post("/files/retire")(retire_file)
    router.post("/files/rename")(rename_file)
    router.post("/files/move")(move_files)
    router.post("/files/list")(list_files)
    router.post("/files/datasets")(list_datasets_of_files)


async def update_file(here: Here, namespace: str, name: str, body: wire_files.FileChange) -> wire.File:
    """Change a file: its size, checksums, metadata, parents or children."""
    return await _update(here, Did(namespace, name), body)


async def update_file_by_fid(here: Here, fid: str, body: wire_files.FileChange) -> wire.File:
    """Change a file that is named by its fid."""
    return await _update(here, fid, body)


async def delete_file(here: Here, namespace: str, name: str) -> None:
    """Delete a file, also from its datasets and its relatives. Its name and fid are free then."""
    await catalog.delete_file(here.db, here.who, key=Did(namespace, name))


async def delete_file_by_fid(here: Here, fid: str) -> None:
    """Delete a file that is named by its fid."""
    await catalog.delete_file(here.db, here.who, key=fid)


async def update_metadata_of(here: Once, body: wire_files.ManyMetadata) -> Page[wire.FileReference]:
    """Change the metadata of many files alike, all or none. Shows the metadata as they are then.

    Instead of one document the body may be a list of documents, one a line, of any length: each has the `did` or the
    `fid` of a file, its `metadata`, and the `mode` unless they are to be merged. All are changed or none, what is wrong
    is told by its line, and the answer says only how many were changed.
    """
    changed = await catalog.update_metadata_of(
        here.db,
        here.who,
        keys=[read_key(text) for text in body.files],
        metadata=body.metadata,
        mode=body.mode,
    )
    return Page(tuple(_refer(file) for file in changed))


update_metadata_of.is_large = is_of_lines  # type: ignore[attr-defined]  # these are read by `route.ApiRoute`
update_metadata_of.answer_large = change_metadata_of_lines  # type: ignore[attr-defined]
update_metadata_of.largest_bytes = LARGEST_BYTES  # type: ignore[attr-defined]


async def retire_file(here: Once, body: wire_files.Retirement) -> wire.File:
    """Retire a file, or take that back: queries and counts of datasets pass over a file that is retired."""
    return await _show(here, await catalog.retire_file(here.db, here.who, key=read_key(body.file), retire=body.retire))


async def rename_file(here: Once, body: wire_files.NewFileName) -> wire.File:
    """Give a file another name in its namespace."""
    return await _show(here, await catalog.rename_file(here.db, here.who, key=read_key(body.file), name=body.name))


async def move_files(here: Once, body: wire_files.Move) -> wire_files.Moved:
    """Put files into another namespace. Those that the caller may not move stay, and are told about."""
    keys = None if body.files is None else [read_key(text) for text in body.files]
    moved = await catalog.move_files(here.db, here.who, namespace=body.namespace, keys=keys, query=body.query)
    return show(wire_files.Moved, moved)


async def list_files(here: Here, body: wire_files.WantedFiles, experiment: CatalogueOf = None) -> Page[wire.FileView]:
    """Show many files in the order given, each once. Those that are unknown or not to be seen are left out.

    A catalogue that is elsewhere does not tell the datasets of a file.
    """
    keys = [read_key(text) for text in body.files]
    source = await find_source_of(here, experiment)
    if source is not None:
        return Page(await list_views(source, keys, body, experiment=experiment or ""))
    views = await catalog.list_files(
        here.db,
        here.who,
        keys=keys,
        with_metadata=body.with_metadata,
        with_provenance=body.with_provenance,
        with_datasets=body.with_datasets,
    )
    names = await name_experiments(here, {view.file.experiment_id for view in views})
    return Page(tuple(show_view(view, names[view.file.experiment_id]) for view in views))


async def list_datasets_of_files(here: Here, body: wire_files.FileNames) -> Page[wire_files.DatasetsOfFile]:
    """Show the datasets that each of many files is in."""
    keys = {text: read_key(text) for text in body.files}
    found = await catalog.list_datasets_of_files(here.db, here.who, keys=list(keys.values()))
    names = await name_experiments(here, {one.experiment_id for datasets in found.values() for one in datasets})
    return Page(
        tuple(
            wire_files.DatasetsOfFile(
                text, tuple(show(wire.Dataset, one, experiment=names[one.experiment_id]) for one in found[key])
            )
            for text, key in keys.items()
        )
    )


def show_view(view: catalog.FileView, experiment: str) -> wire.FileView:
    """Return a file with its relatives and datasets as the wire has them."""
    return show(
        wire.FileView,
        view,
        file=show(wire.File, view.file, experiment=experiment),
        parents=show_all(wire.FileReference, view.parents),
        children=show_all(wire.FileReference, view.children),
        datasets=tuple(str(did) for did in view.datasets),
    )


async def _update(here: Context, key: FileKey, body: wire_files.FileChange) -> wire.File:
    given = {name for name, item in vars(body).items() if item is not None} - {"mode"}
    if given == {"metadata"} and isinstance(key, Did):
        # Jobs may add to the metadata of files that they declare, and change nothing else.
        changed = await catalog.update_metadata(
            here.db, here.who, did=key, metadata=body.metadata or {}, mode=body.mode
        )
    else:
        changed = await catalog.update_file(here.db, here.who, key=key, change=_read_change(body))
    return await _show(here, changed)


def _read_change(body: wire_files.FileChange) -> catalog.FileChange:
    parents, children = (
        None if texts is None else tuple(read_key(text) for text in texts) for texts in (body.parents, body.children)
    )
    return catalog.FileChange(
        size_bytes=body.size_bytes,
        checksums=body.checksums,
        metadata=body.metadata,
        mode=body.mode,
        parents=parents,
        children=children,
    )


def _refer(file: catalog.File) -> wire.FileReference:
    return wire.FileReference(file.fid, file.namespace, file.name, file.size_bytes, dict(file.metadata))


async def _show(here: Context, file: catalog.File) -> wire.File:
    return show(wire.File, file, experiment=await name_experiment(here, file.experiment_id))
