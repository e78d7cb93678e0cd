"""Files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from sutler.client._async.caller import path_of
from sutler.client._async.datasets import AsyncDatasetCalls
from sutler.client._async.namespaces import AsyncNamespaceCalls
from sutler.client._async.queries import AsyncQueryCalls
from sutler.wire import catalog as wire
from sutler.wire.files import FileChange
from sutler.wire.page import Page


class AsyncCatalogCalls(AsyncDatasetCalls, AsyncNamespaceCalls, AsyncQueryCalls):
    """Calls about what files are. A DID is written `namespace:name`."""

    async def declare_files(
        self,
        files: Sequence[wire.NewFile],
        *,
        dataset: str | None = None,
        check_only: bool = False,
        key: str | None = None,
    ) -> Page[wire.FileReference]:
        """Declare files, all or none, optionally into a dataset; or only see whether it would do."""
        body = wire.NewFiles(tuple(files), dataset, check_only)
        return await self.send(Page[wire.FileReference], "POST", path_of("files"), body, key=key)

    async def get_file(self, did: str, *, experiment: str | None = None) -> wire.FileView:
        """Return a file with its parents, children and datasets.

        With an experiment its catalogue is asked; one that is elsewhere does not tell the datasets.
        """
        return await self.get(wire.FileView, path_of("files", *did.split(":", 1)), experiment=experiment)

    async def get_file_by_fid(self, fid: str, *, experiment: str | None = None) -> wire.FileView:
        """Return a file by its fid, from the catalogue of an experiment if one is named."""
        return await self.get(wire.FileView, path_of("fids", fid), experiment=experiment)

    async def update_metadata(
        self, did: str, metadata: Mapping[str, Any], *, mode: Literal["merge", "replace"] = "merge"
    ) -> wire.File:
        """Change the metadata of a file."""
        body = FileChange(dict(metadata), mode)
        return await self.send(wire.File, "PATCH", path_of("files", *did.split(":", 1)), body)
