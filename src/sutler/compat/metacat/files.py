"""Files: one, many, and the datasets they are in."""

from __future__ import annotations

from starlette.responses import Response

from sutler import catalog
from sutler.base.did import Did
from sutler.catalog import FileKey, FileView, UnknownFileError
from sutler.compat.call import SignedCall
from sutler.compat.metacat.reading import read_did, read_key, read_keys, read_list, read_name, read_rest
from sutler.compat.metacat.replies import reply_json
from sutler.compat.metacat.shapes import show_dataset, show_dataset_names, show_file, show_relatives
from sutler.compat.shapes import Shape


async def get_file(call: SignedCall) -> Response:
    """Reply with one file, retired or not: with metadata and relatives unless told otherwise, with datasets if told."""
    with_metadata = call.is_yes("with_metadata", default=True)
    with_provenance = call.is_yes("with_provenance", default=True)
    with_datasets = call.is_yes("with_datasets")
    key = _read_key(call)
    views = await catalog.list_files(
        call.db,
        call.who,
        keys=[key],
        with_metadata=with_metadata,
        with_provenance=with_provenance,
        with_datasets=with_datasets,
    )
    if not views:
        raise UnknownFileError(key)
    shape = show_view(views[0], with_metadata=with_metadata, with_provenance=with_provenance)
    if with_datasets:
        shape["datasets"] = show_dataset_names(views[0].datasets)
    return reply_json(shape)


async def list_files(call: SignedCall) -> Response:
    """Reply with those of the files in the body that there are, retired ones too, each once."""
    keys = read_keys(await read_list(call), "the list")
    with_metadata, with_provenance = call.is_yes("with_metadata"), call.is_yes("with_provenance")
    views = await catalog.list_files(
        call.db, call.who, keys=keys, with_metadata=with_metadata, with_provenance=with_provenance
    )
    return reply_json([show_view(view, with_metadata=with_metadata, with_provenance=with_provenance) for view in views])


async def list_datasets(call: SignedCall) -> Response:
    """Reply with the files of the body, each with the datasets that it is in."""
    items = await read_list(call)
    keys = [read_key(item, None, f"the list[{number}]") for number, item in enumerate(items)]
    found = await catalog.list_datasets_of_files(call.db, call.who, keys=keys)
    return reply_json(
        [{**_show_key(key), "datasets": [show_dataset(dataset) for dataset in found[key]]} for key in keys]
    )


def show_view(view: FileView, *, with_metadata: bool, with_provenance: bool) -> Shape:
    """A file with as much as was asked for."""
    shape = show_file(view.file, with_metadata=with_metadata)
    if with_provenance:
        shape["parents"] = show_relatives(parent.fid for parent in view.parents)
        shape["children"] = show_relatives(child.fid for child in view.children)
    return shape


def _read_key(call: SignedCall) -> FileKey:
    query = call.query
    if query.get("did"):
        return read_did(query["did"], "did")
    if query.get("name"):
        return Did(read_name(query.get("namespace"), "namespace"), read_name(query["name"], "name"))
    return read_key(query.get("fid") or read_rest(call), None, "file")


def _show_key(key: FileKey) -> Shape:
    return {"namespace": key.namespace, "name": key.name} if isinstance(key, Did) else {"fid": key}
