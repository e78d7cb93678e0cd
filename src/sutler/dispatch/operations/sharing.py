"""Putting handles of a project into a new share: what nobody owns, or what shares had and is to be tried again.

Locks are taken in the order of everybody else: leases, what waits, handles, project, shares. Before all of them comes
the one that keeps others from sharing the same project out.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from sutler.base.errors import Problem
from sutler.base.events import Event
from sutler.database import Actor, Tx
from sutler.dispatch import store
from sutler.dispatch.errors import (
    InvalidChoiceError,
    NothingToClaimError,
    ProjectNotFoundError,
    ShareNotFoundError,
)
from sutler.dispatch.model import (
    CreatedShare,
    DispatchEvent,
    HandleState,
    HeldHandles,
    LeftShare,
    Outcome,
    ProjectHeader,
)
from sutler.dispatch.operations.access import load_project
from sutler.dispatch.operations.endings import end_lost_leases
from sutler.dispatch.rules import decisions, sentences

MOST_ROUNDS = 8
"""So often handles are looked for again when others took some of those that were found."""


async def claim_share_in(tx: Tx, *, project_id: int, limit: int | None, actor: Actor) -> CreatedShare:
    """Put the first initial handles of a project that no open share owns into a new open share, at most `limit`.

    A closed share that loses handles counts them for ever as they were. A handle that a worker is just taking is waited
    for, and is not claimed if the worker gets it. An abandoned project is active again.
    Raises ProjectNotFoundError, InvalidChoiceError, and NothingToClaimError, which says with counts where they all are.
    """
    if limit is not None and limit < 1:
        raise InvalidChoiceError([Problem("limit", "must be 1 or more, or none")])
    await store.lock_sharing(tx, project_id=project_id)
    header = await _load_header(tx, project_id)
    positions: list[int] = []
    if header.state in decisions.OPEN_STATES:
        positions = await _lock_claimable(tx, project_id, limit)
        await store.lock_project(tx, project_id=project_id)
        header = await _load_header(tx, project_id)
    if not positions or header.state not in decisions.OPEN_STATES:
        raise await _explain_nothing(tx, project_id)
    await store.wake_project(tx, project_id=project_id)
    share_id, _ = await _start_share(tx, header, positions, actor)
    return CreatedShare(share_id, project_id, len(positions))


async def move_to_share_in(
    tx: Tx,
    *,
    project_id: int,
    positions: Sequence[int] | None,
    states: Collection[HandleState] | None,
    from_share_ids: Sequence[int],
    actor: Actor,
) -> CreatedShare:
    """Put handles of shares back as `restart_handles` does and into a new open share.

    Those at the given places, those in one of the states, or those for which both is true. The lease of a reserved one
    is ended, and the pause of one that pauses. The old shares count for ever what they had; the project is active
    again, whatever it was. Handles that somebody is just taking or giving back may or may not be among them.
    Raises ProjectNotFoundError, ShareNotFoundError, InvalidChoiceError, and NothingToClaimError if none is chosen.
    """
    if positions is None and states is None:
        raise InvalidChoiceError([Problem("states", "name states or places of handles that are to be moved")])
    await store.lock_sharing(tx, project_id=project_id)
    header = await _load_header(tx, project_id)
    unknown = set(from_share_ids) - await store.list_shares_of_project(
        tx, project_id=project_id, share_ids=from_share_ids
    )
    if unknown:
        raise ShareNotFoundError(min(unknown))
    held = await hold_handles(
        tx,
        project_id=project_id,
        share_ids=from_share_ids,
        states=tuple(HandleState) if states is None else states,
        positions=positions,
    )
    if not held.positions:
        raise NothingToClaimError("No file of these shares is in one of these states.", project_id=project_id)
    await end_held_leases(tx, header, held, actor, sentences.explain_move(actor.username))
    await store.lock_project(tx, project_id=project_id)
    share_id, left = await _start_share(tx, header, held.positions, actor)
    await _put_back(tx, header, held, actor)
    await _note_finished(tx, header, left, actor)
    return CreatedShare(share_id, project_id, len(held.positions))


async def hold_handles(
    tx: Tx,
    *,
    project_id: int,
    share_ids: Sequence[int],
    states: Collection[HandleState],
    positions: Sequence[int] | None,
) -> HeldHandles:
    """Lock handles of shares in some states, all or those among the given places, with their leases."""
    leases = {}
    if HandleState.RESERVED in states:
        leases = await store.lock_leases_of_shares(tx, project_id=project_id, share_ids=share_ids, positions=positions)
    waiting: set[int] = set()
    if HandleState.INITIAL in states:
        found = await store.list_handles_of_shares(
            tx, project_id=project_id, share_ids=share_ids, states=[HandleState.INITIAL], positions=positions
        )
        waiting = await store.lock_places(tx, project_id=project_id, positions=found)
    locked = await store.lock_handles_of_shares(
        tx,
        project_id=project_id,
        share_ids=share_ids,
        states=states,
        positions=positions,
    )
    initial = [place for place, state in locked.items() if state is HandleState.INITIAL and place in waiting]
    ended = [place for place, state in locked.items() if state in (HandleState.DONE, HandleState.FAILED)]
    return HeldHandles(list(leases.values()), list(leases), initial, ended)


async def end_held_leases(tx: Tx, header: ProjectHeader, held: HeldHandles, actor: Actor, reason: str) -> None:
    """End the leases of held handles, so that they are initial."""
    await end_lost_leases(tx, header=header, leases=held.leases, outcome=Outcome.RESTARTED, reason=reason, actor=actor)


async def _load_header(tx: Tx, project_id: int) -> ProjectHeader:
    header = await store.find_header(tx, project_id=project_id)
    if header is None:
        raise ProjectNotFoundError(project_id)
    return header


async def _lock_claimable(tx: Tx, project_id: int, limit: int | None) -> list[int]:
    """Lock the first handles that can be claimed; what others take meanwhile is made up for by the next ones."""
    seen: set[int] = set()
    locked: set[int] = set()
    for _ in range(MOST_ROUNDS):
        count = None if limit is None else limit + len(seen)
        found = await store.list_claimable(tx, project_id=project_id, count=count)
        new = [position for position in found if position not in seen]
        if limit is not None:
            new = new[: limit - len(locked)]
        seen.update(new)
        locked |= await store.lock_places(tx, project_id=project_id, positions=new)
        if len(locked) == len(seen) or not new:
            break
    positions = sorted(locked)
    await store.lock_handles_at(tx, project_id=project_id, positions=positions)
    return positions


async def _start_share(
    tx: Tx, header: ProjectHeader, positions: Sequence[int], actor: Actor
) -> tuple[int, list[LeftShare]]:
    """Put locked handles into a new share; return it and the shares that they left."""
    project_id = header.project_id
    share_id = await store.insert_share(tx, project_id=project_id, experiment_id=header.experiment_id)
    left = await store.move_handles(tx, project_id=project_id, positions=positions, share_id=share_id)
    for changed_id in [share_id, *(share.share_id for share in left)]:
        tx.notify("share", changed_id)
    tx.notify("ready", project_id)
    facts: dict[str, object] = {"share": share_id, "count": len(positions)}
    await tx.record(Event(DispatchEvent.SHARE_STARTED, "project", str(project_id), header.experiment_id, facts), actor)
    return share_id, left


async def _put_back(tx: Tx, header: ProjectHeader, held: HeldHandles, actor: Actor) -> None:
    """Make all that was held ready, in the share where it is now, and open the project."""
    project_id = header.project_id
    await store.note_put_back(tx, project_id=project_id, positions=held.ended)
    await store.restart_handles(tx, header=header, positions=held.ended)
    await store.wake_handles(tx, project_id=project_id, positions=held.initial)
    kind = DispatchEvent.HANDLES_RESTARTED
    facts: dict[str, object] = {"count": len(held.positions)}
    await tx.record(Event(kind, "project", str(project_id), header.experiment_id, facts), actor)


async def _note_finished(tx: Tx, header: ProjectHeader, left: Sequence[LeftShare], actor: Actor) -> None:
    """Record that open shares have nothing more to wait for since their last initial handles went on."""
    for share in left:
        if share.initial_count and not share.open_count and not share.is_closed:
            facts: dict[str, object] = {"project": header.project_id}
            kind = DispatchEvent.SHARE_FINISHED
            await tx.record(Event(kind, "share", str(share.share_id), header.experiment_id, facts), actor)


async def _explain_nothing(tx: Tx, project_id: int) -> NothingToClaimError:
    project = await load_project(tx, project_id)
    owned_count = await store.count_owned(tx, project_id=project_id)
    counts = project.counts
    return NothingToClaimError(
        sentences.explain_nothing_to_claim(project.state, counts, owned_count),
        project_id=project_id,
        state=project.state.value,
        done_count=counts.done_count,
        failed_count=counts.failed_count,
        reserved_count=counts.reserved_count,
        owned_count=owned_count,
    )
