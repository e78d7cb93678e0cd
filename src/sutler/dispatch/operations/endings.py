"""What every end of a lease shares: handles move, and with the last one its share and project end."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sutler.base.events import Event
from sutler.database import Actor, Tx
from sutler.dispatch import store
from sutler.dispatch.model import (
    AttemptPlace,
    DispatchEvent,
    EndedLease,
    Ending,
    HandleState,
    LockedLease,
    Outcome,
    ProjectHeader,
    Remainder,
    Report,
)
from sutler.dispatch.rules import checks, decisions, sentences


async def end_leases(tx: Tx, *, project_id: int, endings: Sequence[Ending], actor: Actor) -> list[EndedLease]:
    """End leases of one project and return those that still held, by attempt id.

    Locks are taken in the order leases, handles, project, shares, here and everywhere else: no deadlocks.
    `actor` is who the end of the project is put down to, if this is it.
    """
    ended = await store.end_leases(tx, project_id=project_id, endings=endings)
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
    said = Report("", (), outcome, reason, may_retry)
    endings = [make_ending(header, lease, said, worker_id=None, actor=actor.username, now=tx.now) for lease in leases]
    if not endings:
        return 0
    note_returns(tx, header.project_id, endings)
    return len(await end_leases(tx, project_id=header.project_id, endings=endings, actor=actor))


def note_returns(tx: Tx, project_id: int, endings: Sequence[Ending]) -> None:
    """Tell servers that handles may have become ready before the place where their searches ended."""
    if any(ending.state is HandleState.INITIAL for ending in endings):
        tx.notify("ready", project_id)


def make_ending(
    header: ProjectHeader,
    attempt: AttemptPlace | LockedLease,
    said: Report,
    *,
    worker_id: str | None,
    actor: str,
    now: datetime,
) -> Ending:
    """Return how a lease ends by what was said about it, under the rules of its project."""
    state = decisions.decide_next_state(
        said.outcome, attempt=attempt.attempt, max_attempts=header.max_attempts, may_retry=said.may_retry
    )
    return Ending(
        attempt_id=attempt.attempt_id,
        worker_id=worker_id,
        outcome=said.outcome,
        state=state,
        rest_until=decisions.decide_rest(
            said.outcome, state, attempt=attempt.attempt, retry_pause=header.retry_pause, now=now
        ),
        reason=sentences.choose_reason(said),
        actor=actor,
        measures=said.measures,
        log_tail=checks.cut_log_tail(said.log_tail),
    )


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
