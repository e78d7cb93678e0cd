"""The worker's side before a report: getting handles and keeping them."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence

from sutler.auth import Action, Principal, permit
from sutler.database import AlreadyExistsError, Database, replayable
from sutler.dispatch import store
from sutler.dispatch.errors import AttemptNotFoundError
from sutler.dispatch.model import Fate, Order, Renewal, RenewedLease, Reply, Wish
from sutler.dispatch.operations.access import open_headers
from sutler.dispatch.operations.claiming import Marks, claim
from sutler.dispatch.operations.ground import load_ground
from sutler.dispatch.operations.pace import fit_wish, load_pace
from sutler.dispatch.operations.waiting import answer_again, answer_without
from sutler.dispatch.rules import checks, decisions, sentences

ROUNDS = 5
PAUSE_SECONDS = 0.01


async def reserve_next(db: Database, who: Principal, *, project_id: int, wish: Wish) -> Reply:
    """Lease the next handles of a project, or of the share that is named, to a worker.

    Those near the worker's site come first, then those with the fewest attempts, then in the order of the project.
    The same request id again gives the same leases as long as they hold. When there is nothing, the reply says why
    and whether to ask again. An abandoned project becomes active. Raises ProjectNotFoundError, ShareNotFoundError,
    InvalidWishError, NotPermittedError, and RequestTakenError when another worker uses this request id.
    """
    checks.check_wish(wish)
    for number in range(ROUNDS):
        try:
            reply = await _reserve(db, who, project_id=project_id, wish=wish)
        except AlreadyExistsError as error:
            # The leases of the first call may end before they are read; then the request is free again.
            if error.facts.get("constraint") != "leases_request_key":
                raise
            reply = None
        if reply is not None:
            return reply
        # Somebody else is just taking, or giving back, the handle that was there.
        await asyncio.sleep(PAUSE_SECONDS * 2**number)
    async with db.read() as tx:
        ground = await load_ground(tx, project_id=project_id)
        reply = await answer_without(tx, ground, wish, is_last=True)
        assert reply is not None
        return reply


async def find_leases_of_request(db: Database, *, project_id: int, wish: Wish) -> Reply | None:
    """Return what was leased for this very request and still is; None if nothing. Raises RequestTakenError."""
    async with db.read() as tx:
        ground = await load_ground(tx, project_id=project_id)
        return await answer_again(tx, ground, wish)


@replayable
async def renew(db: Database, who: Principal, *, worker_id: str, attempt_ids: Sequence[int]) -> list[Renewal]:
    """Move the ends of leases and tell the worker, for each in the order given, to go on or to stop.

    A lease is renewed for as long as it was first given, but never beyond the worker time-out of its project.
    A lost lease is told to stop now, with the reason. Raises AttemptNotFoundError, NotPermittedError.
    """
    async with db.write() as tx:
        places = await store.list_attempt_places(tx, attempt_ids=attempt_ids)
        await open_headers(tx, who, places)
        unknown = sorted(set(attempt_ids) - {place.attempt_id for place in places})
        if unknown:
            raise AttemptNotFoundError(unknown[0])
        renewed = {r.attempt_id: r for r in await store.renew_leases(tx, worker_id=worker_id, attempt_ids=attempt_ids)}
        lost = [attempt_id for attempt_id in attempt_ids if attempt_id not in renewed]
        fates = {fate.attempt_id: fate for fate in await store.list_fates(tx, attempt_ids=lost)} if lost else {}
        return [_answer(attempt_id, worker_id, renewed, fates) for attempt_id in attempt_ids]


@replayable
async def _reserve(db: Database, who: Principal, *, project_id: int, wish: Wish) -> Reply | None:
    """Lease what there is; None if a handle that could be given was just in somebody's hands."""
    async with db.write() as tx:
        ground = await load_ground(tx, project_id=project_id)
        permit(who, Action.PROCESS, ground.thing)
        wish_now = fit_wish(wish, await load_pace(tx, project_id=project_id) if wish.time_left is not None else None)
        if isinstance(wish_now, Reply):
            return wish_now
        tiers = ground.list_tiers(wish.site)
        [claimed] = await claim(
            tx,
            project_id=project_id,
            share_id=wish.share_id,
            tiers=tiers,
            reachable=ground.list_reachable(wish.site),
            wishes=[(wish_now, who)],
            marks=Marks(),
        )
        if not claimed:
            return await answer_without(tx, ground, wish)
        tx.notify("project", project_id)
        for share_id in {one.lease.share_id for one in claimed if one.lease.share_id is not None}:
            tx.notify("share", share_id)
        return Reply(tuple(ground.complete(one, wish.site) for one in claimed))


def _answer(attempt_id: int, worker_id: str, renewed: Mapping[int, RenewedLease], fates: Mapping[int, Fate]) -> Renewal:
    lease = renewed.get(attempt_id)
    if lease is None:
        return Renewal(attempt_id, Order.STOP_NOW, None, sentences.explain_lost(fates[attempt_id], worker_id))
    order = decisions.decide_order(lease.project_state)
    why = "" if order is Order.CONTINUE else sentences.explain_state(lease.project_state)
    return Renewal(attempt_id, order, lease.expires_at, why)
