"""Workers that were refused for their token or their rights: noting and listing them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from sutler.auth import Action, Principal
from sutler.base.errors import InvalidInputError, Problem
from sutler.database import Database, Tx, replayable
from sutler.database.listing import DEFAULT_LIMIT, LARGEST_LIMIT
from sutler.dispatch import store
from sutler.dispatch.model import NewRefusal, Refusal
from sutler.dispatch.operations.access import open_header
from sutler.dispatch.rules import refusals as rules
from sutler.dispatch.rules import sentences

KEPT_REFUSALS = 1_000
RECENT = timedelta(hours=1)
NAMED_WORKERS = 3


@replayable
async def note_refusals(db: Database, refusals: Sequence[NewRefusal]) -> None:
    """Add to what is known of refused workers; those of projects that are not there are left out.

    A project keeps a thousand workers with their reasons; what comes later is summed in one row, under a name that no
    worker can have. Asks for no permission: doors call it about those who have none. It wakes the followers of
    `refusals/ID`, not those of the project: workers wait there, and strangers shall not wake them.
    """
    if not refusals:
        return
    async with db.write() as tx:
        await store.lock_refusals(tx)
        project_ids = await store.note_refusals(
            tx,
            refusals=rules.clean_refusals(refusals),
            room=KEPT_REFUSALS,
            others=rules.OTHERS,
            others_reason=rules.OTHERS_REASON,
        )
        for project_id in project_ids:
            tx.notify("refusals", project_id)


async def list_refusals(db: Database, who: Principal, *, project_id: int, limit: int = DEFAULT_LIMIT) -> list[Refusal]:
    """Return the workers that were refused in a project, each with its reason, the newest first.

    Raises ProjectNotFoundError, NotPermittedError, InvalidInputError.
    """
    if not 1 <= limit <= LARGEST_LIMIT:
        raise InvalidInputError([Problem("limit", f"must be between 1 and {LARGEST_LIMIT}, not {limit}")])
    async with db.read() as tx:
        await open_header(tx, who, Action.VIEW, project_id=project_id)
        return await store.list_refusals(tx, project_id=project_id, count=limit)


async def explain_refusals_in(tx: Tx, *, project_id: int) -> str:
    """Say who of the workers of a project was refused in the last hour, and why; empty when nobody was."""
    since = tx.now - RECENT
    refusals = await store.list_recent_refusals(tx, project_id=project_id, since=since, count=NAMED_WORKERS)
    return sentences.explain_refusals(refusals)
