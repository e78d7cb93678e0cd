"""Keeping handles where the copies of their files are.

A file whose set of staged copies changes is noted in the room below, and `relocate_handles` deals with every handle of
it, the unlocated ones too: what it reads depends on how much has changed, not on how much is waiting. What it cannot
learn from there is that a storage element is up again, and two rare cases: whoever takes a handle may look at the
copies an instant before it can be seen to be at work, and servers hear of storage elements with a delay. For these
`locate_handles` walks along all unlocated handles, a part at a time. Where the walk is is kept in memory: who starts
begins anew, and hurries, so that nothing is lost by a crash.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from itertools import groupby

from sutler import replicas
from sutler.auth import SYSTEM
from sutler.base.did import Did
from sutler.base.events import Event
from sutler.database import Database, replayable
from sutler.dispatch import store
from sutler.dispatch.model import DispatchEvent
from sutler.replicas import CopyChange

_BEGINNING = (0, -1)


@dataclass
class UnlocatedWalk:
    """How far a walk along the unlocated handles has come; whoever walks keeps it from step to step.

    It hurries from when a storage element is up that was not before until all handles have been passed since, wherever
    it was: it does not begin anew, as one that goes up and down all the time would keep it from ever coming to the end.
    """

    after: tuple[int, int] = _BEGINNING
    usable_rse_ids: frozenset[int] = frozenset()
    hurried_rounds: int = 0

    @property
    def is_hurried(self) -> bool:
        """Whether the next step should come at once."""
        return self.hurried_rounds > 0

    def note_usable(self, rse_ids: frozenset[int]) -> None:
        """Note which storage elements can be read now."""
        if rse_ids - self.usable_rse_ids:
            self.hurried_rounds = 1 if self.after == _BEGINNING else 2
        self.usable_rse_ids = rse_ids

    def go_on(self, last: tuple[int, int] | None) -> None:
        """Go on behind a handle, or from the beginning if there are no more."""
        if last is None:
            self.hurried_rounds = max(0, self.hurried_rounds - 1)
        self.after = last or _BEGINNING


async def locate_handles(db: Database, *, limit: int = 10_000, walk: UnlocatedWalk | None = None) -> int:
    """Look at the next `limit` unlocated handles and make ready those with a usable replica; return how many were.

    Without `walk` these are the first ones. Each project is a transaction of its own; where one fails, the rest is
    looked at again when the walk comes round.
    """
    walk = walk or UnlocatedWalk()
    async with db.read() as tx:
        walk.note_usable(await replicas.list_usable_rse_ids_in(tx))
        found, last = await store.list_locatable_handles(tx, after=walk.after, count=limit)
    # Before anything is done with them, so that one that cannot be dealt with does not keep the walk where it is.
    walk.go_on(last)
    located = 0
    for project_id, positions in found.items():
        located += len(await _locate(db, project_id=project_id, positions=positions))
    return located


async def relocate_handles(db: Database, *, limit: int = 2_000) -> int:
    """Move handles whose files have got other copies since, at most `limit` files; return how many were dealt with.

    Ready handles whose last copy is gone are put aside, and unlocated ones that have a usable one now are made ready.
    Handles that somebody is just taking or giving back stay, and so do those that are out or pause and have no copy any
    more: they are looked at again. Each project is a transaction of its own, and what was dealt with is forgotten last,
    so that nothing is lost however this ends.
    """
    changes = await replicas.read_changes(db, limit=limit)
    left: set[int] = set()
    for experiment_id, found in groupby(sorted(changes, key=_get_experiment), key=_get_experiment):
        left |= await _relocate_in_experiment(db, experiment_id, list(found))
    seqs = [change.seq for change in changes]
    if seqs:
        await replicas.forget_changes(db, seqs=[seq for seq in seqs if seq not in left], again=sorted(left))
    return len(seqs) - len(left)


def _get_experiment(change: CopyChange) -> int:
    return change.experiment_id


async def _relocate_in_experiment(db: Database, experiment_id: int, changes: Sequence[CopyChange]) -> set[int]:
    """Return which changes must be looked at again."""
    dids = sorted({change.did for change in changes})
    async with db.read() as tx:
        project_ids = await store.list_projects_holding(tx, experiment_id=experiment_id, dids=dids)
    left: set[Did] = set()
    for project_id in project_ids:
        left |= await _relocate(db, project_id=project_id, experiment_id=experiment_id, dids=dids)
    left |= await _locate_in_experiment(db, experiment_id, dids)
    return {change.seq for change in changes if change.did in left}


@replayable
async def _relocate(db: Database, *, project_id: int, experiment_id: int, dids: Sequence[Did]) -> set[Did]:
    async with db.write() as tx:
        moved = await store.relocate_handles(tx, project_id=project_id, experiment_id=experiment_id, dids=dids)
        if moved.count:
            for share_id in moved.share_ids:
                tx.notify("share", share_id)
            tx.notify("ready", project_id)
            facts: dict[str, object] = {"count": moved.count, "unlocated": moved.unlocated_count}
            kind = DispatchEvent.HANDLES_RELOCATED
            await tx.record(Event(kind, "project", str(project_id), experiment_id, facts), SYSTEM)
        return set(moved.left_files)


async def _locate_in_experiment(db: Database, experiment_id: int, dids: Sequence[Did]) -> set[Did]:
    """Make ready what turned up; return the files of what was held by somebody else."""
    async with db.read() as tx:
        found = await store.list_turned_up_handles(tx, experiment_id=experiment_id, dids=dids)
    left: set[Did] = set()
    for project_id, handles in found.items():
        located = await _locate(db, project_id=project_id, positions=handles)
        left |= {did for position, did in handles.items() if position not in located}
    return left


@replayable
async def _locate(db: Database, *, project_id: int, positions: Collection[int]) -> set[int]:
    """Return which were made ready."""
    async with db.write() as tx:
        header = await store.find_header(tx, project_id=project_id)
        if header is None:
            return set()
        located, share_ids = await store.locate_handles(
            tx, project_id=project_id, experiment_id=header.experiment_id, positions=sorted(positions)
        )
        if located:
            for share_id in share_ids:
                tx.notify("share", share_id)
            tx.notify("ready", project_id)
            facts: dict[str, object] = {"count": len(located)}
            kind = DispatchEvent.HANDLES_LOCATED
            await tx.record(Event(kind, "project", str(project_id), header.experiment_id, facts), SYSTEM)
        return set(located)
