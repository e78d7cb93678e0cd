"""Which catalogue an experiment uses."""

from __future__ import annotations

from typing import Protocol

from sutler.auth import Role
from sutler.catalog.sources.port import CatalogSource


class SourceFinder(Protocol):
    """Finds the catalogue of an experiment."""

    async def find(self, *, experiment_id: int, role: Role | None) -> CatalogSource | None:
        """Return the catalogue that an experiment names, for the work of a role. None: it uses the built-in one."""
        ...


class BuiltInOnly:
    """Knows of no catalogue but the built-in one: for programs that connect to nothing else."""

    async def find(self, *, experiment_id: int, role: Role | None) -> CatalogSource | None:  # noqa: ARG002
        """Return None, whatever the experiment names."""
        return None
