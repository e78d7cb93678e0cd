"""Putting handles of a project into a new share: what nobody owns, or what shares had and is to be tried again.

Locks are taken in the order of everybody else: leases, what waits, handles, locations, project, shares. Before all of
them comes the one that keeps others from sharing the same project out. The project is locked when all handles are in
the new share, and only counts are left: workers wait for a moment, however many there are.
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
    ProjectFinalError,
    ProjectNotFoundError,
    ShareNotFoundError,
)
from sutler.dispatch.model import (
    CreatedShare,
    DispatchEvent,
    HandleState,
    HeldHandles,
    LeftShare,
    MovedHandles,
    Outcome,
    ProjectHeader,
)
from sutler.dispatch.operations import in_parts
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
    Raises ProjectFinalError if the project is cancelled meanwhile: half of it is done then, and must not be committed.
    """
    if limit is not None and limit < 1:
        raise InvalidChoiceError([Problem("limit", "must be 1 or more, or none")])
    await store.lock_sharing(tx, project_id=project_id)
    header = await _load_header(tx, project_id)
    positions: list[int] = []
    if header.state in decisions.OPEN_STATES:
        positions = await _lock_claimable(tx, project_id, limit)
        header = await _load_header(tx, project_id)
    if not positions or header.state not in decisions.OPEN_STATES:
        raise await _explain_nothing(tx, project_id)
    share_id = await store.insert_share(tx, project_id=project_id, experiment_id=header.experiment_id)
    moved = await in_parts.move_handles(tx, project_id=project_id, positions=positions, share_id=share_id)
    state = await store.wake_project(tx, project_id=project_id)
    if state not in decisions.OPEN_STATES:
        raise ProjectFinalError(sentences.explain_interrupted(state), project_id=project_id, state=state.value)
    await _count_share(tx, header, share_id, moved, actor)
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
    held = await in_parts.hold_handles(
        tx,
        project_id=project_id,
        share_ids=from_share_ids,
        states=tuple(HandleState) if states is None else states,
        positions=positions,
    )
    if not held.positions:
        raise NothingToClaimError("No file of these shares is in one of these states.", project_id=project_id)
    share_id = await _move(tx, header, held, actor)
    return CreatedShare(share_id, project_id, len(held.positions))


async def end_held_leases(tx: Tx, header: ProjectHeader, held: HeldHandles, actor: Actor, reason: str) -> None:
    """End the leases of held handles, so that they are initial."""
    await end_lost_leases(tx, header=header, leases=held.leases, outcome=Outcome.RESTARTED, reason=reason, actor=actor)


async def _move(tx: Tx, header: ProjectHeader, held: HeldHandles, actor: Actor) -> int:
    """Put held handles into a new share, all of them ready, open the project, and return the share.

    What takes long comes first: from the first end of a lease on, or else from the counts on, workers wait.
    """
    project_id = header.project_id
    share_id = await store.insert_share(tx, project_id=project_id, experiment_id=header.experiment_id)
    free = sorted([*held.initial, *held.ended])
    moved = await in_parts.move_handles(tx, project_id=project_id, positions=free, share_id=share_id)
    restarted = await in_parts.put_back_handles(tx, header=header, positions=held.ended)
    await end_held_leases(tx, header, held, actor, sentences.explain_move(actor.username))
    moved += await in_parts.move_handles(tx, project_id=project_id, positions=held.reserved, share_id=share_id)
    await store.wake_project(tx, project_id=project_id)
    left = await _count_share(tx, header, share_id, moved, actor)
    await store.count_restarted(tx, project_id=project_id, restarted=restarted)
    if any(of_share.resting_count for of_share in moved):
        await store.wake_handles(tx, project_id=project_id, positions=held.initial)
    facts: dict[str, object] = {"count": len(held.positions)}
    kind = DispatchEvent.HANDLES_RESTARTED
    await tx.record(Event(kind, "project", str(project_id), header.experiment_id, facts), actor)
    await _note_finished(tx, header, left, actor)
    return share_id


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
        locked |= await in_parts.lock_places(tx, project_id, new)
        if len(locked) == len(seen) or not new:
            break
    return sorted(await in_parts.lock_handles(tx, project_id, sorted(locked)))


async def _count_share(
    tx: Tx, header: ProjectHeader, share_id: int, moved: Sequence[MovedHandles], actor: Actor
) -> list[LeftShare]:
    """Count what went into a new share of a locked project, tell everybody, and return the shares that it left."""
    project_id = header.project_id
    left = await store.count_moved(tx, share_id=share_id, moved=moved)
    for changed_id in [share_id, *(share.share_id for share in left)]:
        tx.notify("share", changed_id)
    tx.notify("ready", project_id)
    facts: dict[str, object] = {"share": share_id, "count": sum(of_share.count for of_share in moved)}
    await tx.record(Event(DispatchEvent.SHARE_STARTED, "project", str(project_id), header.experiment_id, facts), actor)
    return left


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
