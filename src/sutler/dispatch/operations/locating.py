"""Keeping handles where the copies of their files are."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

from sutler import replicas
from sutler.auth import SYSTEM
from sutler.base.did import Did
from sutler.base.events import Event
from sutler.database import Database, replayable
from sutler.dispatch import store
from sutler.dispatch.model import DispatchEvent
from sutler.replicas import CopyChange


async def locate_handles(db: Database, *, limit: int = 10_000) -> int:
    """Make ready what was put aside and has a usable replica now, at most `limit` handles; return how many.

    Each project is a transaction of its own.
    """
    async with db.read() as tx:
        project_ids = await store.list_locatable_projects(tx, count=limit)
    located = 0
    for project_id in project_ids:
        if located < limit:
            located += await _locate(db, project_id=project_id, limit=limit - located)
    return located


async def relocate_handles(db: Database, *, limit: int = 2_000) -> int:
    """Move handles whose files have got other copies since, at most `limit` files; return how many were dealt with.

    Ready handles whose last copy is gone are put aside. Handles that somebody is just taking or giving back stay, and
    so do those that are out or pause and have no copy any more: they are looked at again. Each project is a transaction
    of its own, and what was dealt with is forgotten last, so that nothing is lost however this ends.
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


@replayable
async def _locate(db: Database, *, project_id: int, limit: int) -> int:
    async with db.write() as tx:
        header = await store.find_header(tx, project_id=project_id)
        if header is None:
            return 0
        count, share_ids = await store.locate_handles(
            tx, project_id=project_id, experiment_id=header.experiment_id, count=limit
        )
        if not count:
            return 0
        for share_id in share_ids:
            tx.notify("share", share_id)
        tx.notify("ready", project_id)
        kind = DispatchEvent.HANDLES_LOCATED
        await tx.record(Event(kind, "project", str(project_id), header.experiment_id, {"count": count}), SYSTEM)
        return count
