"""What only the local back-end has to do: everything a batch system does by itself elsewhere."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest
from tests.contract.backends.beds import (
    UNTIL_FILE,
    LocalBed,
    kill_group,
    shell_plan,
    wait_for_end,
    wait_for_state,
    wait_until,
)

from sutler.launch import BackendFailedError, BatchJobNotFoundError, JobState, LaunchPlan, LaunchRefusedError
from sutler.launch.backends.local import LocalBackend
from sutler.launch.backends.local_directory import LaunchDirectory, name_directory
from sutler.launch.backends.local_wrapper import Identity, identify, is_alive

KEY = "submission/815"


class DyingBackend(LocalBackend):
    """Dies after it has started some of the jobs."""

    started_count = 1

    def _start(self, key: str, plan: LaunchPlan, secrets: Mapping[str, str], numbers: Sequence[int]) -> None:
        super()._start(key, plan, secrets, numbers[: self.started_count])
        raise KeyboardInterrupt


def find_process(local: LocalBed, key: str, number: int, *, part: str = "claim", who: str = "wrapper") -> Identity:
    """Read which process wraps a job, or which is its command."""
    path = local.directory / "launches" / name_directory(key) / str(number) / part
    identity: Identity = json.loads(path.read_text())[who]
    return identity


async def test_a_submission_that_was_cut_short_is_found_and_finished_once(local: LocalBed, tmp_path: Path) -> None:
    plan = shell_plan('echo "$SUTLER_BATCH_JOB_ID" >> "$1"', str(tmp_path / "runs"), job_count=4)
    with pytest.raises(KeyboardInterrupt):
        DyingBackend(local.directory, slots=2)._submit(KEY, plan, {})
    part = await local.backend.find(KEY)
    assert part is not None
    assert (part.batch_job_ids, part.is_complete) == ((f"local:{KEY}/1",), False)
    receipt = await local.backend.submit(KEY, plan, {})
    await wait_for_end(local.backend, receipt.batch_job_ids)
    assert sorted((tmp_path / "runs").read_text().splitlines()) == sorted(receipt.batch_job_ids)
    assert len(receipt.batch_job_ids) == 4


async def test_a_plan_that_was_written_without_starting_a_job_is_not_a_launch(local: LocalBed) -> None:
    LaunchDirectory(local.directory / "launches" / name_directory(KEY)).keep_plan(shell_plan("exit 0"))
    assert await local.backend.find(KEY) is None


async def test_many_submissions_at_once_start_each_job_once(local: LocalBed, tmp_path: Path) -> None:
    plan = shell_plan('echo "$SUTLER_BATCH_JOB_ID" >> "$1"', str(tmp_path / "runs"), job_count=5)
    receipts = await asyncio.gather(*(local.open_again().submit(KEY, plan, {}) for _ in range(4)))
    await wait_for_end(local.backend, receipts[0].batch_job_ids)
    assert len({receipt.batch_job_ids for receipt in receipts}) == 1
    assert sorted((tmp_path / "runs").read_text().splitlines()) == sorted(receipts[0].batch_job_ids)


async def test_a_job_whose_wrapper_was_killed_runs_on_and_is_lost_at_its_end(local: LocalBed, tmp_path: Path) -> None:
    receipt = await local.backend.submit(KEY, shell_plan(UNTIL_FILE, str(tmp_path / "go")), {})
    await wait_for_state(local.backend, receipt.batch_job_ids, JobState.RUNNING)
    await wait_for_command(local)
    kill_group(dict(find_process(local, KEY, 1)))
    await wait_until_gone(find_process(local, KEY, 1))
    [orphan] = await local.backend.look(receipt.batch_job_ids)
    assert orphan.state is JobState.RUNNING
    (tmp_path / "go").touch()
    [status] = await wait_for_end(local.backend, receipt.batch_job_ids)
    assert (status.state, status.exit_code) == (JobState.LOST, None)
    assert "killed" in status.reason


async def test_a_job_whose_wrapper_was_killed_can_still_be_stopped(local: LocalBed, tmp_path: Path) -> None:
    receipt = await local.backend.submit(KEY, shell_plan(UNTIL_FILE, str(tmp_path / "never")), {})
    await wait_for_command(local)
    command = find_process(local, KEY, 1, part="pid.json", who="child")
    kill_group(dict(find_process(local, KEY, 1)))
    await wait_until_gone(find_process(local, KEY, 1))
    await local.backend.stop(receipt.batch_job_ids, "enough")
    [status] = await wait_for_end(local.backend, receipt.batch_job_ids)
    assert (status.state, status.reason) == (JobState.STOPPED, "enough")
    assert not is_alive(command)


async def test_a_killed_wrapper_frees_its_slot(local: LocalBed, tmp_path: Path) -> None:
    plan = shell_plan(UNTIL_FILE, str(tmp_path / "go"), job_count=3)
    receipt = await local.backend.submit(KEY, plan, {})

    async def find_waiting() -> list[str]:
        statuses = await local.backend.look(receipt.batch_job_ids)
        return [status.batch_job_id for status in statuses if status.state is JobState.WAITING]

    async def one_waits() -> bool:
        return len(await find_waiting()) == 1

    await wait_until(one_waits, "one job waiting")
    [waiting] = await find_waiting()
    running = next(number for number in (1, 2, 3) if not waiting.endswith(f"/{number}"))
    kill_group(dict(find_process(local, KEY, running)))
    await wait_for_state(local.backend, [waiting], JobState.RUNNING)
    (tmp_path / "go").touch()
    await wait_for_end(local.backend, receipt.batch_job_ids)


async def test_a_process_number_that_was_used_again_is_not_the_job(local: LocalBed, tmp_path: Path) -> None:
    receipt = await local.backend.submit(KEY, shell_plan("exit 0"), {})
    await wait_for_end(local.backend, receipt.batch_job_ids)
    folder = local.directory / "launches" / name_directory(KEY) / "1"
    (folder / "exit.json").unlink()
    mine = {"pid": os.getpid(), "start_ticks": 1, "boot_id": find_process(local, KEY, 1)["boot_id"]}
    (folder / "claim").write_text(json.dumps({"wrapper": mine, "host": "here"}))
    [status] = await local.backend.look(receipt.batch_job_ids)
    assert status.state is JobState.LOST
    assert await local.backend.stop(receipt.batch_job_ids, "must not reach this very process") != []


async def test_a_record_that_a_power_cut_emptied_means_lost(local: LocalBed) -> None:
    receipt = await local.backend.submit(KEY, shell_plan("exit 0"), {})
    await wait_for_end(local.backend, receipt.batch_job_ids)
    await wait_until_gone(find_process(local, KEY, 1))
    (local.directory / "launches" / name_directory(KEY) / "1" / "exit.json").write_text("")
    [status] = await local.backend.look(receipt.batch_job_ids)
    assert status.state is JobState.LOST


async def test_a_signal_from_outside_is_no_stop(local: LocalBed, tmp_path: Path) -> None:
    receipt = await local.backend.submit(KEY, shell_plan(UNTIL_FILE, str(tmp_path / "never")), {})
    await wait_for_state(local.backend, receipt.batch_job_ids, JobState.RUNNING)
    os.kill(int(find_process(local, KEY, 1)["pid"]), signal.SIGTERM)
    [status] = await wait_for_end(local.backend, receipt.batch_job_ids)
    assert (status.state, status.signal) == (JobState.ENDED, int(signal.SIGTERM))
    assert "outside" in status.reason


async def test_jobs_do_not_belong_to_the_terminal_of_the_server(local: LocalBed, tmp_path: Path) -> None:
    await local.backend.submit(KEY, shell_plan(UNTIL_FILE, str(tmp_path / "never")), {})
    await wait_for_command(local)
    wrapper = int(find_process(local, KEY, 1)["pid"])
    command = int(find_process(local, KEY, 1, part="pid.json", who="child")["pid"])
    assert len({os.getsid(wrapper), os.getsid(command), os.getsid(0)}) == 3


async def test_output_beyond_the_limit_keeps_its_head_and_its_tail(local: LocalBed) -> None:
    plan = shell_plan("echo first; seq 100000 140000; echo last")
    receipt = await local.backend.submit(KEY, plan, {})
    await wait_for_end(local.backend, receipt.batch_job_ids)
    output = await local.backend.output(receipt.batch_job_ids[0], limit_bytes=100_000)
    written = len("first\n") + 7 * 40001 + len("last\n")
    head, note, tail = output.text.partition("\n[… ")
    left_out, _, tail = tail.partition(" bytes left out …]\n")
    assert head.startswith("first\n100000\n")
    assert note
    assert tail.endswith("140000\nlast\n")
    assert len(head) + int(left_out) + len(tail) == written
    assert len(output.text) <= 40_000


async def test_output_is_cut_between_characters(local: LocalBed) -> None:
    receipt = await local.backend.submit(KEY, shell_plan("printf 'µµµµ'"), {})
    await wait_for_end(local.backend, receipt.batch_job_ids)
    output = await local.backend.output(receipt.batch_job_ids[0], limit_bytes=3)
    assert (output.text, output.is_cut) == ("µ", True)


async def test_what_a_job_leaves_running_ends_with_it(local: LocalBed, tmp_path: Path) -> None:
    plan = shell_plan('sleep 600 & echo $! > "$1"; ' + UNTIL_FILE.replace("$1", "$2"), *pid_and_go(tmp_path))
    receipt = await local.backend.submit(KEY, plan, {})
    await wait_until(lambda: is_written(tmp_path / "pid"), "the number of the process that is left")
    left = identify(int((tmp_path / "pid").read_text()))
    assert left is not None
    (tmp_path / "go").touch()
    [status] = await wait_for_end(local.backend, receipt.batch_job_ids)
    assert status.exit_code == 0
    await wait_until_gone(left)


async def test_a_daemon_that_holds_the_output_does_not_hold_up_the_end(local: LocalBed, tmp_path: Path) -> None:
    daemon = 'setsid sh -c \'echo $$ > "$1"; exec sleep 600\' sh "$1" & '
    plan = shell_plan(daemon + UNTIL_FILE.replace("$1", "$2"), *pid_and_go(tmp_path))
    receipt = await local.backend.submit(KEY, plan, {})
    await wait_until(lambda: is_written(tmp_path / "pid"), "the number of the daemon")
    (tmp_path / "go").touch()
    [status] = await wait_for_end(local.backend, receipt.batch_job_ids)
    os.kill(int((tmp_path / "pid").read_text()), signal.SIGKILL)
    assert status.exit_code == 0


async def test_a_directory_that_cannot_be_written_refuses_the_launch(tmp_path: Path) -> None:
    (tmp_path / "batch").write_text("in the way")
    with pytest.raises(LaunchRefusedError, match="cannot be written"):
        await LocalBackend(tmp_path / "batch").submit(KEY, shell_plan("exit 0"), {})


async def test_a_key_that_stands_for_another_plan_is_refused(local: LocalBed) -> None:
    receipt = await local.backend.submit(KEY, shell_plan("exit 0"), {})
    with pytest.raises(LaunchRefusedError, match="another plan"):
        await local.backend.submit(KEY, shell_plan("exit 1"), {})
    await wait_for_end(local.backend, receipt.batch_job_ids)


async def test_jobs_that_cannot_be_started_are_a_failure_that_can_be_repeated(local: LocalBed) -> None:
    folder = local.directory / "launches" / name_directory(KEY)
    folder.mkdir(parents=True)
    (folder / "2").write_text("in the way")
    with pytest.raises(BackendFailedError):
        await local.backend.submit(KEY, shell_plan("exit 0", job_count=2), {})
    (folder / "2").unlink()
    receipt = await local.backend.submit(KEY, shell_plan("exit 0", job_count=2), {})
    statuses = await wait_for_end(local.backend, receipt.batch_job_ids)
    assert [status.exit_code for status in statuses] == [0, 0]


async def test_a_wrapper_that_does_not_start_is_a_failure_that_can_be_repeated(
    local: LocalBed, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(sys, "executable", "/bin/false")
        with pytest.raises(BackendFailedError, match="1 of 1 jobs could not be started"):
            await local.backend.submit(KEY, shell_plan("exit 0"), {})
    receipt = await local.backend.submit(KEY, shell_plan("exit 0"), {})
    [status] = await wait_for_end(local.backend, receipt.batch_job_ids)
    assert status.exit_code == 0


@pytest.mark.parametrize("strange", ["", "local:", "local:7", "local:7/x", "slurm:7/1"])
async def test_an_id_of_another_back_end_is_refused(local: LocalBed, strange: str) -> None:
    with pytest.raises(BatchJobNotFoundError):
        await local.backend.look([strange])


def pid_and_go(folder: Path) -> tuple[str, str]:
    """Where a test's job writes a process number, and the file it waits for."""
    return str(folder / "pid"), str(folder / "go")


async def is_written(path: Path) -> bool:
    """Whether a file has a whole line."""
    return await asyncio.to_thread(lambda: path.exists() and path.read_text().endswith("\n"))


async def wait_for_command(local: LocalBed) -> None:
    """Wait until the first job's command is written down."""

    async def is_there() -> bool:
        return (local.directory / "launches" / name_directory(KEY) / "1" / "pid.json").exists()

    await wait_until(is_there, "the command of the job")


async def wait_until_gone(identity: Identity) -> None:
    """Wait until a process is over."""

    async def is_gone() -> bool:
        return not is_alive(identity)

    await wait_until(is_gone, f"the end of {identity}")
