"""Namespaces, datasets and files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from sutler.client._async.caller import AsyncCaller, path_of
from sutler.wire import catalog as wire
from sutler.wire.page import Count, Page


class AsyncCatalogCalls(AsyncCaller):
    """Calls about what files are. A DID is written `namespace:name`."""

    async def list_namespaces(self, *, experiment: str | None = None) -> Page[wire.Namespace]:
        """List namespaces."""
        return await self.get(Page[wire.Namespace], path_of("namespaces"), experiment=experiment)

    async def create_namespace(self, new: wire.NewNamespace, *, key: str | None = None) -> wire.Namespace:
        """Make a namespace."""
        return await self.send(wire.Namespace, "POST", path_of("namespaces"), new, key=key)

    async def list_datasets(
        self,
        *,
        namespace: str | None = None,
        experiment: str | None = None,
        limit: int = 100,
        cursor: str | None = None,
    ) -> Page[wire.Dataset]:
        """List datasets."""
        return await self.get(
            Page[wire.Dataset],
            path_of("datasets"),
            namespace=namespace,
            experiment=experiment,
            limit=limit,
            cursor=cursor,
        )

    async def create_dataset(self, new: wire.NewDataset, *, key: str | None = None) -> wire.Dataset:
        """Make an empty dataset."""
        return await self.send(wire.Dataset, "POST", path_of("datasets"), new, key=key)

    async def get_dataset(self, did: str) -> wire.Dataset:
        """Return a dataset."""
        return await self.get(wire.Dataset, path_of("datasets", *did.split(":", 1)))

    async def add_to_dataset(self, did: str, files: Sequence[str], *, key: str | None = None) -> int:
        """Put files, by DID, into a dataset. Returns how many were not in it before."""
        body = wire.AddedFiles(did, tuple(files))
        return (await self.send(Count, "POST", path_of("datasets", "files"), body, key=key)).count

    async def query_files(
        self, query: str, *, experiment: str | None = None, limit: int = 1000, with_metadata: bool = False
    ) -> Page[wire.FileReference]:
        """Return the first files of a query in MQL, at most 100,000."""
        return await self.get(
            Page[wire.FileReference],
            path_of("files"),
            q=query,
            experiment=experiment,
            limit=limit,
            with_metadata=with_metadata,
        )

    async def count_files(self, query: str, *, experiment: str | None = None) -> int:
        """Return how many files a query finds."""
        return (await self.get(Count, path_of("files", "count"), q=query, experiment=experiment)).count

    async def declare_files(
        self, files: Sequence[wire.NewFile], *, dataset: str | None = None, key: str | None = None
    ) -> Page[wire.FileReference]:
        """Declare files, all or none, optionally into a dataset."""
        body = wire.NewFiles(tuple(files), dataset)
        return await self.send(Page[wire.FileReference], "POST", path_of("files"), body, key=key)

    async def get_file(self, did: str) -> wire.FileView:
        """Return a file with its parents, children and datasets."""
        return await self.get(wire.FileView, path_of("files", *did.split(":", 1)))

    async def get_file_by_fid(self, fid: str) -> wire.FileView:
        """Return a file by its fid."""
        return await self.get(wire.FileView, path_of("fids", fid))

    async def update_metadata(
        self, did: str, metadata: Mapping[str, Any], *, mode: Literal["merge", "replace"] = "merge"
    ) -> wire.File:
        """Change the metadata of a file."""
        body = wire.NewMetadata(dict(metadata), mode)
        return await self.send(wire.File, "PATCH", path_of("files", *did.split(":", 1)), body)
