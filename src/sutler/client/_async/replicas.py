"""Storage elements and replicas."""

from __future__ import annotations

from collections.abc import Sequence
from types import NoneType

from sutler.client._async.caller import AsyncCaller, path_of
from sutler.wire import replicas as wire
from sutler.wire.page import Count, Page


class AsyncReplicaCalls(AsyncCaller):
    """Calls about where files are."""

    async def list_rses(self, experiment: str) -> Page[wire.Rse]:
        """List the storage elements of an experiment."""
        return await self.get(Page[wire.Rse], path_of("rses"), experiment=experiment)

    async def create_rse(self, new: wire.NewRse, *, key: str | None = None) -> wire.Rse:
        """Make a storage element known."""
        return await self.send(wire.Rse, "POST", path_of("rses"), new, key=key)

    async def update_rse(self, experiment: str, name: str, change: wire.RseChange) -> wire.Rse:
        """Change a storage element, or say that it is down or up again."""
        return await self.send(wire.Rse, "PATCH", path_of("rses", experiment, name), change)

    async def get_rse(self, experiment: str, name: str) -> wire.Rse:
        """Return a storage element."""
        return await self.get(wire.Rse, path_of("rses", experiment, name))

    async def delete_rse(self, experiment: str, name: str) -> None:
        """Delete a storage element without replicas."""
        await self.send(NoneType, "DELETE", path_of("rses", experiment, name))

    async def list_proximity(self, experiment: str) -> Page[wire.Proximity]:
        """List how far storage elements are from where jobs run."""
        return await self.get(Page[wire.Proximity], path_of("proximity", experiment))

    async def set_proximity(self, experiment: str, text: str) -> int:
        """Replace the map of distances by one of lines `site,rse,number`. Returns how many pairs it has."""
        path = path_of("proximity", experiment)
        return (await self.send(Count, "PUT", path, wire.NewProximity(text))).count

    async def list_replicas(self, dids: Sequence[str]) -> Page[wire.Replica]:
        """List the replicas of up to 1000 files."""
        return await self.get(Page[wire.Replica], path_of("replicas"), did=list(dids))

    async def add_replicas(
        self, experiment: str, replicas: Sequence[wire.NewReplica], *, key: str | None = None
    ) -> int:
        """Record replicas, all or none. Returns how many are new or changed."""
        body = wire.NewReplicas(experiment, tuple(replicas))
        return (await self.send(Count, "POST", path_of("replicas"), body, key=key)).count
