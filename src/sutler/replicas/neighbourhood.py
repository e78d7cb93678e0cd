"""How near the storage elements of an experiment are to where a worker runs, and which of them can be read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from sutler.database import Tx
from sutler.replicas import store
from sutler.replicas.model import Proximity, Rse
from sutler.replicas.rules import choose_distances, look_up

UNKNOWN_DISTANCE = 2**31
"""Stands for a distance that nobody has said: behind every one that is known."""


@dataclass(frozen=True)
class Neighbourhood:
    """The storage elements of an experiment by number, and their distances by site."""

    rses: Mapping[int, Rse]
    distances: Mapping[str, Mapping[str, int]]

    def measure(self, site: str | None, rse_ids: Iterable[int]) -> int | None:
        """Return how far the nearest of these storage elements is that can be read; None if none is to be.

        One whose distance nobody has said is farther than all others; a negative distance says never.
        """
        of_site = choose_distances(self.distances, site)
        reachable = [
            distance
            for rse_id in rse_ids
            if (rse := self.rses.get(rse_id)) is not None and rse.is_enabled and rse.is_available
            if (distance := _make_sortable(look_up(of_site, rse.name))) >= 0
        ]
        return min(reachable, default=None)

    def arrange(self, site: str | None, copies: Sequence[tuple[int, str]]) -> list[tuple[Rse, str, int | None]]:
        """Return copies, given as number of their storage element and URL, the nearest first, then by preference.

        Each comes with its distance. Those on a storage element that is unknown, or never to be used from there, are
        left out.
        """
        of_site = choose_distances(self.distances, site)
        known = [(self.rses[rse_id], url) for rse_id, url in copies if rse_id in self.rses]
        measured = [(rse, url, look_up(of_site, rse.name)) for rse, url in known]
        kept = [copy for copy in measured if _make_sortable(copy[2]) >= 0]
        return sorted(kept, key=lambda copy: (_make_sortable(copy[2]), copy[0].preference, copy[0].name))


async def load_neighbourhood_in(tx: Tx, *, experiment_id: int) -> Neighbourhood:
    """Read the storage elements of an experiment and its map of distances."""
    rses = await store.list_rses(tx, experiment_id=experiment_id)
    return Neighbourhood(
        {rse.id: rse for rse in rses}, _group(await store.list_proximity(tx, experiment_id=experiment_id))
    )


def _group(entries: Iterable[Proximity]) -> dict[str, dict[str, int]]:
    distances: dict[str, dict[str, int]] = {}
    for entry in entries:
        distances.setdefault(entry.site, {})[entry.rse] = entry.distance
    return distances


def _make_sortable(distance: int | None) -> int:
    return UNKNOWN_DISTANCE if distance is None else distance
