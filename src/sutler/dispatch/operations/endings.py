"""What every end of a lease shares: handles move, and with the last one its share and project end."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from sutler.base.events import Event
from sutler.database import Actor, Tx
from sutler.dispatch import store
from sutler.dispatch.model import (
    AttemptHeader,
    DispatchEvent,
    EndedLease,
    HandleState,
    LockedLease,
    Outcome,
    ProjectHeader,
    Remainder,
)
from sutler.dispatch.rules import decisions


async def end_leases(
    tx: Tx,
    *,
    project_id: int,
    next_states: Mapping[int, HandleState],
    rests: Mapping[int, datetime] | None = None,
    outcome: Outcome,
    reason: str,
    actor: Actor,
    worker_id: str | None = None,
    measures: Mapping[str, object] | None = None,
    log_tail: str = "",
) -> list[EndedLease]:
    """End leases of one project and return those that still held, by attempt id.

    Locks are taken in the order leases, handles, project, shares, here and everywhere else: no deadlocks.
    """
    ended = await store.end_leases(
        tx,
        project_id=project_id,
        next_states=dict(next_states),
        rests=rests or {},
        outcome=outcome,
        reason=reason,
        actor=actor,
        worker_id=worker_id,
        measures=dict(measures or {}),
        log_tail=log_tail,
    )
    if ended:
        tx.notify("project", project_id)
        await note_ends(tx, project_id, ended, actor)
    return ended


async def end_lost_leases(
    tx: Tx,
    *,
    header: ProjectHeader,
    leases: Sequence[LockedLease],
    outcome: Outcome,
    reason: str,
    actor: Actor,
    may_retry: bool = True,
) -> int:
    """End locked leases that nobody reported, and return how many."""
    states = decisions.decide_next_states(leases, outcome, max_attempts=header.max_attempts, may_retry=may_retry)
    if not states:
        return 0
    ended = await end_leases(
        tx,
        project_id=header.project_id,
        next_states=states,
        rests=list_rests(outcome, states, leases, retry_pause=header.retry_pause, now=tx.now),
        outcome=outcome,
        reason=reason,
        actor=actor,
    )
    return len(ended)


def list_rests(
    outcome: Outcome,
    states: Mapping[int, HandleState],
    leases: Sequence[LockedLease | AttemptHeader],
    *,
    retry_pause: timedelta | None,
    now: datetime,
) -> dict[int, datetime]:
    """Return until when the handles of leases pause, by attempt id; those that need not are left out."""
    if retry_pause is None:
        return {}
    rests = {
        lease.attempt_id: decisions.decide_rest(
            outcome, states[lease.attempt_id], attempt=lease.attempt, retry_pause=retry_pause, now=now
        )
        for lease in leases
    }
    return {attempt_id: rest for attempt_id, rest in rests.items() if rest is not None}


async def note_ends(tx: Tx, project_id: int, ended: Sequence[EndedLease | Remainder], actor: Actor) -> None:
    """Record that shares are finished and how the project ended, if nothing is open there any more."""
    for share_id in sorted({lease.share_id for lease in ended if lease.share_id is not None}):
        tx.notify("share", share_id)
    experiment_id = ended[0].experiment_id
    finished = {lease.share_id for lease in ended if lease.share_id is not None and lease.share_open_count == 0}
    for share_id in sorted(finished):
        facts: dict[str, object] = {"project": project_id}
        await tx.record(Event(DispatchEvent.SHARE_FINISHED, "share", str(share_id), experiment_id, facts), actor)
    state = decisions.decide_project_end(ended[0])
    if state is not None:
        await store.end_project(tx, project_id=project_id, state=state)
        kind = DispatchEvent.PROJECT_ENDED
        await tx.record(Event(kind, "project", str(project_id), experiment_id, {"state": state.value}), actor)
