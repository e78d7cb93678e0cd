"""What a worker is told, or a person reads, when there is nothing to give out: why, with counts."""

from __future__ import annotations

from sutler.auth import Action, Principal
from sutler.database import Database, Tx
from sutler.dispatch import store
from sutler.dispatch.errors import RequestTakenError, ShareNotFoundError
from sutler.dispatch.model import Counts, ProjectState, Reply, Wish
from sutler.dispatch.operations.access import load_project, open_header
from sutler.dispatch.operations.ground import Ground, load_ground
from sutler.dispatch.operations.obstacles import MOST_LOOKED_AT, find_obstacles
from sutler.dispatch.operations.refusals import explain_refusals_in
from sutler.dispatch.rules import decisions, sentences


async def answer_without(tx: Tx, ground: Ground, wish: Wish, *, is_last: bool = False) -> Reply | None:
    """Return what is answered to a wish for which nothing was found.

    The worker may have it already by this very request; else it is told why and whether to ask again. None if a
    handle that it could be given has come, or was in somebody's hands: the search is to be made again, unless this
    was the last one. Raises ShareNotFoundError, and RequestTakenError when another worker uses this request id.
    """
    project_id = ground.header.project_id
    again = await answer_again(tx, ground, wish)
    if again is not None:
        return again
    state, counts, _, is_over = await _read_standing(tx, project_id, wish.share_id)
    if state in decisions.OPEN_STATES and not is_last:
        fresh = await load_ground(tx, project_id=project_id)
        location_ids = [location_id for tier in fresh.list_tiers(wish.site) for location_id in tier]
        if await store.has_ready(tx, project_id=project_id, share_id=wish.share_id, location_ids=location_ids):
            return None
    why = await explain_in(tx, project_id=project_id, share_id=wish.share_id, site=wish.site)
    return Reply((), decisions.decide_nothing(state, counts, is_over=is_over), why)


async def answer_again(tx: Tx, ground: Ground, wish: Wish) -> Reply | None:
    """Return what was leased for this very request and still is; None if nothing. Raises RequestTakenError."""
    held = await store.list_leases_of_request(tx, request_id=wish.request_id)
    whose = (wish.worker_id, ground.header.project_id)
    if any((worker_id, one.lease.project_id) != whose for worker_id, one in held):
        raise RequestTakenError(wish.request_id)
    return Reply(tuple(ground.complete(one, wish.site) for _, one in held)) if held else None


async def explain_project(db: Database, who: Principal, *, project_id: int) -> str:
    """Say what the handles of a project wait for that are not final. Raises ProjectNotFoundError, NotPermittedError."""
    async with db.read() as tx:
        await open_header(tx, who, Action.VIEW, project_id=project_id)
        return await explain_in(tx, project_id=project_id)


async def explain_in(tx: Tx, *, project_id: int, share_id: int | None = None, site: str | None = None) -> str:
    """Say in a sentence or more what the handles of a project, or of one share, wait for that are not final.

    With a site, what is too far away for workers there counts as well. It ends with who was refused lately. Raises
    ProjectNotFoundError, ShareNotFoundError.
    """
    state, counts, gone_count, is_over = await _read_standing(tx, project_id, share_id)
    if counts.is_final:
        return sentences.explain_end(counts, gone_count)
    if is_over:
        return sentences.explain_over(counts, gone_count)
    holders = await store.find_holders(tx, project_id=project_id, share_id=share_id, limit=MOST_LOOKED_AT)
    obstacles = await find_obstacles(tx, project_id=project_id, share_id=share_id, site=site, counts=counts)
    why = sentences.explain_waiting(state, counts, holders, tx.now, obstacles)
    gone = sentences.explain_gone(gone_count)
    refused = await explain_refusals_in(tx, project_id=project_id)
    return " ".join(part for part in (why, gone, refused) if part)


async def _read_standing(tx: Tx, project_id: int, share_id: int | None) -> tuple[ProjectState, Counts, int, bool]:
    """Return state, counts, how many files of the share wait elsewhere and are not counted, and whether it is over."""
    if share_id is None:
        project = await load_project(tx, project_id)
        return project.state, project.counts, 0, False
    share = await store.find_share(tx, share_id=share_id)
    if share is None or share.project_id != project_id:
        raise ShareNotFoundError(share_id)
    return share.state, share.waiting_counts, share.gone_initial_count, share.is_over
