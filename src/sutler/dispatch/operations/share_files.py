"""The files of shares: of several together, and those that a ledger has not given out."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from sutler.database import Tx
from sutler.dispatch import store
from sutler.dispatch.errors import ShareNotFoundError
from sutler.dispatch.model import Counts, Handle, HandleState, ShareFile

_BEGINNING = (0, -1)


async def list_share_files_in(
    tx: Tx,
    *,
    share_ids: Sequence[int],
    states: Collection[HandleState] | None = None,
    after: tuple[int, int] | None = None,
    limit: int | None = None,
) -> list[ShareFile]:
    """Return the files of shares in the order of project and place: all of them, or with `limit` the next so many.

    `after` is project and place of the last file of the part before. A handle that went from one of these shares to
    another is one file, as it is in the last of them; one that left all of them is as it was when it did. The same file
    in two projects is two. Unknown shares have none.
    """
    return await store.list_share_files(
        tx, share_ids=share_ids, states=states, after=_BEGINNING if after is None else after, count=limit
    )


async def get_merged_counts_in(tx: Tx, *, share_ids: Sequence[int]) -> Counts:
    """Return the distinct files of several shares by state.

    A handle that went from one of them to another counts once, as it is in the last of them. Of a file in several
    projects the best state counts: done, reserved, initial, failed. For one share its counters are read; for more, all
    of their handles are, which takes seconds for a million. Raises ShareNotFoundError.
    """
    distinct = sorted(set(share_ids))
    if len(distinct) != 1:
        return await store.count_merged(tx, share_ids=distinct)
    share = await store.find_share(tx, share_id=distinct[0])
    if share is None:
        raise ShareNotFoundError(distinct[0])
    return share.counts


async def list_done_files_in(
    tx: Tx, *, project_id: int, limit: int | None, ledger_id: int, after: int = -1
) -> list[Handle]:
    """Return done handles of a project, in order, whose files a ledger has not given out, at most `limit`.

    `after` is the place of the last one that was given out: those behind it are taken, and only if there are fewer than
    `limit`, the first of the project, as files are done in any order. A file is known to the ledger by its fid, else by
    its DID. Nothing is entered there.
    """
    if limit is not None:
        given = await store.list_done_files(tx, project_id=project_id, ledger_id=ledger_id, after=after, count=limit)
        if len(given) == limit or after < 0:
            return given
    return await store.list_left_done_files(tx, project_id=project_id, ledger_id=ledger_id, count=limit)
