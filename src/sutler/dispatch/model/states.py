"""The states of the room and what else is one of a few words."""

from __future__ import annotations

from enum import Enum, StrEnum
from typing import Final


class ProjectState(StrEnum):
    """Where a project is in its life."""

    ACTIVE = "active"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"
    ABANDONED = "abandoned"


class HandleState(StrEnum):
    """Where a file of a project is in its life."""

    INITIAL = "initial"
    RESERVED = "reserved"
    DONE = "done"
    FAILED = "failed"


class Outcome(StrEnum):
    """How a lease ended."""

    DONE = "done"
    FAILED = "failed"
    TIMED_OUT = "timed_out"
    WORKER_LOST = "worker_lost"
    RESTARTED = "restarted"


class Order(StrEnum):
    """What a worker is told when it renews."""

    CONTINUE = "continue"
    FINISH_AND_STOP = "finish_and_stop"
    STOP_NOW = "stop_now"


class DispatchEvent(StrEnum):
    """What can happen in this room, with the facts of each event."""

    PROJECT_CREATED = "dispatch.project_created"  # count, source where it is a copy
    PROJECT_ENDED = "dispatch.project_ended"  # state
    PROJECT_CANCELLED = "dispatch.project_cancelled"  # reason
    PROJECT_ACTIVATED = "dispatch.project_activated"  # state before
    PROJECT_ABANDONED = "dispatch.project_abandoned"  # no facts
    PROJECT_ALTERED = "dispatch.project_altered"  # changed, added, removed
    PROJECT_DELETED = "dispatch.project_deleted"  # state, count
    HANDLES_RESERVED = "dispatch.handles_reserved"  # workers, attempts
    HANDLES_RELEASED = "dispatch.handles_released"  # workers, attempts, outcome, state
    HANDLES_LOCATED = "dispatch.handles_located"  # count
    HANDLES_RELOCATED = "dispatch.handles_relocated"  # count, unlocated
    HANDLES_RESTARTED = "dispatch.handles_restarted"  # count
    HANDLES_RESTED = "dispatch.handles_rested"  # count
    HANDLES_FINISHED = "dispatch.handles_finished"  # share, count, reason
    SHARE_STARTED = "dispatch.share_started"  # share, count
    SHARE_FINISHED = "dispatch.share_finished"  # project


class Keep(Enum):
    """Says that something stays as it is, where None means that there is none."""

    KEEP = "keep"


KEEP: Final = Keep.KEEP


class NothingReady(StrEnum):
    """Why a worker got nothing."""

    WAIT = "wait"
    OVER = "over"
    NO_TIME = "no_time"


class CopyTrouble(StrEnum):
    """Why a copy cannot be read."""

    DISABLED = "disabled"
    DOWN = "down"
    ON_TAPE = "on_tape"
    UNAVAILABLE = "unavailable"
    TOO_FAR = "too_far"
