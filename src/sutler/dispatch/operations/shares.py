"""Shares, for the rooms above: whether others may take from them, counts, what was produced, why something waits."""

from __future__ import annotations

from sutler.database import Tx
from sutler.database.listing import DEFAULT_LIMIT, Page
from sutler.dispatch import listings, store
from sutler.dispatch.errors import ShareNotFoundError
from sutler.dispatch.model import Counts, ProducedFile, ShareStanding
from sutler.dispatch.operations.waiting import explain_in


async def close_share_in(tx: Tx, *, share_id: int) -> bool:
    """Let others claim what a share has not finished; its own workers get nothing more, but may finish what they have.

    False if it was closed. Raises ShareNotFoundError.
    """
    share = await _load(tx, share_id)
    # Workers that wait for a file of it are told at once.
    tx.notify("ready", share.project_id)
    return await store.close_share(tx, share_id=share_id, is_over=True)


async def reopen_share_in(tx: Tx, *, share_id: int) -> bool:
    """Let a share own again what is left of its handles. False if it was open. Raises ShareNotFoundError."""
    share = await _load(tx, share_id)
    await store.lock_sharing(tx, project_id=share.project_id)
    # Servers have noted that there was nothing for its workers.
    tx.notify("ready", share.project_id)
    return await store.reopen_share(tx, share_id=share_id)


async def get_share_counts_in(tx: Tx, *, share_id: int) -> Counts:
    """Return the handles of a share by state; those that went on in another share as they were.

    Raises ShareNotFoundError.
    """
    return (await _load(tx, share_id)).counts


async def get_share_open_count_in(tx: Tx, *, share_id: int) -> int:
    """Return how many handles a share still has that are not final: those that went on in another one do not count.

    Raises ShareNotFoundError.
    """
    counts = (await _load(tx, share_id)).waiting_counts
    return counts.initial_count + counts.reserved_count


async def explain_share_in(tx: Tx, *, share_id: int) -> str:
    """Say what the handles of a share that are not final wait for, with counts, and who was refused lately.

    Raises ShareNotFoundError.
    """
    share = await _load(tx, share_id)
    return await explain_in(tx, project_id=share.project_id, share_id=share_id)


async def list_outputs_in(tx: Tx, *, share_id: int, name_like: str = "%") -> list[ProducedFile]:
    """Return all files that a share produced and that are not retired, by a pattern with `%` and `_`."""
    return await store.list_outputs(tx, share_id=share_id, name_like=name_like)


async def list_produced_in(
    tx: Tx, *, share_id: int, after: str | None = None, limit: int = DEFAULT_LIMIT
) -> Page[ProducedFile]:
    """Return one page of the files that a share produced. Raises InvalidInputError."""
    return await listings.list_produced(tx, share_id=share_id, after=after, limit=limit)


async def list_pictures_in(tx: Tx, *, share_id: int) -> list[ProducedFile]:
    """Return the pictures among the files that a share produced."""
    return await store.list_pictures(tx, share_id=share_id)


async def _load(tx: Tx, share_id: int) -> ShareStanding:
    share = await store.find_share(tx, share_id=share_id)
    if share is None:
        raise ShareNotFoundError(share_id)
    return share
