# Written by scripts/generate_sync_client.py from the file of the same name in _async.
"""Files that are there: changing them, and reading many at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import NoneType
from typing import Any, Literal

from sutler.client._sync.caller import Caller, path_of
from sutler.wire import catalog as wire
from sutler.wire import files as wire_files
from sutler.wire.page import Page


class FileCalls(Caller):
    """Calls about files that are there. A file is named by its DID, written `namespace:name`, or by its fid."""

    def update_file(self, file: str, change: wire_files.FileChange) -> wire.File:
        """Change a file: its size, checksums, metadata, parents or children."""
        return self.send(wire.File, "PATCH", _path_of_file(file), change)

    def delete_file(self, file: str) -> None:
        """Delete a file, also from its datasets and its relatives."""
        self.send(NoneType, "DELETE", _path_of_file(file))

    def update_metadata_of(
        self,
        files: Sequence[str],
        metadata: Mapping[str, Any],
        *,
        mode: Literal["merge", "replace"] = "merge",
        key: str | None = None,
    ) -> Page[wire.FileReference]:
        """Change the metadata of many files alike, all or none. Returns them with their metadata."""
        body = wire_files.ManyMetadata(tuple(files), dict(metadata), mode)
        return self.send(Page[wire.FileReference], "POST", path_of("files", "metadata"), body, key=key)

    def retire_file(self, file: str, *, retire: bool = True, key: str | None = None) -> wire.File:
        """Retire a file, or take that back."""
        body = wire_files.Retirement(file, retire)
        return self.send(wire.File, "POST", path_of("files", "retire"), body, key=key)

    def rename_file(self, file: str, name: str, *, key: str | None = None) -> wire.File:
        """Give a file another name in its namespace."""
        body = wire_files.NewFileName(file, name)
        return self.send(wire.File, "POST", path_of("files", "rename"), body, key=key)

    def move_files(
        self, namespace: str, files: Sequence[str] | None = None, *, query: str | None = None, key: str | None = None
    ) -> wire_files.Moved:
        """Put files, either named or selected by a query in MQL, into another namespace."""
        body = wire_files.Move(namespace, None if files is None else tuple(files), query)
        return self.send(wire_files.Moved, "POST", path_of("files", "move"), body, key=key)

    def list_files(
        self,
        files: Sequence[str],
        *,
        with_metadata: bool = True,
        with_provenance: bool = False,
        with_datasets: bool = False,
    ) -> Page[wire.FileView]:
        """Return many files in the order given, each once. Those that are unknown are left out."""
        body = wire_files.WantedFiles(tuple(files), with_metadata, with_provenance, with_datasets)
        return self.send(Page[wire.FileView], "POST", path_of("files", "list"), body)

    def list_datasets_of_files(self, files: Sequence[str]) -> Page[wire_files.DatasetsOfFile]:
        """Return the datasets that each of many files is in."""
        body = wire_files.FileNames(tuple(files))
        return self.send(Page[wire_files.DatasetsOfFile], "POST", path_of("files", "datasets"), body)


def _path_of_file(file: str) -> str:
    return path_of("files", *file.split(":", 1)) if ":" in file else path_of("fids", file)
