# Written by scripts/generate_sync_client.py from the file of the same name in _async.
"""Files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from sutler.client._sync.caller import path_of
from sutler.client._sync.datasets import DatasetCalls
from sutler.client._sync.namespaces import NamespaceCalls
from sutler.client._sync.queries import QueryCalls
from sutler.wire import catalog as wire
from sutler.wire.files import FileChange
from sutler.wire.page import Page


class CatalogCalls(DatasetCalls, NamespaceCalls, QueryCalls):
    """Calls about what files are. A DID is written `namespace:name`."""

    def declare_files(
        self,
        files: Sequence[wire.NewFile],
        *,
        dataset: str | None = None,
        check_only: bool = False,
        key: str | None = None,
    ) -> Page[wire.FileReference]:
        """Declare files, all or none, optionally into a dataset; or only see whether it would do."""
        body = wire.NewFiles(tuple(files), dataset, check_only)
        return self.send(Page[wire.FileReference], "POST", path_of("files"), body, key=key)

    def get_file(self, did: str, *, experiment: str | None = None) -> wire.FileView:
        """Return a file with its parents, children and datasets.

        With an experiment its catalogue is asked; one that is elsewhere does not tell the datasets.
        """
        return self.get(wire.FileView, path_of("files", *did.split(":", 1)), experiment=experiment)

    def get_file_by_fid(self, fid: str, *, experiment: str | None = None) -> wire.FileView:
        """Return a file by its fid, from the catalogue of an experiment if one is named."""
        return self.get(wire.FileView, path_of("fids", fid), experiment=experiment)

    def update_metadata(
        self, did: str, metadata: Mapping[str, Any], *, mode: Literal["merge", "replace"] = "merge"
    ) -> wire.File:
        """Change the metadata of a file."""
        body = FileChange(dict(metadata), mode)
        return self.send(wire.File, "PATCH", path_of("files", *did.split(":", 1)), body)
