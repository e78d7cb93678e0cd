"""Letting the files of a share be done without any worker."""

from __future__ import annotations

from sutler.base.events import Event
from sutler.database import Actor, Tx
from sutler.dispatch import store
from sutler.dispatch.errors import ProjectNotFoundError, ShareNotFoundError
from sutler.dispatch.model import DispatchEvent, HandleState
from sutler.dispatch.operations.endings import note_ends
from sutler.dispatch.operations.in_parts import hold_handles
from sutler.dispatch.operations.sharing import end_held_leases

_UNFINISHED = (HandleState.INITIAL, HandleState.RESERVED)


async def finish_share_in(tx: Tx, *, share_id: int, actor: Actor, reason: str) -> int:
    """Let all handles of a share be done that are not final, and return how many; share and project may end with it.

    There is no attempt for that, and attempts do not grow; the lease of a reserved one is ended as put back first.
    A handle that somebody is just taking or giving back may be left out. Raises ShareNotFoundError.
    """
    share = await store.find_share(tx, share_id=share_id)
    if share is None:
        raise ShareNotFoundError(share_id)
    project_id = share.project_id
    await store.lock_sharing(tx, project_id=project_id)
    header = await store.find_header(tx, project_id=project_id)
    if header is None:
        raise ProjectNotFoundError(project_id)
    held = await hold_handles(tx, project_id=project_id, share_ids=[share_id], states=_UNFINISHED, positions=None)
    if not held.positions:
        return 0
    await end_held_leases(tx, header, held, actor, reason)
    remainders = await store.finish_handles(tx, project_id=project_id, positions=held.positions)
    facts: dict[str, object] = {"share": share_id, "count": len(held.positions), "reason": reason}
    kind = DispatchEvent.HANDLES_FINISHED
    await tx.record(Event(kind, "project", str(project_id), header.experiment_id, facts), actor)
    await note_ends(tx, project_id, remainders, actor)
    return len(held.positions)
