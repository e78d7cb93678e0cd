"""Files: changing what is known of them, retiring and deleting them."""

from __future__ import annotations

from collections.abc import Sequence

from starlette.responses import Response

from sutler import catalog
from sutler.catalog import FileChange, FileKey, UnknownFileError
from sutler.compat.call import SignedCall
from sutler.compat.errors import BadCallError
from sutler.compat.metacat.files import show_view
from sutler.compat.metacat.reading import (
    Document,
    read_checksums,
    read_key,
    read_keys,
    read_mapping,
    read_mode,
    read_object,
    read_size,
    read_switch,
)
from sutler.compat.metacat.replies import reply_json
from sutler.compat.metacat.shapes import show_file


async def update_file(call: SignedCall) -> Response:
    """Change what the body names of a file and reply with all of it."""
    body = await read_object(call)
    change = FileChange(
        size_bytes=read_size(body.get("size"), "size"),
        checksums=read_checksums(body.get("checksums"), "checksums"),
        metadata=read_mapping(body.get("metadata"), "metadata"),
        mode=read_mode(body.get("mode")),
        parents=_read_relatives(body, "parents"),
        children=_read_relatives(body, "children"),
    )
    await _check_relatives(call, [*(change.parents or ()), *(change.children or ())])
    file = await catalog.update_file(call.db, call.who, key=_read_key(body), change=change)
    views = await catalog.list_files(call.db, call.who, keys=[file.fid], with_metadata=True, with_provenance=True)
    if not views:
        # Deleted again by somebody else in the meantime.
        raise UnknownFileError(file.fid)
    return reply_json(show_view(views[0], with_metadata=True, with_provenance=True))


async def update_metadata(call: SignedCall) -> Response:
    """Change the metadata of many files in the same way and reply with what they are now."""
    body = await read_object(call)
    metadata = read_mapping(body.get("metadata"), "metadata")
    if metadata is None:
        raise BadCallError("metadata must be specified")
    files = await catalog.update_metadata_of(
        call.db,
        call.who,
        keys=read_keys(body.get("files"), "files"),
        metadata=metadata,
        mode=read_mode(body.get("mode")),
    )
    return reply_json(
        [{"name": file.name, "namespace": file.namespace, "fid": file.fid, "metadata": file.metadata} for file in files]
    )


async def retire_file(call: SignedCall) -> Response:
    """Retire a file or bring it back."""
    body = await read_object(call)
    retire = read_switch(body.get("retire"), "retire")
    file = await catalog.retire_file(call.db, call.who, key=_read_key(body), retire=retire is not False)
    return reply_json(show_file(file, with_metadata=False))


async def delete_file(call: SignedCall) -> Response:
    """Delete a file for good; its name and fid are free again."""
    fid = await catalog.delete_file(call.db, call.who, key=_read_key(await read_object(call)))
    return reply_json({"fid": fid})


async def _check_relatives(call: SignedCall, keys: Sequence[FileKey]) -> None:
    """Go on if the relatives are there. In this protocol one that is not is a file that was not found."""
    if keys:
        views = await catalog.list_files(call.db, call.who, keys=keys, with_metadata=False)
        found = {key for view in views for key in (view.file.fid, view.file.did)}
        missing = [key for key in keys if key not in found]
        if missing:
            raise UnknownFileError(missing[0])


def _read_key(body: Document) -> FileKey:
    return read_key(body, None, "file")


def _read_relatives(body: Document, name: str) -> tuple[FileKey, ...] | None:
    return None if body.get(name) is None else tuple(read_keys(body[name], name))
