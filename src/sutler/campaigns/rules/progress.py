"""How a submission stands: its files, its jobs, what both say in a sentence."""

from __future__ import annotations

from datetime import timedelta

from sutler.campaigns.model import SubmissionStatus
from sutler.catalog.model import Undeclared
from sutler.dispatch.model import Counts
from sutler.launch.model import Launch, LaunchState

FIRST_RETRY_PAUSE = timedelta(seconds=5)
LONGEST_RETRY_PAUSE = timedelta(minutes=10)


def decide_completion(counts: Counts, *, jobs_are_over: bool) -> SubmissionStatus | None:
    """Say how a submission ended, or None while it goes on.

    It ends when every owned file is final, or when no job is left that could process one; then it is `Completed` only
    if every file is done.
    """
    if not counts.is_final and not jobs_are_over:
        return None
    is_clean = counts.done_count == counts.total_count
    return SubmissionStatus.COMPLETED if is_clean else SubmissionStatus.COMPLETED_WITH_FAILURES


def explain_undeclared(undeclared: Undeclared) -> str:
    """Say in one sentence how many outputs are not declared where they should be, why, and what helps."""
    parts = []
    if undeclared.pending_count:
        why = undeclared.reason.rstrip(".") or "they are on their way"
        parts.append(f"{undeclared.pending_count} outputs are not yet declared to {undeclared.place}: {why}.")
    if undeclared.refused_count:
        parts.append(
            f"{undeclared.place} refused {undeclared.refused_count} outputs: {undeclared.refusal.rstrip('.')}. "
            "When the cause is repaired, retry the declarations of the experiment."
        )
    return " ".join(parts)


def decide_retry_pause(tries: int) -> timedelta:
    """How long to leave what was tried in vain so often: twice as long each time, up to ten minutes."""
    return min(FIRST_RETRY_PAUSE * (1 << min(tries, 10)), LONGEST_RETRY_PAUSE)


def name_dependant(*, submission_id: int, dependency_id: int) -> str:
    """Return the launch key of a dependant. No key that a caller sends looks like it: those begin with a number."""
    return f"submission/{submission_id}/dependency/{dependency_id}"


def explain_cancellation(username: str, reason: str) -> str:
    """Say who cancelled, and why if that was said."""
    return f"cancelled by {username}" + (f": {reason}" if reason else "")


def describe_launch(launch: Launch, trouble: str = "") -> str:
    """Say in one sentence what the batch side of an open submission does. `trouble` is why it was not handed over."""
    if launch.state is LaunchState.INTENDED:
        why = trouble or launch.failure
        return f"The launch has not reached the batch system yet{': ' + why if why else '.'}"
    parts = [
        f"{count} {word}"
        for count, word in (
            (launch.running_count, "running"),
            (launch.waiting_count, "waiting in the queue"),
            (launch.held_count, "held"),
            (launch.ended_count, "ended"),
        )
        if count
    ]
    return f"Jobs: {', '.join(parts)}." if parts else "No job has been seen yet."
