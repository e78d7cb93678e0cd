"""A launch is submitted exactly once, wherever the process dies that submits it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from datetime import timedelta
from pathlib import Path

import pytest
from tests.contract.backends.beds import UNTIL_FILE, LocalBed, shell_plan, wait_for_end, wait_until
from tests.integration.launch.conftest import Launching

from sutler.database import Database
from sutler.launch import (
    BackendFailedError,
    LaunchPlan,
    LaunchState,
    LocalBackend,
    Receipt,
    claim_unsubmitted,
    get_launch_in,
    list_jobs_in,
    poll_launches,
    stop_launch,
    submit_launch,
)

KEY = "submission/815"


class CrashError(Exception):
    """Stands for the death of the process."""


class CrashingBackend(LocalBackend):
    """Dies before, in the middle of, or after a submission; counts the submissions it was asked for."""

    crash_at = "after"
    submission_count = 0

    async def submit(self, key: str, plan: LaunchPlan, secrets: Mapping[str, str]) -> Receipt:
        """Submit as far as the crash allows."""
        self.submission_count += 1
        if self.crash_at == "before":
            raise CrashError
        receipt = await super().submit(key, plan, secrets)
        if self.crash_at == "after":
            raise CrashError
        return receipt

    def _start(self, key: str, plan: LaunchPlan, secrets: Mapping[str, str], numbers: Sequence[int]) -> None:
        if self.crash_at == "middle":
            super()._start(key, plan, secrets, numbers[:2])
            raise CrashError
        super()._start(key, plan, secrets, numbers)


def recording_plan(tmp_path: Path) -> LaunchPlan:
    """Four jobs that write down that they ran."""
    return shell_plan('echo "$SUTLER_BATCH_JOB_ID $TOKEN" >> "$1"', str(tmp_path / "runs"), job_count=4)


async def crash(db: Database, local: LocalBed, crash_at: str) -> None:
    """Submit with a back-end that dies at a point."""
    backend = CrashingBackend(local.directory, slots=2)
    backend.crash_at = crash_at
    with pytest.raises(CrashError):
        await submit_launch(db, {"local": backend}, key=KEY, secrets={"TOKEN": "first"})


@pytest.mark.row(51)
@pytest.mark.parametrize("crash_at", ["before", "middle", "after"])
async def test_a_submission_that_crashed_is_finished_and_each_job_runs_once(
    db: Database, launching: Launching, local: LocalBed, tmp_path: Path, crash_at: str
) -> None:
    await launching.intend(KEY, recording_plan(tmp_path))
    await crash(db, local, crash_at)
    assert await claim_unsubmitted(db, older_than=timedelta(0), count=9) == [KEY]
    launch = await submit_launch(db, {"local": local.backend}, key=KEY, secrets={"TOKEN": "second"})
    assert launch.state is LaunchState.SUBMITTED
    assert await claim_unsubmitted(db, older_than=timedelta(0), count=9) == []
    ids = [f"local:{KEY}/{number}" for number in (1, 2, 3, 4)]
    await wait_for_end(local.backend, ids)
    runs = dict(line.split() for line in (tmp_path / "runs").read_text().splitlines())
    assert len((tmp_path / "runs").read_text().splitlines()) == 4
    by_crashed = {"before": 0, "middle": 2, "after": 4}[crash_at]
    assert runs == {each: "first" if number < by_crashed else "second" for number, each in enumerate(ids)}
    async with db.read() as tx:
        assert [job.batch_job_id for job in await list_jobs_in(tx, key=KEY)] == ids


async def test_submissions_of_one_key_at_once_ask_the_back_end_once(
    db: Database, launching: Launching, local: LocalBed, tmp_path: Path
) -> None:
    backend = CrashingBackend(local.directory, slots=2)
    backend.crash_at = "never"
    await launching.intend(KEY, recording_plan(tmp_path))
    launches = await asyncio.gather(
        *(submit_launch(db, {"local": backend}, key=KEY, secrets={"TOKEN": "x"}) for _ in range(5))
    )
    assert {launch.state for launch in launches} == {LaunchState.SUBMITTED}
    assert backend.submission_count == 1
    await wait_for_end(backend, [f"local:{KEY}/{number}" for number in (1, 2, 3, 4)])
    assert len((tmp_path / "runs").read_text().splitlines()) == 4
    kinds = [kind for kind, _ in await launching.list_events(KEY)]
    assert kinds == ["launch_intended", "launch_submitted"]


@pytest.mark.row(52)
async def test_a_submission_that_may_be_repeated_stays_intended_and_says_why(
    db: Database, launching: Launching, local: LocalBed, tmp_path: Path
) -> None:
    await launching.intend(KEY, recording_plan(tmp_path))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("sys.executable", "/bin/false")
        with pytest.raises(BackendFailedError):
            await submit_launch(db, {"local": local.backend}, key=KEY, secrets={"TOKEN": "x"})
    async with db.read() as tx:
        launch = await get_launch_in(tx, key=KEY)
    assert launch.state is LaunchState.INTENDED
    assert "could not be started" in launch.failure
    launch = await submit_launch(db, {"local": local.backend}, key=KEY, secrets={"TOKEN": "x"})
    assert (launch.state, launch.failure) == (LaunchState.SUBMITTED, "")
    await wait_for_end(local.backend, [f"local:{KEY}/{number}" for number in (1, 2, 3, 4)])


@pytest.mark.row(50)
async def test_a_launch_that_is_stopped_before_its_submission_never_starts(
    db: Database, launching: Launching, local: LocalBed, tmp_path: Path
) -> None:
    await launching.intend(KEY, recording_plan(tmp_path))
    launch = await stop_launch(db, {"local": local.backend}, key=KEY, reason="changed my mind")
    assert (launch.state, launch.ended_count) == (LaunchState.ENDED, 0)
    assert await submit_launch(db, {"local": local.backend}, key=KEY, secrets={}) == launch
    assert not (tmp_path / "runs").exists()
    assert [kind for kind, _ in await launching.list_events(KEY)] == [
        "launch_intended",
        "launch_stopping",
        "launch_ended",
    ]


@pytest.mark.row(50)
@pytest.mark.parametrize("crash_at", ["middle", "after"])
async def test_jobs_of_a_submission_that_crashed_are_stopped_too(
    db: Database, launching: Launching, local: LocalBed, tmp_path: Path, crash_at: str
) -> None:
    await launching.intend(KEY, shell_plan(UNTIL_FILE, str(tmp_path / "never"), job_count=4))
    await crash(db, local, crash_at)
    launch = await stop_launch(db, {"local": local.backend}, key=KEY, reason="enough")
    started = {"middle": 2, "after": 4}[crash_at]
    assert (launch.state, launch.waiting_count) == (LaunchState.STOPPING, started)

    async def has_ended() -> bool:
        await poll_launches(db, {"local": local.backend})
        async with db.read() as tx:
            return (await get_launch_in(tx, key=KEY)).state is LaunchState.ENDED

    await wait_until(has_ended, "the end of the launch")
    async with db.read() as tx:
        assert (await get_launch_in(tx, key=KEY)).ended_count == started


async def test_a_stop_whose_process_died_after_writing_it_down_is_carried_out_by_the_poll(
    db: Database, launching: Launching, local: LocalBed, tmp_path: Path
) -> None:
    await launching.intend(KEY, shell_plan(UNTIL_FILE, str(tmp_path / "never"), job_count=4))
    await crash(db, local, "after")
    async with db.connection() as connection:
        await connection.execute("UPDATE launch.launches SET state = 'stopping', stop_reason = 'enough'")

    async def has_ended() -> bool:
        await poll_launches(db, {"local": local.backend})
        async with db.read() as tx:
            return (await get_launch_in(tx, key=KEY)).state is LaunchState.ENDED

    await wait_until(has_ended, "the end of the launch")


@pytest.mark.row(50)
async def test_a_stop_during_a_submission_reaches_what_is_being_started(
    db: Database, launching: Launching, local: LocalBed, tmp_path: Path
) -> None:
    await launching.intend(KEY, shell_plan(UNTIL_FILE, str(tmp_path / "never"), job_count=4))
    backend = SlowBackend(local.directory, slots=2)
    submitting = asyncio.create_task(submit_launch(db, {"local": backend}, key=KEY, secrets={}))
    await backend.has_begun.wait()
    stopping = asyncio.create_task(stop_launch(db, {"local": backend}, key=KEY, reason="enough"))

    async def is_stopping() -> bool:
        async with db.read() as tx:
            return (await get_launch_in(tx, key=KEY)).state is LaunchState.STOPPING

    await wait_until(is_stopping, "the intention to stop")
    backend.may_go_on.set()
    assert (await submitting).waiting_count == 4
    assert (await stopping).state is LaunchState.STOPPING
    statuses = await wait_for_end(backend, [f"local:{KEY}/{number}" for number in (1, 2, 3, 4)])
    assert {status.reason for status in statuses} == {"enough"}


class SlowBackend(LocalBackend):
    """Takes its time over a submission, until it is told to go on."""

    def __init__(self, directory: Path, *, slots: int) -> None:
        super().__init__(directory, slots=slots, kill_grace=timedelta(seconds=0.5))
        self.has_begun = asyncio.Event()
        self.may_go_on = asyncio.Event()

    async def submit(self, key: str, plan: LaunchPlan, secrets: Mapping[str, str]) -> Receipt:
        """Wait, then submit."""
        self.has_begun.set()
        await self.may_go_on.wait()
        return await super().submit(key, plan, secrets)
