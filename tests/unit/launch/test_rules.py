"""What the room decides without a database."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from sutler.launch import (
    BatchJob,
    InvalidPlanError,
    JobCounts,
    JobState,
    JobStatus,
    LaunchPlan,
    ResourceRequest,
    UnknownBackendError,
)
from sutler.launch.model import decode_plan, encode_plan
from sutler.launch.rules import UNKNOWN_FOR, check_plan, count_jobs, has_failed, is_news, settle_status

NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
JOB = BatchJob("k", 1, "local:k/1", JobState.WAITING, None, None, "", "", None, None, NOON)
RUNNING = replace(JOB, state=JobState.RUNNING, host="here", started_at=NOON)


def test_a_plan_that_can_be_carried_out_passes() -> None:
    check_plan(LaunchPlan(("run", ""), 1, setup="x\ny", environment={"A_1": "any thing"}))


@pytest.mark.parametrize(
    ("plan", "where"),
    [
        (LaunchPlan(("run",), 0), "job_count"),
        (LaunchPlan((), 1), "arguments"),
        (LaunchPlan(("", "x"), 1), "arguments"),
        (LaunchPlan(("run", "a\0b"), 1), "arguments"),
        (LaunchPlan(("run",), 1, setup="a\0"), "setup"),
        (LaunchPlan(("run",), 1, environment={"A": "\0"}), "environment"),
        (LaunchPlan(("run",), 1, environment={"1A": ""}), "environment.1A"),
        (LaunchPlan(("run",), 1, environment={"A=B": ""}), "environment.A=B"),
        (LaunchPlan(("run",), 1, request=ResourceRequest(memory_bytes=0)), "request.memory_bytes"),
        (LaunchPlan(("run",), 1, request=ResourceRequest(run_seconds=float("inf"))), "request.run_seconds"),
        (LaunchPlan(("run",), 1, request=ResourceRequest(cpu_count=-1)), "request.cpu_count"),
    ],
)
def test_a_plan_that_cannot_be_carried_out_is_refused_and_says_where(plan: LaunchPlan, where: str) -> None:
    with pytest.raises(InvalidPlanError) as caught:
        check_plan(plan)
    assert [problem.where for problem in caught.value.problems] == [where]


def test_a_plan_comes_back_from_where_it_is_kept_as_it_was() -> None:
    request = ResourceRequest(memory_bytes=5, run_seconds=0.5)
    plan = LaunchPlan(("a", "b c"), 3, setup="s", environment={"A": "b"}, host="h", account="x", request=request)
    assert decode_plan(json.loads(json.dumps(encode_plan(plan)))) == plan


def test_a_plan_that_was_kept_before_there_were_requests_asks_for_nothing() -> None:
    kept = encode_plan(LaunchPlan(("a",), 1))
    del kept["request"]
    assert decode_plan(kept) == LaunchPlan(("a",), 1)


@pytest.mark.parametrize(
    ("state", "exit_code", "failed"),
    [
        (JobState.ENDED, 0, False),
        (JobState.ENDED, 3, True),
        (JobState.ENDED, None, True),
        (JobState.STOPPED, None, True),
        (JobState.STOPPED, 0, False),
        (JobState.LOST, None, True),
        (JobState.RUNNING, None, False),
    ],
)
def test_a_job_has_failed_if_it_is_over_without_exit_code_0(
    state: JobState, exit_code: int | None, failed: bool
) -> None:
    assert has_failed(replace(JOB, state=state, exit_code=exit_code)) is failed


def test_every_job_is_counted_once() -> None:
    jobs = [
        JOB,
        replace(JOB, state=JobState.UNKNOWN),
        replace(RUNNING, state=JobState.UNKNOWN),
        replace(RUNNING, state=JobState.PAUSED),
        replace(JOB, state=JobState.RUNNING),
        replace(JOB, state=JobState.HELD),
        replace(RUNNING, state=JobState.HELD),
        replace(JOB, state=JobState.LOST),
        replace(JOB, state=JobState.ENDED, exit_code=0),
    ]
    counts = count_jobs(jobs)
    assert counts == JobCounts(waiting_count=2, held_count=2, running_count=3, ended_count=2, failed_count=1)
    assert counts.total_count == len(jobs)


def test_a_look_keeps_what_was_known_where_the_back_end_is_silent() -> None:
    settled = settle_status(RUNNING, JobStatus(JOB.batch_job_id, JobState.ENDED, exit_code=0), NOON)
    assert (settled.host, settled.started_at, settled.ended_at) == ("here", NOON, NOON)


def test_a_look_keeps_the_peak_of_memory_that_was_seen_before() -> None:
    seen_before = replace(RUNNING, peak_memory_bytes=7)
    settled = settle_status(seen_before, JobStatus(JOB.batch_job_id, JobState.RUNNING), NOON)
    assert settled.peak_memory_bytes == 7


def test_a_job_that_is_not_mentioned_is_unknown_at_first() -> None:
    assert settle_status(RUNNING, None, NOON + timedelta(days=1)).state is JobState.UNKNOWN


def test_a_job_that_stays_unknown_is_lost_after_the_lag() -> None:
    unknown = replace(RUNNING, state=JobState.UNKNOWN, changed_at=NOON)
    soon, late = NOON + UNKNOWN_FOR - timedelta(seconds=1), NOON + UNKNOWN_FOR
    assert settle_status(unknown, None, soon).state is JobState.UNKNOWN
    lost = settle_status(unknown, None, late)
    assert (lost.state, lost.ended_at, lost.started_at) == (JobState.LOST, late, NOON)
    assert "10 minutes" in lost.reason


def test_only_a_difference_is_news() -> None:
    same = JobStatus(JOB.batch_job_id, JobState.RUNNING, host="here", started_at=NOON)
    assert not is_news(RUNNING, same)
    assert is_news(RUNNING, replace(same, reason="paused"))
    assert is_news(JOB, same)


def test_an_unknown_back_end_is_named_beside_the_known_ones() -> None:
    assert UnknownBackendError("pbs", ["slurm", "local"]).sentence.endswith("'pbs' here; known: local, slurm")
