"""Which projects work on a file, and which made it."""

from __future__ import annotations

from sutler.auth import Principal
from sutler.base.did import Did
from sutler.database import Database
from sutler.dispatch import store
from sutler.dispatch.model import FileUses
from sutler.dispatch.operations.projects import find_visible

SHOWN_USES = 20


async def list_uses_of_file(db: Database, who: Principal, *, did: Did, file_id: int | None) -> FileUses:
    """Return the newest 20 projects that hold a file and that made it, among those that the caller may see.

    A file that has no number in the catalogue was made by none.
    """
    async with db.read() as tx:
        visible = await find_visible(tx, who, None)
        used = await store.list_handles_of_file(tx, did=did, experiment_ids=visible, count=SHOWN_USES + 1)
        made = []
        if file_id is not None:
            made = await store.list_makers_of_file(tx, file_id=file_id, experiment_ids=visible, count=SHOWN_USES)
        return FileUses(tuple(used[:SHOWN_USES]), tuple(made), len(used) > SHOWN_USES)
