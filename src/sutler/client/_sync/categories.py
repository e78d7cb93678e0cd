# Written by scripts/generate_sync_client.py from the file of the same name in _async.
"""Categories: rules for the metadata of files."""

from __future__ import annotations

from types import NoneType

from sutler.client._sync.caller import Caller, path_of
from sutler.wire import categories as wire
from sutler.wire.page import Page

ROOT = "."


class CategoryCalls(Caller):
    """Calls about what metadata may be. The path of the root is a dot."""

    def list_categories(self, *, experiment: str | None = None) -> Page[wire.Category]:
        """List categories by path."""
        return self.get(Page[wire.Category], path_of("categories"), experiment=experiment)

    def create_category(self, new: wire.NewCategory, *, key: str | None = None) -> wire.Category:
        """Make a category."""
        return self.send(wire.Category, "POST", path_of("categories"), new, key=key)

    def get_category(self, experiment: str, path: str) -> wire.Category:
        """Return a category."""
        return self.get(wire.Category, _path_of(experiment, path))

    def update_category(self, experiment: str, path: str, change: wire.CategoryChange) -> wire.Category:
        """Change a category: the fields that are not None."""
        return self.send(wire.Category, "PATCH", _path_of(experiment, path), change)

    def remove_category(self, experiment: str, path: str) -> None:
        """Remove a category. Those below it stay."""
        self.send(NoneType, "DELETE", _path_of(experiment, path))


def _path_of(experiment: str, path: str) -> str:
    # A single dot would vanish from an address on its way: the root has the empty path there.
    return path_of("categories", experiment, "" if path == ROOT else path)
