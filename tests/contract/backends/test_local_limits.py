"""The local back-end holds jobs to what they asked for, with real processes."""

from __future__ import annotations

import sys
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from tests.contract.backends.beds import LocalBed, shell_plan, wait_for_end, wait_until

from sutler.launch import JobCause, JobState, JobStatus, LaunchPlan, LaunchRefusedError, ResourceRequest
from sutler.launch.backends.local_wrapper import identify, is_alive

KEY = "submission/815"
MB = 1_000_000
TAKE = """
import sys, time
from pathlib import Path
kept = bytearray()
for _ in range(int(sys.argv[1]) // 10):
    kept += b"x" * 10_000_000
while not Path(sys.argv[2]).exists():
    time.sleep(0.02)
"""
BE_A_DAEMON = """
import os, sys, time
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        kept = b"x" * 300_000_000
        time.sleep(600)
    os._exit(0)
os.wait()
time.sleep(600)
"""
SHARE = """
import os, sys, time
kept = b"x" * 80_000_000
for _ in range(3):
    if os.fork() == 0:
        time.sleep(1.5)
        os._exit(0)
for _ in range(3):
    os.wait()
"""


def python_plan(program: str, *arguments: str, request: ResourceRequest, setup: str = "") -> LaunchPlan:
    """One job that runs a Python program."""
    return LaunchPlan((sys.executable, "-S", "-c", program, *arguments), 1, setup=setup, request=request)


async def run(local: LocalBed, plan: LaunchPlan) -> JobStatus:
    """Submit one job and return how it ended."""
    receipt = await local.backend.submit(KEY, plan, {})
    [status] = await wait_for_end(local.backend, receipt.batch_job_ids)
    return status


def measure_run(status: JobStatus) -> timedelta:
    """How long a job ran."""
    assert status.started_at is not None
    assert status.ended_at is not None
    return status.ended_at - status.started_at


@pytest.mark.parametrize("setup", ["", "true"])
async def test_a_job_that_takes_more_memory_than_it_asked_for_is_killed(
    local: LocalBed, tmp_path: Path, setup: str
) -> None:
    request = ResourceRequest(memory_bytes=100 * MB)
    status = await run(local, python_plan(TAKE, "300", str(tmp_path / "never"), request=request, setup=setup))
    assert (status.state, status.signal, status.cause) == (JobState.ENDED, 9, JobCause.MEMORY)
    assert measure_run(status) < timedelta(seconds=3)
    assert status.peak_memory_bytes is not None
    assert status.peak_memory_bytes > 100 * MB
    assert status.reason.startswith("killed: used ")
    assert status.reason.endswith(" MB of the 100 MB of memory it asked for")


async def test_a_job_within_its_memory_is_left_alone_and_its_peak_is_told(local: LocalBed, tmp_path: Path) -> None:
    (tmp_path / "go").touch()
    request = ResourceRequest(memory_bytes=200 * MB)
    status = await run(local, python_plan(TAKE, "100", str(tmp_path / "go"), request=request))
    assert (status.state, status.exit_code, status.cause, status.reason) == (JobState.ENDED, 0, JobCause.NONE, "")
    assert status.peak_memory_bytes is not None
    assert 100 * MB < status.peak_memory_bytes < 200 * MB


async def test_a_job_without_a_request_takes_what_it_needs(local: LocalBed, tmp_path: Path) -> None:
    (tmp_path / "go").touch()
    status = await run(local, python_plan(TAKE, "300", str(tmp_path / "go"), request=ResourceRequest()))
    assert (status.exit_code, status.cause) == (0, JobCause.NONE)
    assert status.peak_memory_bytes is not None
    assert status.peak_memory_bytes > 300 * MB


async def test_a_daemon_of_the_job_counts_and_is_killed_with_it(local: LocalBed) -> None:
    status = await run(local, python_plan(BE_A_DAEMON, request=ResourceRequest(memory_bytes=150 * MB)))
    assert (status.signal, status.cause) == (9, JobCause.MEMORY)
    assert measure_run(status) < timedelta(seconds=10)


async def test_memory_that_processes_share_counts_once(local: LocalBed) -> None:
    status = await run(local, python_plan(SHARE, request=ResourceRequest(memory_bytes=200 * MB)))
    assert (status.exit_code, status.cause, status.reason) == (0, JobCause.NONE, "")
    assert status.peak_memory_bytes is not None
    assert status.peak_memory_bytes < 150 * MB


async def test_a_job_that_runs_too_long_is_told_and_may_end_in_its_own_way(local: LocalBed) -> None:
    plan = shell_plan("trap 'echo told; exit 4' TERM; while :; do sleep 0.02; done")
    status = await run(local, replace(plan, request=ResourceRequest(run_seconds=1)))
    assert (status.state, status.exit_code, status.cause) == (JobState.ENDED, 4, JobCause.TIME)
    assert status.reason == "killed: ran 1 second, asked for 1 second"
    assert measure_run(status) >= timedelta(seconds=1)
    assert (await local.backend.output(status.batch_job_id, limit_bytes=100)).text.endswith("told\n")


async def test_a_job_that_will_not_listen_when_its_time_is_over_is_killed(local: LocalBed, tmp_path: Path) -> None:
    leave = 'setsid sh -c \'trap "" TERM; echo $$ > "$1"; while :; do sleep 0.02; done\' sh "$1" & '
    plan = shell_plan(f"{leave}trap '' TERM; while :; do sleep 0.02; done", str(tmp_path / "pid"))
    status = await run(local, replace(plan, request=ResourceRequest(run_seconds=1)))
    assert (status.signal, status.cause) == (9, JobCause.TIME)
    left = identify(int((tmp_path / "pid").read_text()))
    assert left is None or not is_alive(left)


async def test_a_job_that_ends_in_time_is_left_alone(local: LocalBed) -> None:
    status = await run(local, replace(shell_plan("exit 0"), request=ResourceRequest(run_seconds=60)))
    assert (status.exit_code, status.cause, status.reason) == (0, JobCause.NONE, "")


async def test_a_job_takes_as_many_slots_as_it_asked_for_cpus(local: LocalBed) -> None:
    narrow = shell_plan("sleep 0.1", job_count=4)
    wide = replace(narrow, request=ResourceRequest(cpu_count=2))
    plans = {"a": narrow, "b": wide, "c": narrow, "d": wide}
    steps = []
    ids = [(await local.backend.submit(key, plan, {})).batch_job_ids for key, plan in plans.items()]
    for mine, plan in zip(ids, plans.values(), strict=True):
        for status in await wait_for_end(local.backend, mine):
            assert status.exit_code == 0
            width = plan.request.cpu_count or 1
            steps += [(status.started_at, width), (status.ended_at, -width)]
    taken = 0
    for _, step in sorted((at, step) for at, step in steps if at is not None):
        taken += step
        assert taken <= 2
    assert len(steps) == 32


async def test_more_cpus_than_there_are_slots_are_refused(local: LocalBed) -> None:
    with pytest.raises(LaunchRefusedError, match="3 CPUs, and there are 2 slots"):
        await local.backend.submit(KEY, replace(shell_plan("exit 0"), request=ResourceRequest(cpu_count=3)), {})
    assert await local.backend.find(KEY) is None


@pytest.mark.row(50)
async def test_a_stopped_job_leaves_nothing_behind_in_another_session(local: LocalBed, tmp_path: Path) -> None:
    leave = 'setsid sh -c \'echo $$ > "$1"; exec sleep 600\' sh "$1" & '
    receipt = await local.backend.submit(KEY, shell_plan(f"{leave}exec sleep 600", str(tmp_path / "pid")), {})

    async def is_written() -> bool:
        return (tmp_path / "pid").exists() and (tmp_path / "pid").read_text().endswith("\n")

    await wait_until(is_written, "the number of the process that is left")
    left = identify(int((tmp_path / "pid").read_text()))
    assert left is not None
    await local.backend.stop(receipt.batch_job_ids, "enough")
    [status] = await wait_for_end(local.backend, receipt.batch_job_ids)
    assert (status.state, status.cause) == (JobState.STOPPED, JobCause.STOPPED)
    assert not is_alive(left)


@pytest.mark.row(52)
@pytest.mark.parametrize(
    ("plan", "exit_code", "reason"),
    [
        (shell_plan("exit 0", setup="echo a; echo b; exit 3"), 3, "the login setup ended with 3: b"),
        (shell_plan("exit 0", setup="set -e; false"), 1, "the login setup ended with 1"),
        (shell_plan("exit 0", setup="kill -9 $$"), None, "the login setup was killed by signal 9 (SIGKILL)"),
        (shell_plan("exit 0", setup="exit 0"), 0, "the login setup ended with 0 and did not hand over to the program"),
        (shell_plan("exit 0", setup="exec sh -c 'exit 0'"), 0, "the login setup ended with 0 and did not hand over"),
        (shell_plan("exit 5", setup="set -euC"), 5, "ended with 5"),
        (shell_plan("printf 'a\\0b\\n'; exit 5"), 5, "ended with 5: a b"),
        (shell_plan("exit 127", setup="true"), 127, "ended with 127"),
        (shell_plan("kill -SEGV $$"), None, "killed by signal 11 (SIGSEGV)"),
        (LaunchPlan(("/x/y",), 1), 127, "the program /x/y was not found"),
        (LaunchPlan(("/x/y",), 1, setup="set -eu"), 127, "the program /x/y was not found"),
        (LaunchPlan(("/",), 1), 126, "the program / cannot be started: Permission denied"),
        (LaunchPlan(("/",), 1, setup="true"), 126, "the program / cannot be started: "),
    ],
)
async def test_a_job_that_ends_at_once_says_what_ended_it(
    local: LocalBed, plan: LaunchPlan, exit_code: int | None, reason: str
) -> None:
    status = await run(local, plan)
    assert (status.state, status.exit_code) == (JobState.ENDED, exit_code)
    assert status.reason.startswith(reason)


async def test_a_script_whose_interpreter_is_missing_says_so(local: LocalBed, tmp_path: Path) -> None:
    script = tmp_path / "script"
    script.write_text("#!/no/such/interpreter\n")
    script.chmod(0o700)
    status = await run(local, LaunchPlan((str(script),), 1))
    assert status.exit_code == 127
    assert status.reason.endswith("cannot be started: the interpreter in its first line was not found")
