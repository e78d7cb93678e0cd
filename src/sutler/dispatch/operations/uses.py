"""Which projects work on a file, and which made it."""

from __future__ import annotations

from collections.abc import Sequence

from sutler.auth import Principal
from sutler.base.did import Did
from sutler.database import Database
from sutler.dispatch import store
from sutler.dispatch.model import FileUses
from sutler.dispatch.operations.projects import find_visible

SHOWN_USES = 20
TRACED_PARENTS = 20


async def list_uses_of_file(
    db: Database, who: Principal, *, did: Did, file_id: int | None, parents: Sequence[Did] = ()
) -> FileUses:
    """Return the newest 20 projects that hold a file and that made it, among those that the caller may see.

    A maker is found by the handles of the first 20 of the parents given, whose attempts put out the file with the
    number `file_id`; a file that has no number in the catalogue was made by none.
    """
    async with db.read() as tx:
        visible = await find_visible(tx, who, None)
        used = await store.list_handles_of_file(tx, did=did, experiment_ids=visible, count=SHOWN_USES + 1)
        made = []
        if file_id is not None and parents:
            made = await store.list_makers_of_file(
                tx, file_id=file_id, parents=parents[:TRACED_PARENTS], experiment_ids=visible, count=SHOWN_USES
            )
        return FileUses(tuple(used[:SHOWN_USES]), tuple(made), len(used) > SHOWN_USES)
