"""Batch jobs and what they wrote."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class BatchJob:
    """One batch job of a submission. `number` counts from 1 within the submission."""

    number: int
    batch_job_id: str
    state: str
    exit_code: int | None
    signal: int | None
    reason: str
    host: str
    started_at: datetime | None
    ended_at: datetime | None


@dataclass(frozen=True)
class JobOutput:
    """The text a batch job has written so far; `is_cut` says that only the end of it is here."""

    text: str
    is_cut: bool
