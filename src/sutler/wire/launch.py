"""Batch jobs and what they wrote."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class BatchJob:
    """One batch job of a submission. `number` counts from 1 within the submission.

    `cause` is what ended a job that did not end by itself: `memory` or `time`, of which it used more than it asked for,
    `stopped`, or `signal` for anything else; it is empty where nothing did, or nobody knows. `peak_memory_bytes` is the
    most that all its processes used at once, null where the back-end does not see it.
    """

    number: int
    batch_job_id: str
    state: str
    exit_code: int | None
    signal: int | None
    reason: str
    host: str
    started_at: datetime | None
    ended_at: datetime | None
    cause: str = ""
    peak_memory_bytes: int | None = None


@dataclass(frozen=True)
class JobOutput:
    """The text a batch job has written so far; `is_cut` says that only the end of it is here."""

    text: str
    is_cut: bool
