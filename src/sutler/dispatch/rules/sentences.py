"""The sentences of the room: why something waits, why a lease ended, why a report was not accepted."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from sutler.dispatch.model import (
    CopyTrouble,
    Counts,
    Fate,
    HandleState,
    Holders,
    Obstacle,
    Outcome,
    ProjectState,
    RecentRefusals,
    Report,
)
from sutler.dispatch.rules.checks import LONGEST_REASON, clean_text
from sutler.dispatch.rules.decisions import OPEN_STATES

_TROUBLES = {
    CopyTrouble.DISABLED: "which is disabled",
    CopyTrouble.DOWN: "which is down",
    CopyTrouble.ON_TAPE: "on tape and not staged yet",
    CopyTrouble.UNAVAILABLE: "where the copy is marked unavailable",
    CopyTrouble.TOO_FAR: "which workers there never read",
}


def choose_reason(report: Report) -> str:
    """The reason that is kept: a failure always has one."""
    is_silent = report.outcome is Outcome.FAILED and not report.reason.strip()
    return "The worker gave no reason." if is_silent else clean_text(report.reason[:LONGEST_REASON])


def explain_timeout(now: datetime) -> str:
    """The reason that is kept for a lease that ran out."""
    return f"The lease ran out: when its end was noticed at {now:%H:%M:%S} UTC, the worker had not renewed it."


def explain_job_loss() -> str:
    """The reason that is kept for a lease of a batch job that is gone."""
    return "The batch job of the worker ended without a report about this file."


def explain_restart(username: str) -> str:
    """The reason that is kept for a lease that a person ended."""
    return f"{username} put the file back."


def explain_move(username: str) -> str:
    """The reason that is kept for a lease that ended because its file went on in another share."""
    return f"The file was taken over by another share, for {username}."


def explain_closed(state: ProjectState, counts: Counts) -> str:
    """Say why a project cannot be opened again as it is, and what would help."""
    return f"{explain_end(counts)} The project stays {state}: put handles back to open it again."


def explain_kept(names: Sequence[str]) -> str:
    """Say which files cannot be taken out of a project, and why."""
    return f"Only files that nobody has and that are not final can be removed; these are not: {', '.join(names)}."


def explain_waiting(
    state: ProjectState, counts: Counts, holders: Holders, now: datetime, obstacles: Sequence[Obstacle] = ()
) -> str:
    """Say what the handles that are not final wait for, with counts, and what would unblock them."""
    if counts.is_final:
        return explain_end(counts)
    parts = [explain_state(state)] if state not in OPEN_STATES else []
    if counts.reserved_count:
        parts.append(_explain_reserved(counts.reserved_count, holders, now))
    parts += [_explain_obstacle(obstacle) for obstacle in obstacles]
    if counts.unlocated_count and not obstacles:
        parts.append(_explain_unlocated(counts.unlocated_count))
    if counts.resting_count:
        parts.append(_explain_resting(counts.resting_count, holders, now))
    blocked = [obstacle for obstacle in obstacles if obstacle.is_ready]
    ready_count = counts.initial_count - counts.unlocated_count - counts.resting_count
    ready_count -= sum(obstacle.count for obstacle in blocked)
    if any(obstacle.is_at_least for obstacle in blocked):
        pass  # nobody counted how many of the others are blocked as well
    elif ready_count > 0 and state in OPEN_STATES:
        parts.append(f"{_count_files(ready_count)} ready and {_verb(ready_count, 'waits', 'wait')} for a worker.")
    elif ready_count > 0:
        parts.append(f"{_count_files(ready_count)} not given out any more.")
    if counts.failed_count:
        parts.append(_explain_failed(counts.failed_count, holders.max_attempts))
    return " ".join(parts)


def explain_no_time(needed: timedelta, count: int, left: timedelta) -> str:
    """Say why a worker whose time runs out gets nothing."""
    return (
        f"A file takes up to {_show_span(needed)} (nine of ten of the last {count} did), "
        f"and the worker has {_show_span(left)} left: it could not finish one."
    )


def explain_refusals(refusals: RecentRefusals) -> str:
    """Say how many workers were refused in the last hour, who the last ones are and why; empty when there are none."""
    if not refusals.latest:
        return ""
    count = refusals.worker_count
    named = ", ".join(refusal.worker_id.strip() for refusal in refusals.latest)
    more = count - len(refusals.latest)
    return (
        f"{count} worker{_verb(count, ' was', 's were')} refused in the last hour: {named}"
        f"{f' and {more} more' if more else ''}. {_verb(count, 'The reason:', 'The last reason:')} "
        f"{refusals.latest[0].reason}"
    )


def explain_state(state: ProjectState) -> str:
    """Say that a project gives out nothing any more."""
    if state is ProjectState.CANCELLED:
        return "The project was cancelled."
    return f"The project is over: {state}."


def explain_lost(fate: Fate, worker_id: str) -> str:
    """Say why a lease is not the worker's any more, and who has the file now."""
    if fate.is_live:
        return f"Attempt {fate.attempt_id} belongs to worker {fate.worker_id}, not to {worker_id}."
    return f"{_explain_past(fate, worker_id)} {_explain_now(fate)}"


def explain_group(lost_ids: Sequence[int]) -> str:
    """Say why a report about a lease that holds was not accepted."""
    lost = ", ".join(str(attempt_id) for attempt_id in lost_ids)
    return f"The report stands for all its files or for none, and these attempts were lost: {lost}."


def _explain_past(fate: Fate, worker_id: str) -> str:
    whose = "" if fate.worker_id == worker_id else f" of worker {fate.worker_id}"
    how = {
        Outcome.DONE: "was reported done",
        Outcome.FAILED: "was reported failed",
        Outcome.TIMED_OUT: "timed out",
        Outcome.WORKER_LOST: "ended because its batch job was gone",
        Outcome.RESTARTED: "ended because somebody put the file back",
    }
    assert fate.outcome is not None
    assert fate.ended_at is not None
    return f"Attempt {fate.attempt_id}{whose} {how[fate.outcome]} at {fate.ended_at:%Y-%m-%d %H:%M:%S} UTC."


def _explain_now(fate: Fate) -> str:
    if fate.state_now is HandleState.RESERVED and fate.reserved_at_now is not None:
        return f"The file is with worker {fate.worker_now} since {fate.reserved_at_now:%Y-%m-%d %H:%M:%S} UTC."
    if fate.state_now is HandleState.INITIAL:
        return "The file waits to be given out again."
    if fate.state_now is None:
        return "The file is not in the project any more."
    return f"The file is {fate.state_now} now."


def explain_end(counts: Counts, gone_count: int = 0) -> str:
    """Say how it ended, beside the files that a share counted and that went on in another one."""
    if gone_count:
        ended = f"{counts.done_count} done, {counts.failed_count} failed"
        return f"Nothing is left to do here: {ended}. {explain_gone(gone_count)}"
    if not counts.failed_count:
        return f"All {counts.total_count} files are done." if counts.total_count != 1 else "The only file is done."
    return (
        f"Nothing is left to do: of {counts.total_count} files {counts.done_count} are done, "
        f"{counts.failed_count} failed."
    )


def explain_gone(count: int) -> str:
    """Say how many files of a share wait in another one; empty when there are none."""
    return f"{count} file{_verb(count, ' was', 's were')} taken over by another share." if count else ""


def explain_over(counts: Counts, gone_count: int) -> str:
    """Say that the workers of a share get nothing more although it has files that are not final."""
    parts = ["The work on this share is over: its workers get nothing more."]
    if counts.reserved_count:
        parts.append(f"{_count_files(counts.reserved_count)} still reserved and can be reported.")
    if counts.initial_count:
        parts.append(f"{_count_files(counts.initial_count)} left for others to claim.")
    return " ".join([*parts, *([explain_gone(gone_count)] if gone_count else [])])


def explain_interrupted(state: ProjectState) -> str:
    """Say why nothing came of a claim although there were files for it."""
    return f"{explain_state(state)} That was while its files were being claimed, and nothing of them was."


def explain_nothing_to_claim(state: ProjectState, counts: Counts, owned_count: int) -> str:
    """Say with counts why a project has no file for a new share."""
    if counts.is_final:
        return f"There is no file to claim. {explain_end(counts)}"
    over = f" {explain_state(state)}" if state not in OPEN_STATES else ""
    return (
        f"There is no file to claim.{over} Of {counts.total_count} file{_verb(counts.total_count, '', 's')} "
        f"{counts.done_count} {_verb(counts.done_count, 'is', 'are')} done, {counts.failed_count} failed, "
        f"{counts.reserved_count} {_verb(counts.reserved_count, 'is', 'are')} reserved, and "
        f"{owned_count} {_verb(owned_count, 'belongs', 'belong')} to work that goes on."
    )


def _explain_reserved(count: int, holders: Holders, now: datetime) -> str:
    least = "at least " if holders.is_at_least else ""
    workers = f"{least}{holders.worker_count} worker{'' if holders.worker_count == 1 else 's'}"
    until = "none of the leases has an end"
    if holders.next_end_at is not None:
        until = f"unless it is renewed, the next lease ends at {_show_instant(holders.next_end_at, now)} UTC"
    return f"{_count_files(count)} reserved by {workers}; {until}."


def _explain_obstacle(obstacle: Obstacle) -> str:
    files = f"{'at least ' if obstacle.is_at_least else ''}{obstacle.count} file{'' if obstacle.count == 1 else 's'}"
    if obstacle.is_passing:
        has = _verb(obstacle.count, "has", "have")
        return f"{_capitalize(files)} {has} got a usable replica and will be ready in a moment."
    if not obstacle.troubles:
        return f"{_capitalize(files)} {_verb(obstacle.count, 'has', 'have')} no known replica: one would make it ready."
    troubles = " and ".join(f"{rse}, {_TROUBLES[trouble]}" for rse, trouble in obstacle.troubles)
    return f"{_capitalize(files)} {_verb(obstacle.count, 'is', 'are')} only on {troubles}."


def _explain_failed(count: int, max_attempts: int | None) -> str:
    limit = "" if max_attempts is None else f" (the project allows {max_attempts} attempt{'s' * (max_attempts != 1)})"
    return f"{count} file{'' if count == 1 else 's'} failed for good{limit}."


def _show_span(span: timedelta) -> str:
    seconds = round(span.total_seconds())
    if seconds < 120:
        return f"{seconds} s"
    return f"{seconds // 60} min" if seconds < 7200 else f"{seconds // 3600} h {seconds % 3600 // 60} min"


def _capitalize(text: str) -> str:
    return text[:1].upper() + text[1:]


def _explain_unlocated(count: int) -> str:
    has = _verb(count, "has", "have")
    return (
        f"{count} file{'' if count == 1 else 's'} {has} no usable replica: "
        "one on an RSE that is enabled and available would make it ready."
    )


def _explain_resting(count: int, holders: Holders, now: datetime) -> str:
    until = ""
    if holders.next_wake_at is not None:
        until = f": the {'only' if count == 1 else 'first'} one until {_show_instant(holders.next_wake_at, now)} UTC"
    return f"{count} file{'' if count == 1 else 's'} {_verb(count, 'pauses', 'pause')} after a failure{until}."


def _show_instant(at: datetime, now: datetime) -> str:
    return f"{at:{'%H:%M' if at.date() == now.date() else '%Y-%m-%d %H:%M'}}"


def _count_files(count: int) -> str:
    return "1 file is" if count == 1 else f"{count} files are"


def _verb(count: int, singular: str, plural: str) -> str:
    return singular if count == 1 else plural
