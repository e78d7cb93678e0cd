"""Why files of a project cannot be given out although they are initial: what keeps each from being read."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from sutler.database import Tx
from sutler.dispatch import store
from sutler.dispatch.model import CopyTrouble, Counts, Obstacle
from sutler.dispatch.operations.ground import Ground, load_ground
from sutler.replicas import Rse

MOST_LOOKED_AT = 1000
"""Of more files than this only the first are looked at, so that asking costs the same for a million."""

Troubles = tuple[tuple[str, CopyTrouble], ...]
Copies = Sequence[tuple[int, bool]]
"""Copies of a file, each as the number of its storage element and whether it is staged."""


async def find_obstacles(
    tx: Tx, *, project_id: int, share_id: int | None, site: str | None, counts: Counts
) -> list[Obstacle]:
    """Return what keeps files from being given out to workers at a site, or anywhere, the most frequent first."""
    ground = await load_ground(tx, project_id=project_id)
    obstacles = []
    if counts.unlocated_count:
        aside = await store.count_unlocated_copies(tx, project_id=project_id, share_id=share_id, limit=MOST_LOOKED_AT)
        obstacles += _sum_up(ground, site, aside)
    reachable = {location_id for tier in ground.list_tiers(site) for location_id in tier}
    beyond = sorted(ground.pools.keys() - reachable)
    if beyond:
        at_locations = await store.count_ready_at(
            tx, project_id=project_id, share_id=share_id, location_ids=beyond, limit=MOST_LOOKED_AT
        )
        ready = [
            ([(rse_id, True) for rse_id in ground.pools[location_id]], count)
            for location_id, count in at_locations.items()
        ]
        obstacles += _sum_up(ground, site, ready, is_ready=True)
    return sorted(obstacles, key=lambda obstacle: -obstacle.count)


def _sum_up(
    ground: Ground, site: str | None, groups: Sequence[tuple[Copies, int]], *, is_ready: bool = False
) -> list[Obstacle]:
    """Return the obstacles of files, given in groups with the same copies."""
    found: Counter[Troubles | None] = Counter()
    for copies, count in groups:
        found[_find_troubles(ground, site, copies)] += count
    is_more = found.total() >= MOST_LOOKED_AT
    return [
        Obstacle(troubles or (), count, is_at_least=is_more, is_ready=is_ready, is_passing=troubles is None)
        for troubles, count in found.most_common()
    ]


def _find_troubles(ground: Ground, site: str | None, copies: Copies) -> Troubles | None:
    """Return what is wrong with each copy; None if one of them can be read."""
    troubles = []
    for rse_id, is_staged in copies:
        rse = ground.neighbourhood.rses.get(rse_id)
        if rse is not None:
            distance = ground.neighbourhood.measure(site, [rse_id])
            troubles.append((rse.name, _find_trouble(rse, is_staged=is_staged, distance=distance)))
    if any(trouble is None for _, trouble in troubles):
        return None
    return tuple(sorted((name, trouble) for name, trouble in troubles if trouble is not None))


def _find_trouble(rse: Rse, *, is_staged: bool, distance: int | None) -> CopyTrouble | None:
    if not rse.is_enabled:
        return CopyTrouble.DISABLED
    if not rse.is_available:
        return CopyTrouble.DOWN
    if not is_staged:
        return CopyTrouble.ON_TAPE if rse.is_tape else CopyTrouble.UNAVAILABLE
    return CopyTrouble.TOO_FAR if distance is None else None
