"""What the choice of handles depends on: the project, where its ready handles are, and how near that is to a worker."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from sutler.auth import Thing
from sutler.database import Tx
from sutler.dispatch import store
from sutler.dispatch.errors import ProjectNotFoundError
from sutler.dispatch.model import Claimed, Lease, ProjectHeader, ReplicaAt
from sutler.dispatch.operations.access import name_project
from sutler.replicas import Neighbourhood, load_neighbourhood_in

Tiers = tuple[tuple[int, ...], ...]
"""Locations by distance, the nearest first; those of one tier are equally far."""


@dataclass(frozen=True)
class Ground:
    """A project as claims see it. It may be a moment old: the statement that leases looks at the state again."""

    header: ProjectHeader
    thing: Thing
    pools: Mapping[int, tuple[int, ...]]
    neighbourhood: Neighbourhood
    _tiers: dict[str | None, Tiers] = field(default_factory=dict)
    _reachable: dict[str | None, tuple[int, ...]] = field(default_factory=dict)

    def list_tiers(self, site: str | None) -> Tiers:
        """Return the locations that a worker at a site can be given handles of, the nearest first."""
        tiers = self._tiers.get(site)
        if tiers is None:
            tiers = self._tiers[site] = self._arrange_tiers(site)
        return tiers

    def list_reachable(self, site: str | None) -> tuple[int, ...]:
        """Return the storage elements that a worker at a site can read from, as far as is known."""
        reachable = self._reachable.get(site)
        if reachable is None:
            of_site = (number for number in sorted(self.neighbourhood.rses) if self.measure(site, number) is not None)
            reachable = self._reachable[site] = tuple(of_site)
        return reachable

    def measure(self, site: str | None, rse_id: int) -> int | None:
        """Return how far a storage element is from a site, None if it is not to be read from there."""
        return self.neighbourhood.measure(site, [rse_id])

    def complete(self, claimed: Claimed, site: str | None) -> Lease:
        """Return a lease with the copies that a worker at a site can read, the nearest first."""
        lease = claimed.lease
        if not claimed.copies:
            return lease
        copies = self.neighbourhood.arrange(site, claimed.copies)
        # A frozen value is filled in before anybody has seen it: making it a second time costs as much as its row.
        object.__setattr__(lease, "replicas", tuple(ReplicaAt(rse.name, url, far) for rse, url, far in copies))
        return lease

    def _arrange_tiers(self, site: str | None) -> Tiers:
        by_distance: dict[int, list[int]] = {}
        for location_id, rse_ids in sorted(self.pools.items()):
            distance = 0 if self.header.is_virtual else self.neighbourhood.measure(site, rse_ids)
            if distance is not None:
                by_distance.setdefault(distance, []).append(location_id)
        return tuple(tuple(by_distance[distance]) for distance in sorted(by_distance))


async def load_ground(tx: Tx, *, project_id: int, known: Mapping[int, Neighbourhood] | None = None) -> Ground:
    """Read what claims need of a project; neighbourhoods that are known, by experiment, are not read again.

    Raises ProjectNotFoundError.
    """
    header = await store.find_header(tx, project_id=project_id)
    if header is None:
        raise ProjectNotFoundError(project_id)
    neighbourhood = (known or {}).get(header.experiment_id)
    if neighbourhood is None:
        neighbourhood = await load_neighbourhood_in(tx, experiment_id=header.experiment_id)
    pools = await store.list_pools(tx, project_id=project_id)
    return Ground(header, name_project(header), pools, neighbourhood)
