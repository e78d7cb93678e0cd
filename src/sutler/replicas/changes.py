"""Which files have got or lost copies, for rooms that decided something by where they are."""

from __future__ import annotations

from collections.abc import Sequence

from sutler.database import Database, replayable
from sutler.replicas import store
from sutler.replicas.model import CopyChange


@replayable
async def read_changes(db: Database, *, limit: int) -> list[CopyChange]:
    """Return the oldest changes, at most `limit`, that whoever looked at copies before has finished with.

    So nobody can still come up with a decision that rests on how it was. They are returned again until they are
    forgotten.
    """
    async with db.write() as tx:
        await store.note_horizons(tx, count=limit)
        return await store.list_changes(tx, count=limit)


@replayable
async def forget_changes(db: Database, *, seqs: Sequence[int], again: Sequence[int] = ()) -> None:
    """Forget changes that were acted on; those in `again` come once more, behind all others."""
    async with db.write() as tx:
        await store.delete_changes(tx, seqs=seqs)
        if again:
            await store.postpone_changes(tx, seqs=again)
