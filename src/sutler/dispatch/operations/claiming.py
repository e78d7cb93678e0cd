"""Choosing handles for wishes: tier by tier, the nearest first, each pool from where the last search ended."""

from __future__ import annotations

from collections.abc import Sequence

from sutler.database import Actor, Tx
from sutler.dispatch import store
from sutler.dispatch.model import Claimed, Pool, Slot, Wish
from sutler.dispatch.operations.ground import Tiers

BEGINNING = (0, 0)
MOST_LOST_ROUNDS = 8
"""So often a tier is searched on although files turned out to have no usable copy any more."""


class Marks:
    """Where searches of the pools of one project ended: a hint that spares the next ones the rows that are gone.

    A handle that is put back may stand before a mark, so a search that comes short is made once more without them.
    """

    def __init__(self) -> None:
        self._places: dict[tuple[int | None, int], tuple[int, int]] = {}
        self._empty: set[tuple[int | None, int]] = set()
        self.return_count = 0

    def list_pools(self, share_id: int | None, location_ids: Sequence[int]) -> list[Pool]:
        """Return the pools at these locations that may hold something, each with its mark."""
        return [
            Pool(location_id, self._places.get((share_id, location_id), BEGINNING))
            for location_id in location_ids
            if (share_id, location_id) not in self._empty
        ]

    def advance(self, share_id: int | None, claimed: Sequence[Claimed]) -> None:
        """Move the marks to what was taken."""
        for one in claimed:
            if one.location_id is not None:
                place, key = (one.lease.attempt - 1, one.lease.position), (share_id, one.location_id)
                self._places[key] = max(self._places.get(key, BEGINNING), place)

    def close(self, share_id: int | None, pools: Sequence[Pool], *, since: int) -> None:
        """Note that these pools are empty, unless something came back since there were `since` returns."""
        if since == self.return_count:
            self._empty |= {(share_id, pool.location_id) for pool in pools}

    def put_back(self, attempts: int) -> None:
        """Note that a handle with so many attempts has come back: before a mark, it would not be seen."""
        if any(place[0] >= attempts for place in self._places.values()):
            self._places.clear()
        self.reopen()

    def reopen(self) -> None:
        """Look into empty pools again, each from its mark on: something may have come back."""
        self.return_count += 1
        self._empty.clear()

    def forget(self) -> bool:
        """Begin from the beginning. False if that was so already."""
        had_any = bool(self._places or self._empty)
        self._places.clear()
        self.reopen()
        return had_any


async def claim(
    tx: Tx,
    *,
    project_id: int,
    share_id: int | None,
    tiers: Tiers,
    reachable: Sequence[int],
    wishes: Sequence[tuple[Wish, Actor]],
    marks: Marks,
) -> list[list[Claimed]]:
    """Lease handles to wishes about one project, or one share of it, from workers to whom the same tiers hold.

    A handle without a copy on a storage element that is `reachable` to them is put aside instead.
    Returns what each wish got, in order: nothing where nothing was left, or where its request holds leases already.
    """
    search = _Search(tx, marks, project_id=project_id, share_id=share_id, reachable=reachable)
    search.got = [[] for _ in wishes]
    search.slots = [
        (number, Slot(wish, rank, actor.username))
        for number, (wish, actor) in enumerate(wishes)
        for rank in range(wish.count)
    ]
    await search.go_through(tiers)
    # What was put back before a mark, or by another server, was not seen.
    if search.slots and marks.forget():
        await search.go_through(tiers)
    return search.got


class _Search:
    """One search: the slots that are still open, and what each wish has got."""

    def __init__(
        self, tx: Tx, marks: Marks, *, project_id: int, share_id: int | None, reachable: Sequence[int]
    ) -> None:
        self._tx = tx
        self._reachable = reachable
        self._marks = marks
        self._project_id = project_id
        self._share_id = share_id
        self.slots: list[tuple[int, Slot]] = []
        self.got: list[list[Claimed]] = []

    async def go_through(self, tiers: Tiers) -> None:
        """Fill slots from one tier after the other, until none is open or the last tier is through."""
        for tier in tiers:
            for _ in range(MOST_LOST_ROUNDS):
                pools = self._marks.list_pools(self._share_id, tier)
                if not pools:
                    break
                since = self._marks.return_count
                if await self._claim(pools):
                    self._marks.close(self._share_id, pools, since=since)
                    break
                if not self.slots:
                    return

    async def _claim(self, pools: Sequence[Pool]) -> bool:
        """Fill slots from pools. True if these are empty now."""
        claimed, lost_count = await store.claim_handles(
            self._tx,
            project_id=self._project_id,
            share_id=self._share_id,
            reachable=self._reachable,
            slots=[slot for _, slot in self.slots],
            pools=pools,
            own_attempt_ids=[one.lease.attempt_id for of_wish in self.got for one in of_wish],
        )
        for one in claimed:
            self.got[self.slots[one.ordinal - 1][0]].append(one)
        taken = {one.ordinal for one in claimed}
        self.slots = [slot for ordinal, slot in enumerate(self.slots, start=1) if ordinal not in taken]
        self._marks.advance(self._share_id, claimed)
        # Files whose copies are gone took places of this search: the pools may hold more.
        return bool(self.slots) and not lost_count
