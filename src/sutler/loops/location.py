"""Makes handles workable whose file has got a usable replica since, and moves those whose copies have come or gone."""

from __future__ import annotations

from weakref import WeakKeyDictionary

from sutler import dispatch
from sutler.database import Database
from sutler.loops.surroundings import Surroundings

BATCH = 5000

_walks: WeakKeyDictionary[Database, dispatch.UnlocatedWalk] = WeakKeyDictionary()


async def step(around: Surroundings) -> int:
    """Look at files whose copies changed, and at the next handles without a usable one, at most one batch each.

    Returns how many files and handles were dealt with, and at least one while a storage element is up again and not
    all handles have been looked at since.
    """
    walk = _walks.setdefault(around.db, dispatch.UnlocatedWalk())
    relocated = await dispatch.relocate_handles(around.db, limit=BATCH)
    located = await dispatch.locate_handles(around.db, limit=BATCH, walk=walk)
    return relocated + located + walk.is_hurried
