"""Files as a MetaCat server wants them described."""

from __future__ import annotations

from sutler.catalog.model import FileKey, NewFile


def show_key(key: FileKey) -> dict[str, str]:
    """Return what names a file."""
    if isinstance(key, str):
        return {"fid": key}
    return {"namespace": key.namespace, "name": key.name}


def show_new_file(file: NewFile) -> dict[str, object]:
    """Return what declares a file."""
    parents: list[FileKey] = [*file.parents, *file.parent_fids]
    shape: dict[str, object] = {
        "namespace": file.namespace,
        "name": file.name,
        "size": file.size_bytes,
        "metadata": dict(file.metadata),
        "checksums": dict(file.checksums),
        "parents": [show_key(parent) for parent in parents],
    }
    if file.fid is not None:
        shape["fid"] = file.fid
    return shape
