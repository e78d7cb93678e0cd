"""Datasets."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from types import NoneType

from sutler.client._async.caller import AsyncCaller, path_of
from sutler.wire import catalog as wire
from sutler.wire import datasets as wire_datasets
from sutler.wire.page import Count, Page


class AsyncDatasetCalls(AsyncCaller):
    """Calls about named sets of files. A DID is written `namespace:name`."""

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
        """Make a dataset, empty or of what queries select."""
        return await self.send(wire.Dataset, "POST", path_of("datasets"), new, key=key)

    async def get_dataset(self, did: str) -> wire.Dataset:
        """Return a dataset."""
        return await self.get(wire.Dataset, path_of("datasets", *did.split(":", 1)))

    async def update_dataset(self, did: str, change: wire_datasets.DatasetChange) -> wire.Dataset:
        """Change the description, flags, metadata or requirements of a dataset."""
        return await self.send(wire.Dataset, "PATCH", path_of("datasets", *did.split(":", 1)), change)

    async def remove_dataset(self, did: str) -> None:
        """Remove a dataset. Its files and subsets stay."""
        await self.send(NoneType, "DELETE", path_of("datasets", *did.split(":", 1)))

    async def list_dataset_files(
        self, did: str, *, with_metadata: bool = True, include_retired: bool = False
    ) -> AsyncIterator[wire.File]:
        """Go through all files of a dataset, however many, oldest first. They come in one reply."""
        path = path_of("datasets", "files")
        async for line in self.read_lines(
            wire.File, path, did=did, with_metadata=with_metadata, include_retired=include_retired
        ):
            yield line

    async def add_to_dataset(
        self, did: str, files: Sequence[str] = (), *, query: str | None = None, key: str | None = None
    ) -> int:
        """Put files, by DID or fid or by a query, into a dataset. Returns how many were not in it before."""
        body = wire_datasets.ChosenFiles(did, tuple(files), query)
        return (await self.send(Count, "POST", path_of("datasets", "files"), body, key=key)).count

    async def remove_from_dataset(
        self, did: str, files: Sequence[str] = (), *, query: str | None = None, key: str | None = None
    ) -> int:
        """Take files, by DID or fid or by a query, out of a dataset. Returns how many were in it."""
        body = wire_datasets.ChosenFiles(did, tuple(files), query)
        return (await self.send(Count, "POST", path_of("datasets", "files", "remove"), body, key=key)).count

    async def get_dataset_relatives(self, did: str) -> wire_datasets.DatasetRelatives:
        """Return the datasets above and below one."""
        return await self.get(wire_datasets.DatasetRelatives, path_of("datasets", "relatives"), did=did)

    async def add_child_dataset(self, parent: str, child: str, *, key: str | None = None) -> bool:
        """Put a dataset below another one. Returns whether it was not there before."""
        body = wire_datasets.Subset(parent, child)
        return (await self.send(Count, "POST", path_of("datasets", "subsets"), body, key=key)).count > 0

    async def remove_child_dataset(self, parent: str, child: str, *, key: str | None = None) -> bool:
        """Take a dataset out from below another one. Returns whether it was there."""
        body = wire_datasets.Subset(parent, child)
        return (await self.send(Count, "POST", path_of("datasets", "subsets", "remove"), body, key=key)).count > 0
