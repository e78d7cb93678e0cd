"""The words of a submission: which may follow which, by themselves or by hand, and what its jobs make of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Final

from sutler.campaigns.model import BatchStatus, SubmissionStatus
from sutler.dispatch.model import Counts
from sutler.launch.model import JobState, Launch, LaunchState

_UNDER_WAY = frozenset({BatchStatus.IDLE, BatchStatus.RUNNING, BatchStatus.HELD})
_ENDS = frozenset(
    {BatchStatus.FAILED, BatchStatus.COMPLETED, BatchStatus.LOCATED, BatchStatus.CANCELLED, BatchStatus.REMOVED}
)
_BEFORE = _UNDER_WAY | _ENDS | {BatchStatus.LAUNCH_FAILED}
_CALLED_OFF = frozenset({BatchStatus.CANCELLED, BatchStatus.REMOVED})
_NOTHING: Final[frozenset[BatchStatus]] = frozenset()

AUTOMATIC: Final[Mapping[BatchStatus, frozenset[BatchStatus]]] = {
    BatchStatus.NEW: _BEFORE,
    BatchStatus.APPROVED: _BEFORE,
    BatchStatus.AWAITING_APPROVAL: _CALLED_OFF,
    BatchStatus.LAUNCH_FAILED: _BEFORE,
    BatchStatus.IDLE: _BEFORE,
    BatchStatus.RUNNING: _BEFORE,
    BatchStatus.HELD: _BEFORE,
    BatchStatus.FAILED: frozenset({BatchStatus.COMPLETED, BatchStatus.LOCATED}),
    BatchStatus.COMPLETED: frozenset({BatchStatus.LOCATED}),
    BatchStatus.LOCATED: _NOTHING,
    BatchStatus.CANCELLED: _NOTHING,
    BatchStatus.REMOVED: _NOTHING,
}
"""What may become of the word of the jobs without anybody's doing. A launch that failed may still be found running."""

_FORCED = frozenset({BatchStatus.COMPLETED, BatchStatus.CANCELLED, BatchStatus.REMOVED})

BY_HAND: Final[Mapping[BatchStatus, frozenset[BatchStatus]]] = {
    BatchStatus.NEW: _FORCED,
    BatchStatus.APPROVED: _FORCED,
    BatchStatus.AWAITING_APPROVAL: _FORCED,
    BatchStatus.LAUNCH_FAILED: _FORCED | {BatchStatus.NEW},
    BatchStatus.IDLE: _FORCED,
    BatchStatus.RUNNING: _FORCED,
    BatchStatus.HELD: _FORCED,
    BatchStatus.FAILED: frozenset({BatchStatus.COMPLETED, BatchStatus.LOCATED}),
    BatchStatus.COMPLETED: frozenset({BatchStatus.LOCATED, BatchStatus.CANCELLED, BatchStatus.REMOVED}),
    BatchStatus.LOCATED: _NOTHING,
    BatchStatus.CANCELLED: frozenset({BatchStatus.COMPLETED}),
    BatchStatus.REMOVED: frozenset({BatchStatus.COMPLETED}),
}
"""What somebody may make of the word of the jobs."""

FILES: Final[Mapping[SubmissionStatus, frozenset[SubmissionStatus]]] = {
    SubmissionStatus.CREATED: frozenset({SubmissionStatus.COMPLETED, SubmissionStatus.COMPLETED_WITH_FAILURES}),
    SubmissionStatus.COMPLETED: frozenset(),
    SubmissionStatus.COMPLETED_WITH_FAILURES: frozenset(),
}
"""What may become of the word of the files. Only a retry of the launch goes back to Created."""


def may_become(old: StrEnum, new: StrEnum, *, by_hand: bool = False) -> bool:
    """Whether a word may become another one. The same word again is no change, and may always be."""
    if old == new:
        return True
    if isinstance(old, SubmissionStatus):
        return new in FILES[old]
    return new in (BY_HAND if by_hand else AUTOMATIC)[BatchStatus(old)]


def has_enough(counts: Counts, *, completion_pct: float) -> bool:
    """Whether as many files are done as a stage asks for. Only done ones count, and of none there are never enough."""
    return counts.total_count > 0 and 100 * counts.done_count >= completion_pct * counts.total_count


def decide_word(
    launch: Launch,
    *,
    job_states: Sequence[JobState],
    called_off_as: BatchStatus | None,
    counts: Counts | None,
    completion_pct: float,
    is_recovery: bool,
) -> BatchStatus:
    """Say in one word how the launch and the jobs of a submission are. `job_states` matter once all jobs are over.

    Enough done files make it Completed while jobs still run. A recovery is never Failed: it got the files that had
    gone wrong before. Without counts nothing is known of the files here.
    """
    if launch.state is LaunchState.FAILED:
        return BatchStatus.LAUNCH_FAILED
    if launch.state is LaunchState.INTENDED:
        return BatchStatus.NEW
    is_enough = counts is not None and has_enough(counts, completion_pct=completion_pct)
    if launch.state is LaunchState.ENDED:
        return called_off_as or _decide_end(launch, job_states, counts, is_good=is_enough or is_recovery)
    return BatchStatus.COMPLETED if is_enough else _describe_jobs(launch)


def _describe_jobs(launch: Launch) -> BatchStatus:
    if launch.running_count:
        return BatchStatus.RUNNING
    return BatchStatus.HELD if launch.held_count else BatchStatus.IDLE


def _decide_end(launch: Launch, job_states: Sequence[JobState], counts: Counts | None, *, is_good: bool) -> BatchStatus:
    are_files_over = counts is not None and counts.is_final
    if job_states and not are_files_over and all(state is JobState.STOPPED for state in job_states):
        return BatchStatus.CANCELLED
    well_count = launch.ended_count - launch.failed_count
    has_failed = launch.failed_count > 0 and 2 * launch.failed_count >= well_count
    return BatchStatus.FAILED if has_failed and not is_good else BatchStatus.COMPLETED


def explain_enough(counts: Counts, *, stage: str, completion_pct: float) -> str:
    """Say why a submission is complete although some of its files are not."""
    return (
        f"{counts.done_count} of {counts.total_count} files done, which is the {completion_pct:g} % that stage "
        f"{stage} asks for"
    )


def explain_calling_off(word: BatchStatus, username: str, reason: str) -> str:
    """Say who called a submission off, and why if that was said."""
    return f"{word.value.lower()} by {username}" + (f": {reason}" if reason else "")
