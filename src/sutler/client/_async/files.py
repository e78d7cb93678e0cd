"""Files that are there: changing them, and reading many at once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from types import NoneType
from typing import Any, Literal
from urllib.parse import urlencode

from sutler.client._async.caller import AsyncCaller, path_of
from sutler.wire import catalog as wire
from sutler.wire import files as wire_files
from sutler.wire.convert import to_json
from sutler.wire.page import Page


class AsyncFileCalls(AsyncCaller):
    """Calls about files that are there. A file is named by its DID, written `namespace:name`, or by its fid."""

    async def update_file(self, file: str, change: wire_files.FileChange) -> wire.File:
        """Change a file: its size, checksums, metadata, parents or children."""
        return await self.send(wire.File, "PATCH", _path_of_file(file), change)

    async def delete_file(self, file: str) -> None:
        """Delete a file, also from its datasets and its relatives."""
        await self.send(NoneType, "DELETE", _path_of_file(file))

    async def update_metadata_of(
        self,
        files: Sequence[str],
        metadata: Mapping[str, Any],
        *,
        mode: Literal["merge", "replace"] = "merge",
        key: str | None = None,
    ) -> Page[wire.FileReference]:
        """Change the metadata of many files alike, all or none. Returns them with their metadata."""
        body = wire_files.ManyMetadata(tuple(files), dict(metadata), mode)
        return await self.send(Page[wire.FileReference], "POST", path_of("files", "metadata"), body, key=key)

    async def declare_streamed_files(
        self,
        files: Iterable[wire.NewFile | Mapping[str, Any]],
        *,
        dataset: str | None = None,
        check_only: bool = False,
        key: str | None = None,
    ) -> wire_files.DeclaredFiles:
        """Declare files, all or none, optionally into a dataset; or only see whether it would do.

        They, or the documents that describe them, are sent as they come, however many: what this takes does not grow
        with their number. If their iterator raises, none is declared. The server tells what is wrong by the line, which
        is the place of a file from 1 on.
        """
        asked = {**({"dataset": dataset} if dataset else {}), **({"check_only": "true"} if check_only else {})}
        path = path_of("files") + (f"?{urlencode(asked)}" if asked else "")
        return await self.send_lines(wire_files.DeclaredFiles, path, map(_to_document, files), key=key)

    async def update_streamed_metadata(
        self, changes: Iterable[wire_files.MetadataChange | Mapping[str, Any]], *, key: str | None = None
    ) -> wire_files.ChangedFiles:
        """Change the metadata of files, each in its own way, all or none. They are sent as they come, however many."""
        path = path_of("files", "metadata")
        return await self.send_lines(wire_files.ChangedFiles, path, map(_to_document, changes), key=key)

    async def retire_file(self, file: str, *, retire: bool = True, key: str | None = None) -> wire.File:
        """Retire a file, or take that back."""
        body = wire_files.Retirement(file, retire)
        return await self.send(wire.File, "POST", path_of("files", "retire"), body, key=key)

    async def rename_file(self, file: str, name: str, *, key: str | None = None) -> wire.File:
        """Give a file another name in its namespace."""
        body = wire_files.NewFileName(file, name)
        return await self.send(wire.File, "POST", path_of("files", "rename"), body, key=key)

    async def move_files(
        self, namespace: str, files: Sequence[str] | None = None, *, query: str | None = None, key: str | None = None
    ) -> wire_files.Moved:
        """Put files, either named or selected by a query in MQL, into another namespace."""
        body = wire_files.Move(namespace, None if files is None else tuple(files), query)
        return await self.send(wire_files.Moved, "POST", path_of("files", "move"), body, key=key)

    async def list_files(
        self,
        files: Sequence[str],
        *,
        with_metadata: bool = True,
        with_provenance: bool = False,
        with_datasets: bool = False,
        experiment: str | None = None,
    ) -> Page[wire.FileView]:
        """Return many files in the order given, each once. Those that are unknown are left out.

        With an experiment its catalogue is asked; one that is elsewhere does not tell the datasets.
        """
        body = wire_files.WantedFiles(tuple(files), with_metadata, with_provenance, with_datasets)
        path = path_of("files", "list") + (f"?{urlencode({'experiment': experiment})}" if experiment else "")
        return await self.send(Page[wire.FileView], "POST", path, body)

    async def list_datasets_of_files(self, files: Sequence[str]) -> Page[wire_files.DatasetsOfFile]:
        """Return the datasets that each of many files is in."""
        body = wire_files.FileNames(tuple(files))
        return await self.send(Page[wire_files.DatasetsOfFile], "POST", path_of("files", "datasets"), body)


def _path_of_file(file: str) -> str:
    return path_of("files", *file.split(":", 1)) if ":" in file else path_of("fids", file)


def _to_document(item: object) -> object:
    return item if isinstance(item, Mapping) else to_json(item)
