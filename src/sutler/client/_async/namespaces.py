"""Namespaces and named queries."""

from __future__ import annotations

from collections.abc import Sequence
from types import NoneType

from sutler.client._async.caller import AsyncCaller, path_of
from sutler.wire import catalog as wire
from sutler.wire import datasets as wire_datasets
from sutler.wire.page import Page


class AsyncNamespaceCalls(AsyncCaller):
    """Calls about namespaces and the queries that are kept in them. A named query is written `namespace:name`."""

    async def list_namespaces(
        self,
        *,
        experiment: str | None = None,
        names: Sequence[str] | None = None,
        owner: str | None = None,
        owner_group: str | None = None,
        only_direct: bool = False,
    ) -> Page[wire.Namespace]:
        """List namespaces: of these names, or of an owner; what a user owns by a role or in a group counts too."""
        return await self.get(
            Page[wire.Namespace],
            path_of("namespaces"),
            experiment=experiment,
            name=None if names is None else list(names),
            owner=owner,
            owner_group=owner_group,
            only_direct=only_direct,
        )

    async def create_namespace(self, new: wire.NewNamespace, *, key: str | None = None) -> wire.Namespace:
        """Make a namespace."""
        return await self.send(wire.Namespace, "POST", path_of("namespaces"), new, key=key)

    async def get_namespace(self, name: str) -> wire_datasets.NamespaceView:
        """Return a namespace and how much it holds."""
        return await self.get(wire_datasets.NamespaceView, path_of("namespaces", name))

    async def list_named_queries(
        self,
        *,
        namespace: str | None = None,
        experiment: str | None = None,
        limit: int = 100,
        cursor: str | None = None,
    ) -> Page[wire_datasets.NamedQuery]:
        """List named queries by name."""
        return await self.get(
            Page[wire_datasets.NamedQuery],
            path_of("queries"),
            namespace=namespace,
            experiment=experiment,
            limit=limit,
            cursor=cursor,
        )

    async def save_query(self, new: wire_datasets.NewNamedQuery, *, key: str | None = None) -> wire_datasets.NamedQuery:
        """Keep a query in MQL under a name."""
        return await self.send(wire_datasets.NamedQuery, "POST", path_of("queries"), new, key=key)

    async def get_named_query(self, did: str) -> wire_datasets.NamedQuery:
        """Return a named query."""
        return await self.get(wire_datasets.NamedQuery, path_of("queries", *did.split(":", 1)))

    async def remove_named_query(self, did: str) -> None:
        """Forget a named query."""
        await self.send(NoneType, "DELETE", path_of("queries", *did.split(":", 1)))
