"""Launches from intention to end, with a real database and real processes."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

import pytest
from structlog.testing import capture_logs
from tests.contract.backends.beds import UNTIL_FILE, LocalBed, shell_plan, wait_for_end, wait_until
from tests.integration.launch.conftest import Launching

from sutler.base.clock import MovableClock
from sutler.database import AlreadyExistsError, Database
from sutler.launch import (
    BackendFailedError,
    BatchJobNotFoundError,
    InvalidPlanError,
    JobCause,
    JobCounts,
    JobState,
    JobStatus,
    Launch,
    LaunchNotFoundError,
    LaunchPlan,
    LaunchState,
    LocalBackend,
    ResourceRequest,
    UnknownBackendError,
    claim_unsubmitted,
    get_backend,
    get_launch_in,
    list_jobs_in,
    poll_launches,
    read_output,
    stop_launch,
    submit_launch,
)
from sutler.launch.rules import UNKNOWN_FOR

KEY = "submission/815"


class SilentBackend(LocalBackend):
    """A back-end that cannot be asked while it is silent."""

    is_silent = True

    async def look(self, batch_job_ids: Sequence[str]) -> list[JobStatus]:
        """Fail, or look."""
        if self.is_silent:
            raise BackendFailedError("local", "nobody is home")
        return await super().look(batch_job_ids)

    async def stop(self, batch_job_ids: Sequence[str], reason: str) -> list[str]:
        """Fail, or stop."""
        if self.is_silent:
            raise BackendFailedError("local", "nobody is home")
        return await super().stop(batch_job_ids, reason)


async def get(db: Database, key: str = KEY) -> Launch:
    """Read a launch."""
    async with db.read() as tx:
        return await get_launch_in(tx, key=key)


async def poll_until_ended(db: Database, local: LocalBed, key: str = KEY) -> Launch:
    """Poll until the launch has ended."""

    async def has_ended() -> bool:
        await poll_launches(db, {"local": local.backend})
        return (await get(db, key)).state is LaunchState.ENDED

    await wait_until(has_ended, "the end of the launch")
    return await get(db, key)


@pytest.mark.row(51)
async def test_a_launch_goes_from_intended_to_ended(
    db: Database, launching: Launching, local: LocalBed, tmp_path: Path
) -> None:
    go = tmp_path / "go"
    await launching.intend(KEY, shell_plan(f"{UNTIL_FILE}; exit ${{SUTLER_BATCH_JOB_ID##*/}}", str(go), job_count=3))
    assert (await get(db)).state is LaunchState.INTENDED
    launch = await submit_launch(db, {"local": local.backend}, key=KEY, secrets={})
    assert (launch.state, launch.waiting_count, launch.submitted_at) == (LaunchState.SUBMITTED, 3, launch.intended_at)

    async def two_run() -> bool:
        await poll_launches(db, {"local": local.backend})
        return (await get(db)).counts == JobCounts(running_count=2, waiting_count=1)

    await wait_until(two_run, "two running jobs")
    go.touch()
    launch = await poll_until_ended(db, local)
    assert launch.counts == JobCounts(ended_count=3, failed_count=3)
    async with db.read() as tx:
        jobs = await list_jobs_in(tx, key=KEY)
    assert [(job.number, job.state, job.exit_code) for job in jobs] == [
        (number, JobState.ENDED, number) for number in (1, 2, 3)
    ]
    assert all(job.started_at and job.ended_at and job.host for job in jobs)


@pytest.mark.row(51, 52)
async def test_events_tell_the_whole_story(db: Database, launching: Launching, local: LocalBed) -> None:
    await launching.intend(KEY, shell_plan("exit 2"))
    launch = await submit_launch(db, {"local": local.backend}, key=KEY, secrets={})
    await wait_for_end(local.backend, [f"local:{KEY}/1"])
    assert await poll_launches(db, {"local": local.backend}) == 1
    assert launch.plan.arguments == shell_plan("exit 2").arguments
    assert await launching.list_events(KEY) == [
        ("launch_intended", {"backend": "local", "count": 1, "retry": False}),
        ("launch_submitted", {"batch_job_ids": [f"local:{KEY}/1"]}),
        ("jobs_changed", {"waiting": 0, "held": 0, "running": 0, "ended": 1, "failed": 1}),
        ("launch_ended", {"ended": 1, "failed": 1}),
    ]


async def test_a_poll_without_news_writes_nothing(
    db: Database, launching: Launching, local: LocalBed, tmp_path: Path
) -> None:
    await launching.intend(KEY, shell_plan(UNTIL_FILE, str(tmp_path / "go")))
    await submit_launch(db, {"local": local.backend}, key=KEY, secrets={})

    async def runs() -> bool:
        await poll_launches(db, {"local": local.backend})
        return (await get(db)).running_count == 1

    await wait_until(runs, "a running job")
    events = await launching.list_events(KEY)
    assert await poll_launches(db, {"local": local.backend}) == 0
    assert await launching.list_events(KEY) == events
    (tmp_path / "go").touch()
    await poll_until_ended(db, local)
    assert await poll_launches(db, {"local": local.backend}) == 0


async def test_polls_of_many_launches_at_once_agree(db: Database, launching: Launching, local: LocalBed) -> None:
    keys = [f"submission/{number}" for number in range(5)]
    for key in keys:
        await launching.intend(key, shell_plan("exit 0", job_count=2))
        await submit_launch(db, {"local": local.backend}, key=key, secrets={})
    await wait_for_end(local.backend, [f"local:{key}/{number}" for key in keys for number in (1, 2)])
    changed = await asyncio.gather(*(poll_launches(db, {"local": local.backend}) for _ in range(3)))
    assert sum(changed) == 10
    for key in keys:
        assert (await get(db, key)).counts == JobCounts(ended_count=2)
        kinds = [kind for kind, _ in await launching.list_events(key)]
        assert kinds.count("launch_ended") == 1
        assert kinds.count("jobs_changed") == 1


async def test_a_back_end_that_does_not_answer_changes_nothing_but_the_log(
    db: Database, launching: Launching, local: LocalBed
) -> None:
    silent = SilentBackend(local.directory, slots=2)
    await launching.intend(KEY, shell_plan("exit 0"))
    await submit_launch(db, {"local": silent}, key=KEY, secrets={})
    await wait_for_end(local.backend, [f"local:{KEY}/1"])
    with capture_logs() as logs:
        assert await poll_launches(db, {"local": silent}) == 0
    assert [(entry["event"], entry["log_level"]) for entry in logs] == [("launch_poll_failed", "warning")]
    assert (await get(db)).counts == JobCounts(waiting_count=1)
    silent.is_silent = False
    assert await poll_launches(db, {"local": silent}) == 1


async def test_a_back_end_that_is_gone_does_not_keep_the_others_from_being_polled(
    db: Database, launching: Launching, local: LocalBed
) -> None:
    gone = LocalBackend(local.directory / "gone", slots=1)
    await launching.intend("a", shell_plan("exit 0"), backend="gone")
    await submit_launch(db, {"gone": gone}, key="a", secrets={})
    await launching.intend("b", shell_plan("exit 0"))
    await submit_launch(db, {"local": local.backend}, key="b", secrets={})
    await wait_for_end(local.backend, ["local:b/1"])
    await wait_for_end(gone, ["local:a/1"])
    assert await poll_launches(db, {"local": local.backend}) == 1
    assert (await get(db, "b")).state is LaunchState.ENDED


async def test_a_job_that_its_back_end_no_longer_sees_is_lost_after_a_while(
    db: Database, launching: Launching, local: LocalBed, clock: MovableClock
) -> None:
    await launching.intend(KEY, shell_plan("exit 0"))
    await submit_launch(db, {"local": local.backend}, key=KEY, secrets={})
    await wait_for_end(local.backend, [f"local:{KEY}/1"])
    emptied = LocalBackend(local.directory / "another", slots=2)
    assert await poll_launches(db, {"local": emptied}) == 1
    assert (await get(db)).counts == JobCounts(waiting_count=1)
    clock.advance(UNKNOWN_FOR)
    assert await poll_launches(db, {"local": emptied}) == 1
    launch = await get(db)
    assert (launch.state, launch.counts) == (LaunchState.ENDED, JobCounts(ended_count=1, failed_count=1))


@pytest.mark.row(52)
async def test_a_refused_launch_is_failed_with_the_words_of_the_back_end(
    db: Database, launching: Launching, tmp_path: Path
) -> None:
    (tmp_path / "in the way").touch()
    await launching.intend(KEY, shell_plan("exit 0"))
    backends = {"local": LocalBackend(tmp_path / "in the way")}
    launch = await submit_launch(db, backends, key=KEY, secrets={})
    assert launch.state is LaunchState.FAILED
    assert "cannot be written" in launch.failure
    assert (await launching.list_events(KEY))[-1] == ("launch_failed", {"reason": launch.failure})
    assert await submit_launch(db, backends, key=KEY, secrets={}) == launch
    assert await stop_launch(db, backends, key=KEY, reason="too late") == launch


@pytest.mark.row(52)
async def test_a_launch_for_an_unknown_back_end_is_failed_and_names_the_known_ones(
    db: Database, launching: Launching, local: LocalBed
) -> None:
    await launching.intend(KEY, shell_plan("exit 0"), backend="pbs")
    launch = await submit_launch(db, {"local": local.backend}, key=KEY, secrets={})
    assert launch.state is LaunchState.FAILED
    assert "'pbs' here; known: local" in launch.failure
    with pytest.raises(UnknownBackendError):
        get_backend({"local": local.backend}, "pbs")


@pytest.mark.row(52)
async def test_jobs_that_end_at_once_say_why_in_a_clause(db: Database, launching: Launching, local: LocalBed) -> None:
    plans = {
        "setup": shell_plan("exit 0", setup="echo no such release >&2; exit 3"),
        "program": LaunchPlan(("/no/such/program",), 1),
        "command": shell_plan("echo bad geometry; exit 4"),
    }
    for key, plan in plans.items():
        await launching.intend(key, plan)
        assert (await submit_launch(db, {"local": local.backend}, key=key, secrets={})).state is LaunchState.SUBMITTED
    reasons = {}
    for key in plans:
        assert (await poll_until_ended(db, local, key)).counts == JobCounts(ended_count=1, failed_count=1)
        async with db.read() as tx:
            [job] = await list_jobs_in(tx, key=key)
        reasons[key] = (job.exit_code, job.reason)
    assert reasons == {
        "setup": (3, "the login setup ended with 3: no such release"),
        "program": (127, "the program /no/such/program was not found"),
        "command": (4, "ended with 4: bad geometry"),
    }


@pytest.mark.row(49)
async def test_output_is_there_while_the_job_runs_and_kept_after_its_end(
    db: Database, launching: Launching, local: LocalBed, tmp_path: Path
) -> None:
    backends = {"local": local.backend}
    await launching.intend(KEY, shell_plan(f"echo begun; {UNTIL_FILE}; echo done", str(tmp_path / "go")))
    await submit_launch(db, backends, key=KEY, secrets={})

    async def has_begun() -> bool:
        return (await read_output(db, backends, key=KEY, number=1)).text == "begun\n"

    await wait_until(has_begun, "the first words")
    await poll_launches(db, backends)
    assert (await get(db)).running_count == 1
    (tmp_path / "go").touch()
    await poll_until_ended(db, local)
    assert (await read_output(db, backends, key=KEY, number=1)).text == "begun\ndone\n"


async def test_what_ended_a_job_and_its_peak_of_memory_are_kept(
    db: Database, launching: Launching, local: LocalBed
) -> None:
    greedy = LaunchPlan(
        (sys.executable, "-c", "import time; kept = b'x' * 100_000_000; time.sleep(60)"),
        1,
        request=ResourceRequest(memory_bytes=50_000_000),
    )
    await launching.intend(KEY, greedy)
    launch = await submit_launch(db, {"local": local.backend}, key=KEY, secrets={})
    assert launch.plan == greedy
    await poll_until_ended(db, local)
    async with db.read() as tx:
        [job] = await list_jobs_in(tx, key=KEY)
    assert (job.state, job.cause) == (JobState.ENDED, JobCause.MEMORY)
    assert job.peak_memory_bytes is not None
    assert job.peak_memory_bytes > 50_000_000
    assert job.reason.endswith("of the 50 MB of memory it asked for")


async def test_an_impossible_plan_is_not_intended(db: Database, launching: Launching) -> None:
    with pytest.raises(InvalidPlanError):
        await launching.intend(KEY, LaunchPlan((), 1))
    with pytest.raises(LaunchNotFoundError):
        await get(db)


async def test_a_key_is_intended_once(launching: Launching) -> None:
    await launching.intend(KEY, shell_plan("exit 0"))
    with pytest.raises(AlreadyExistsError):
        await launching.intend(KEY, shell_plan("exit 0"))


async def test_launches_that_wait_too_long_for_submission_are_listed_oldest_first(
    db: Database, launching: Launching, local: LocalBed, clock: MovableClock
) -> None:
    await launching.intend("old", shell_plan("exit 0"))
    clock.advance(timedelta(seconds=1))
    await launching.intend("older than new", shell_plan("exit 0"))
    await launching.intend("submitted", shell_plan("exit 0"))
    await submit_launch(db, {"local": local.backend}, key="submitted", secrets={})
    clock.advance(timedelta(minutes=1))
    await launching.intend("new", shell_plan("exit 0"))
    assert await claim_unsubmitted(db, older_than=timedelta(minutes=1), count=9) == ["old", "older than new"]
    await wait_for_end(local.backend, ["local:submitted/1"])


@pytest.mark.row(49)
async def test_output_is_read_by_the_number_of_the_job(db: Database, launching: Launching, local: LocalBed) -> None:
    backends = {"local": local.backend}
    await launching.intend(KEY, shell_plan('echo "I am $SUTLER_WORKER_ID"', job_count=2))
    with pytest.raises(BatchJobNotFoundError):
        await read_output(db, backends, key=KEY, number=2)
    await submit_launch(db, backends, key=KEY, secrets={})
    await wait_for_end(local.backend, [f"local:{KEY}/1", f"local:{KEY}/2"])
    assert (await read_output(db, backends, key=KEY, number=2)).text == f"I am local:{KEY}/2\n"
    assert (await read_output(db, backends, key=KEY, number=2, limit_bytes=2)).is_cut
    with pytest.raises(LaunchNotFoundError):
        await read_output(db, backends, key="nothing", number=1)


@pytest.mark.row(50)
async def test_a_stopped_launch_ends_with_its_reason(
    db: Database, launching: Launching, local: LocalBed, tmp_path: Path
) -> None:
    backends = {"local": local.backend}
    await launching.intend(KEY, shell_plan(UNTIL_FILE, str(tmp_path / "never"), job_count=3))
    await submit_launch(db, backends, key=KEY, secrets={})
    launch = await stop_launch(db, backends, key=KEY, reason="wrong geometry")
    assert (launch.state, launch.stop_reason) == (LaunchState.STOPPING, "wrong geometry")
    again = await stop_launch(db, backends, key=KEY, reason="another reason")
    assert again.stop_reason == "wrong geometry"
    launch = await poll_until_ended(db, local)
    assert launch.counts == JobCounts(ended_count=3, failed_count=3)
    async with db.read() as tx:
        jobs = await list_jobs_in(tx, key=KEY)
    assert {(job.state, job.reason) for job in jobs} == {(JobState.STOPPED, "wrong geometry")}
    kinds = [kind for kind, _ in await launching.list_events(KEY)]
    assert kinds.count("launch_stopping") == 1
    assert await stop_launch(db, backends, key=KEY, reason="too late") == launch


@pytest.mark.row(50)
async def test_a_stop_that_the_back_end_missed_is_repeated_by_the_poll(
    db: Database, launching: Launching, local: LocalBed, tmp_path: Path
) -> None:
    silent = SilentBackend(local.directory, slots=2)
    await launching.intend(KEY, shell_plan(UNTIL_FILE, str(tmp_path / "never")))
    await submit_launch(db, {"local": silent}, key=KEY, secrets={})
    with capture_logs() as logs:
        launch = await stop_launch(db, {"local": silent}, key=KEY, reason="enough")
    assert [entry["event"] for entry in logs] == ["launch_stop_failed"]
    assert launch.state is LaunchState.STOPPING
    assert (await poll_until_ended(db, local)).ended_count == 1


async def test_a_launch_that_does_not_exist_is_neither_submitted_nor_stopped(db: Database, local: LocalBed) -> None:
    with pytest.raises(LaunchNotFoundError):
        await submit_launch(db, {"local": local.backend}, key=KEY, secrets={})
    with pytest.raises(LaunchNotFoundError):
        await stop_launch(db, {"local": local.backend}, key=KEY, reason="")
