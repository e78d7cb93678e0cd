"""Decisions of the room: which plans make sense, how batch jobs are counted and told, when one is lost. Pure."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from dataclasses import asdict, fields, replace
from datetime import datetime, timedelta

from sutler.base.errors import Problem
from sutler.launch.errors import InvalidPlanError
from sutler.launch.model import BatchJob, JobCounts, JobState, JobStatus, LaunchPlan

UNKNOWN_FOR = timedelta(minutes=10)
"""How long a back-end may not see a batch job before the job counts as lost."""

_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def check_plan(plan: LaunchPlan) -> None:
    """Raise InvalidPlanError, with everything that is wrong, unless a back-end could carry the plan out."""
    problems = []
    if plan.job_count < 1:
        problems.append(Problem("job_count", "a launch needs at least one batch job"))
    if not plan.arguments or not plan.arguments[0]:
        problems.append(Problem("arguments", "the first argument names the program and may not be empty"))
    problems += [
        Problem(f"environment.{name}", "the name of a variable has letters, digits and _, and no digit in front")
        for name in plan.environment
        if not _VARIABLE.fullmatch(name)
    ]
    texts = {
        "setup": plan.setup,
        "arguments": "".join(plan.arguments),
        "environment": "".join(plan.environment.values()),
    }
    problems += [Problem(where, "may not hold a NUL character") for where, text in texts.items() if "\0" in text]
    problems += [
        Problem(f"request.{name}", "must be more than nothing")
        for name, amount in asdict(plan.request).items()
        if amount is not None and not 0 < amount < math.inf
    ]
    if problems:
        raise InvalidPlanError(problems)


def has_failed(job: BatchJob) -> bool:
    """Whether the batch job is over and did not end with exit code 0."""
    return job.state.is_final and job.exit_code != 0


def count_jobs(jobs: Iterable[BatchJob]) -> JobCounts:
    """Count batch jobs by state. A paused one counts as running, one that cannot be seen as what it was last."""
    numbers = dict.fromkeys(("waiting_count", "held_count", "running_count", "ended_count", "failed_count"), 0)
    for job in jobs:
        numbers[_counter(job)] += 1
        numbers["failed_count"] += has_failed(job)
    return JobCounts(**numbers)


def _counter(job: BatchJob) -> str:
    if job.state.is_final:
        return "ended_count"
    if job.state is JobState.HELD:
        return "held_count"
    return "waiting_count" if job.started_at is None and job.state is not JobState.RUNNING else "running_count"


def settle_status(job: BatchJob, seen: JobStatus | None, now: datetime) -> JobStatus:
    """Return what to keep of a batch job after a look: what was seen, beside what was known before.

    A batch job that the back-end does not see (or did not mention) is unknown, and lost after `UNKNOWN_FOR`.
    """
    status = seen or JobStatus(job.batch_job_id, JobState.UNKNOWN)
    status = replace(
        status,
        host=status.host or job.host,
        started_at=status.started_at or job.started_at,
        peak_memory_bytes=status.peak_memory_bytes or job.peak_memory_bytes,
        ended_at=status.ended_at or (now if status.state.is_final else None),
    )
    unseen_since = job.changed_at if job.state is JobState.UNKNOWN else now
    if status.state is JobState.UNKNOWN and unseen_since is not None and now - unseen_since >= UNKNOWN_FOR:
        minutes = int(UNKNOWN_FOR.total_seconds() // 60)
        reason = status.reason or f"The back-end has not seen it for {minutes} minutes."
        return replace(status, state=JobState.LOST, reason=reason, ended_at=now)
    return status


def is_news(job: BatchJob, status: JobStatus) -> bool:
    """Whether a status says anything of a batch job that is not kept yet."""
    return any(getattr(job, part.name) != getattr(status, part.name) for part in fields(JobStatus))
