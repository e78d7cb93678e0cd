"""What follows the end of a submission: a recovery, its dependants, or nothing, and why. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from sutler.campaigns.model import BatchStatus, Parameters, RecoveryMode, RecoveryType
from sutler.campaigns.rules.statuses import has_enough
from sutler.dispatch.model import Counts

STANDARD_LIMIT = 2
AGGRESSIVE_LIMIT = 10
VAIN_IN_A_ROW = 2
"""After so many recoveries in a row that got no file done, there are no more."""


@dataclass(frozen=True)
class Entry:
    """A recovery of the list that a submission was launched with."""

    recovery_type: RecoveryType
    parameter_overrides: Parameters = ()


@dataclass(frozen=True)
class MadeRecovery:
    """A recovery that came by itself: its place in the list, and how many files were done before it.

    One that `was_launched` counts against the limit; one that found no files when its turn came does not.
    """

    position: int
    done_before: int
    was_launched: bool = True


@dataclass(frozen=True)
class Family:
    """A submission with its recoveries, as its end is judged. `counts` are of all of them together.

    `counts` None: its files are known to its jobs alone. `is_forced`: somebody said that it is complete as it is, so
    that no more recoveries come and its dependants start. `ends_recoveries`: why none come by themselves any more,
    though the list may have more; empty if they may. `failed_ids` are the open ones whose launch failed.
    """

    submission_id: int
    stage: str
    counts: Counts | None
    completion_pct: float
    entries: tuple[Entry, ...] = ()
    made: tuple[MadeRecovery, ...] = ()
    mode: RecoveryMode = RecoveryMode.STANDARD
    recovery_limit: int | None = None
    batch_status: BatchStatus = BatchStatus.COMPLETED
    open_ids: tuple[int, ...] = ()
    failed_ids: tuple[int, ...] = ()
    is_forced: bool = False
    ends_recoveries: str = ""


@dataclass(frozen=True)
class Measure:
    """Nothing is decided until it is known how many files the entry at this place of the list has."""

    position: int


@dataclass(frozen=True)
class Recover:
    """Launch the entry at this place of the list."""

    position: int
    reason: str


@dataclass(frozen=True)
class StartDependants:
    """Launch the stages that depend on this one."""

    reason: str


@dataclass(frozen=True)
class Stop:
    """Nothing follows. `is_waiting`: not yet, and whatever ends next asks again."""

    reason: str
    is_waiting: bool = False


Decision = Measure | Recover | StartDependants | Stop


def decide_following(family: Family, sizes: Mapping[int, int]) -> Decision:
    """Say what follows. `sizes` are the numbers of files of entries by place, as far as they are known."""
    obstacle = _find_obstacle(family)
    if obstacle is not None:
        return obstacle
    if family.counts is None:
        return _decide_without_files(family)
    skipped: list[Entry] = []
    for position in list_positions(family):
        if position not in sizes:
            return Measure(position)
        entry = family.entries[position]
        if sizes[position]:
            reason = f"recovery {entry.recovery_type} of {sizes[position]} files"
            return Recover(position, _add_skipped(reason, skipped))
        skipped.append(entry)
    return _decide_dependants(family, family.counts, skipped)


def list_positions(family: Family) -> Sequence[int]:
    """Return the places of the entries whose turn it is, in the order in which they are tried; none when it is over."""
    count = len(family.entries)
    if not count or family.is_forced or family.ends_recoveries:
        return ()
    if sum(made.was_launched for made in family.made) >= get_limit(family):
        return ()
    start = family.made[-1].position + 1 if family.made else 0
    if family.mode is RecoveryMode.STANDARD:
        return range(start, count)
    assert family.counts is not None
    if has_enough(family.counts, completion_pct=family.completion_pct) or _is_in_vain(family, family.counts.done_count):
        return ()
    return [(start + step) % count for step in range(count)]


def get_limit(family: Family) -> int:
    """How many recoveries may come by themselves."""
    if family.recovery_limit is not None:
        return family.recovery_limit
    return STANDARD_LIMIT if family.mode is RecoveryMode.STANDARD else AGGRESSIVE_LIMIT


def _is_in_vain(family: Family, done_count: int) -> bool:
    before = [made.done_before for made in family.made if made.was_launched]
    if len(before) < VAIN_IN_A_ROW:
        return False
    steps = [*before, done_count][-VAIN_IN_A_ROW - 1 :]
    return all(later <= earlier for earlier, later in pairwise(steps))


def _find_obstacle(family: Family) -> Stop | None:
    if family.batch_status.is_called_off:
        return Stop(f"submission {family.submission_id} was {family.batch_status.value.lower()}")
    if family.open_ids:
        listed = ", ".join(map(str, family.open_ids))
        reason = f"what follows is decided when submission {listed} has ended"
        if family.failed_ids:
            failed = ", ".join(map(str, family.failed_ids))
            reason += f"; the launch of {failed} failed: retry it, or cancel it to go on without"
        return Stop(reason, is_waiting=True)
    return None


def _decide_dependants(family: Family, counts: Counts, skipped: Sequence[Entry]) -> Decision:
    if family.is_forced or has_enough(counts, completion_pct=family.completion_pct):
        reason = f"{counts.done_count} of {counts.total_count} files are done"
        return StartDependants(_add_skipped(reason, skipped))
    reason = _explain_too_few(family, counts)
    if family.ends_recoveries:
        reason += f"; no more recoveries come by themselves, as {family.ends_recoveries}"
    return Stop(_add_skipped(reason, skipped))


def _decide_without_files(family: Family) -> Decision:
    note = "its files are known to its jobs alone"
    if family.batch_status is BatchStatus.FAILED and not family.is_forced:
        return Stop(f"the jobs of submission {family.submission_id} failed, and {note}")
    return StartDependants(note + ("; recoveries are not possible" if family.entries else ""))


def _explain_too_few(family: Family, counts: Counts) -> str:
    return (
        f"only {counts.done_count} of {counts.total_count} files of submission {family.submission_id} "
        f"are done, and stage {family.stage} asks for {family.completion_pct:g} %"
    )


def _add_skipped(reason: str, skipped: Sequence[Entry]) -> str:
    if not skipped:
        return reason
    return f"{reason}; without files: {', '.join(entry.recovery_type for entry in skipped)}"


def name_recovery(*, original_id: int, number: int) -> str:
    """Return the launch key of a recovery that comes by itself."""
    return f"submission/{original_id}/recovery/{number}"


def name_follow(submission_id: int) -> str:
    """Return the key of the decision what follows a submission."""
    return f"submission/{submission_id}/follow"


def name_locate(submission_id: int) -> str:
    """Return the key of seeing that the outputs of a submission are there."""
    return f"submission/{submission_id}/locate"
