"""The worker's side before a report: getting handles and keeping them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sutler.auth import Action, Principal, permit
from sutler.database import AlreadyExistsError, Database, Tx, replayable
from sutler.dispatch import store
from sutler.dispatch.errors import AttemptNotFoundError, RequestTakenError, ShareNotFoundError
from sutler.dispatch.model import (
    Counts,
    Fate,
    Lease,
    Order,
    ProjectHeader,
    ProjectState,
    Renewal,
    RenewedLease,
    Reply,
    Wish,
)
from sutler.dispatch.operations.access import load_project, name_project, open_header
from sutler.dispatch.rules import checks, decisions, sentences

REQUEST_ROUNDS = 3


async def reserve_next(db: Database, who: Principal, *, project_id: int, wish: Wish) -> Reply:
    """Lease the next handles of a project, or of the share that is named, to a worker.

    Those with the fewest attempts come first, then in the order of the project. The same request id again gives the
    same leases as long as they hold. When there is nothing, the reply says why and whether to ask again.
    An abandoned project becomes active. Raises ProjectNotFoundError, ShareNotFoundError, InvalidWishError,
    NotPermittedError, and RequestTakenError when another worker uses this request id.
    """
    checks.check_wish(wish)
    for _ in range(REQUEST_ROUNDS):
        try:
            return await _reserve(db, who, project_id=project_id, wish=wish)
        except AlreadyExistsError as error:
            if error.facts.get("constraint") != "leases_request_key":
                raise
        # The leases of the first call may end before they are read; then the request is free again.
        async with db.read() as tx:
            leases = await store.list_leases_of_request(tx, project_id=project_id, wish=wish)
        if leases:
            return Reply(tuple(leases))
    raise RequestTakenError(wish.request_id)


@replayable
async def renew(db: Database, who: Principal, *, worker_id: str, attempt_ids: Sequence[int]) -> list[Renewal]:
    """Move the ends of leases and tell the worker, for each in the order given, to go on or to stop.

    A lease is renewed for as long as it was first given, but never beyond the worker time-out of its project.
    A lost lease is told to stop now, with the reason. Raises AttemptNotFoundError, NotPermittedError.
    """
    async with db.write() as tx:
        headers = await store.list_attempt_headers(tx, attempt_ids=attempt_ids)
        for header in {header.project_id: header for header in headers}.values():
            permit(who, Action.PROCESS, name_project(header))
        unknown = sorted(set(attempt_ids) - {header.attempt_id for header in headers})
        if unknown:
            raise AttemptNotFoundError(unknown[0])
        renewed = {r.attempt_id: r for r in await store.renew_leases(tx, worker_id=worker_id, attempt_ids=attempt_ids)}
        lost = [attempt_id for attempt_id in attempt_ids if attempt_id not in renewed]
        fates = {fate.attempt_id: fate for fate in await store.list_fates(tx, attempt_ids=lost)} if lost else {}
        return [_answer(attempt_id, worker_id, renewed, fates) for attempt_id in attempt_ids]


@replayable
async def _reserve(db: Database, who: Principal, *, project_id: int, wish: Wish) -> Reply:
    async with db.write() as tx:
        header = await open_header(tx, who, Action.PROCESS, project_id=project_id, share_id=wish.share_id)
        if wish.share_id is not None and header.share_id is None:
            raise ShareNotFoundError(wish.share_id)
        leases = await _take(tx, header, wish, who)
        if not leases:
            return await _answer_without(tx, project_id, wish)
        tx.notify("project", project_id)
        for share_id in {lease.share_id for lease in leases if lease.share_id is not None}:
            tx.notify("share", share_id)
        return Reply(tuple(leases))


async def _take(tx: Tx, header: ProjectHeader, wish: Wish, who: Principal) -> list[Lease]:
    """Search from where the last search ended; where that comes short, once more from the beginning."""
    leases: list[Lease] = []
    if not header.ready_count or header.state not in decisions.OPEN_STATES:
        return leases
    for ready_from in dict.fromkeys([header.ready_from, 0]):
        leases += await store.reserve_handles(
            tx,
            project_id=header.project_id,
            wish=wish,
            count=wish.count - len(leases),
            first_rank=len(leases),
            ready_from=ready_from,
            actor=who,
        )
        if len(leases) >= min(wish.count, header.ready_count):
            break
    return leases


async def _answer_without(tx: Tx, project_id: int, wish: Wish) -> Reply:
    """Nothing was free: the worker has it already by this very request, or is told why and for how long."""
    leases = await store.list_leases_of_request(tx, project_id=project_id, wish=wish)
    if leases:
        return Reply(tuple(leases))
    state, counts = await _read_standing(tx, project_id, wish.share_id)
    holders = await store.find_holders(tx, project_id=project_id, share_id=wish.share_id)
    why = sentences.explain_waiting(state, counts, holders, tx.now)
    return Reply((), decisions.decide_nothing(state, counts), why)


async def _read_standing(tx: Tx, project_id: int, share_id: int | None) -> tuple[ProjectState, Counts]:
    if share_id is None:
        project = await load_project(tx, project_id)
        return project.state, project.counts
    share = await store.find_share(tx, share_id=share_id)
    assert share is not None
    return share.state, share.counts


def _answer(attempt_id: int, worker_id: str, renewed: Mapping[int, RenewedLease], fates: Mapping[int, Fate]) -> Renewal:
    lease = renewed.get(attempt_id)
    if lease is None:
        return Renewal(attempt_id, Order.STOP_NOW, None, sentences.explain_lost(fates[attempt_id], worker_id))
    order = decisions.decide_order(lease.project_state)
    why = "" if order is Order.CONTINUE else sentences.explain_state(lease.project_state)
    return Renewal(attempt_id, order, lease.expires_at, why)
