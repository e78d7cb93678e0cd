"""Where a handle goes when its lease ends, when a project is over, what a worker is told."""

from __future__ import annotations

from datetime import datetime, timedelta

from sutler.dispatch.model import (
    Counts,
    EndedLease,
    Fate,
    HandleState,
    NothingReady,
    Order,
    Outcome,
    ProjectState,
    Remainder,
    Report,
)

OPEN_STATES = (ProjectState.ACTIVE, ProjectState.ABANDONED)
LONGEST_GROWN_PAUSE = timedelta(days=1)
MOST_DOUBLINGS = 10


def decide_next_state(
    outcome: Outcome, *, attempt: int, max_attempts: int | None, may_retry: bool = True
) -> HandleState:
    """Where a handle goes when its lease ends.

    A restart puts it back whatever was before; anything else but `done` only while it may be tried again.
    """
    if outcome is Outcome.DONE:
        return HandleState.DONE
    if outcome is Outcome.RESTARTED:
        return HandleState.INITIAL
    is_exhausted = max_attempts is not None and attempt >= max_attempts
    return HandleState.INITIAL if may_retry and not is_exhausted else HandleState.FAILED


def decide_rest(
    outcome: Outcome, state: HandleState, *, attempt: int, retry_pause: timedelta | None, now: datetime
) -> datetime | None:
    """Until when a handle pauses before it is given out again; None if it need not.

    The pause doubles with every attempt up to a day. What a person put back is given out at once.
    """
    if retry_pause is None or state is not HandleState.INITIAL or outcome is Outcome.RESTARTED:
        return None
    grown: timedelta = retry_pause * 2 ** min(attempt - 1, MOST_DOUBLINGS)
    return now + max(retry_pause, min(grown, LONGEST_GROWN_PAUSE))


def decide_project_end(ended: EndedLease | Remainder) -> ProjectState | None:
    """How the project ends with this; None while it goes on. A cancelled project stays cancelled."""
    if ended.project_open_count or ended.project_state not in OPEN_STATES:
        return None
    return ProjectState.FAILED if ended.project_failed_count else ProjectState.DONE


def decide_nothing(state: ProjectState, counts: Counts, *, is_over: bool = False) -> NothingReady:
    """Whether asking again makes sense when nothing was ready: as long as a handle may still become so.

    `is_over`: the work on the share that was asked for has ended.
    """
    return NothingReady.OVER if is_over or state not in OPEN_STATES or counts.is_final else NothingReady.WAIT


def decide_order(state: ProjectState) -> Order:
    """What a worker is told that still has its lease."""
    if state in OPEN_STATES:
        return Order.CONTINUE
    return Order.STOP_NOW if state is ProjectState.CANCELLED else Order.FINISH_AND_STOP


def is_repeat(fate: Fate, report: Report) -> bool:
    """Whether the same worker has reported the same about this attempt before."""
    return not fate.is_live and fate.worker_id == report.worker_id and fate.outcome is report.outcome


def is_held(fate: Fate, worker_id: str) -> bool:
    """Whether the lease still holds, for this worker."""
    return fate.is_live and fate.worker_id == worker_id
