"""All handles of a project, however many, a part at a time."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence

from sutler import replicas
from sutler.auth import Action, Principal
from sutler.database import Database, Tx
from sutler.dispatch import store
from sutler.dispatch.model import Handle, PlacedHandle
from sutler.dispatch.operations.access import open_header

HANDLES_IN_PART = 1_000


async def stream_handles(
    db: Database, who: Principal, *, project_id: int, with_replicas: bool = False
) -> AsyncIterator[Sequence[PlacedHandle]]:
    """Yield the handles of a project in order, part by part; nothing but one part is in memory.

    Every part is as things are when it is read, so that nobody keeps the database waiting by reading slowly. Handles
    that are added or removed meanwhile may or may not be among them. Permission is asked for every part.
    Raises ProjectNotFoundError, NotPermittedError, before the first part.
    """
    last = -1
    while True:
        async with db.read() as tx:
            header = await open_header(tx, who, Action.VIEW, project_id=project_id)
            handles = await store.list_next_handles(tx, project_id=project_id, after=last, count=HANDLES_IN_PART)
            is_asked = with_replicas and not header.is_virtual
            part = await _place(tx, handles, header.experiment_id) if is_asked else [PlacedHandle(h) for h in handles]
        if not part:
            return
        yield part
        last = handles[-1].position


async def _place(tx: Tx, handles: Sequence[Handle], experiment_id: int) -> list[PlacedHandle]:
    found: dict[tuple[str, str], list[replicas.Replica]] = {}
    copies = await replicas.list_replicas_in(
        tx, dids=[handle.did for handle in handles], experiment_ids=[experiment_id]
    )
    for copy in copies:
        found.setdefault((copy.namespace, copy.name), []).append(copy)
    return [PlacedHandle(handle, tuple(found.get((handle.namespace, handle.name), ()))) for handle in handles]
