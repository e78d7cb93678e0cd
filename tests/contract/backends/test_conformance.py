"""What every back-end does, with real processes."""

from __future__ import annotations

import asyncio
import json
import signal
import sys
from pathlib import Path

import pytest
from tests.contract.backends.beds import UNTIL_FILE, Bed, shell_plan, wait_for_end, wait_for_state, wait_until

from sutler.launch import BatchJobNotFoundError, JobCause, JobState, LaunchPlan

KEY = "submission/815/launch 1"
AWKWARD = {"SPACES": "two  words ", "QUOTES": """it's "quoted" $HOME `id` \\n""", "LINES": "one\ntwo", "EMPTY": ""}
WRITE_ENVIRONMENT = "import json, os, sys; json.dump(dict(os.environ), open(sys.argv[1], 'w'))"


def environment_plan(target: Path, setup: str = "", **environment: str) -> LaunchPlan:
    """A plan whose job writes its environment to a file."""
    return LaunchPlan((sys.executable, "-c", WRITE_ENVIRONMENT, str(target)), 1, setup=setup, environment=environment)


@pytest.mark.parametrize("code", [0, 3])
async def test_a_job_that_ends_by_itself_has_its_exit_code(bed: Bed, code: int) -> None:
    receipt = await bed.backend.submit(KEY, shell_plan(f"exit {code}"), {})
    [status] = await wait_for_end(bed.backend, receipt.batch_job_ids)
    assert (status.state, status.exit_code, status.signal) == (JobState.ENDED, code, None)
    assert status.cause is JobCause.NONE
    assert status.host
    assert status.started_at is not None
    assert status.ended_at is not None
    assert status.started_at <= status.ended_at


async def test_a_job_that_is_killed_has_its_signal(bed: Bed) -> None:
    receipt = await bed.backend.submit(KEY, shell_plan("kill -KILL $$"), {})
    [status] = await wait_for_end(bed.backend, receipt.batch_job_ids)
    assert (status.state, status.exit_code, status.signal) == (JobState.ENDED, None, int(signal.SIGKILL))
    assert status.cause is JobCause.SIGNAL


@pytest.mark.row(52)
@pytest.mark.parametrize("setup", ["", "true"])
async def test_a_missing_program_ends_with_127_and_is_named(bed: Bed, setup: str) -> None:
    receipt = await bed.backend.submit(KEY, LaunchPlan(("no-such-program-here",), 1, setup=setup), {})
    [status] = await wait_for_end(bed.backend, receipt.batch_job_ids)
    assert (status.state, status.exit_code) == (JobState.ENDED, 127)
    assert "no-such-program-here" in status.reason


@pytest.mark.parametrize("setup", ["", "true"])
async def test_a_file_that_is_no_program_ends_with_126_and_is_named(bed: Bed, tmp_path: Path, setup: str) -> None:
    plain = tmp_path / "plain.txt"
    plain.write_text("no program")
    receipt = await bed.backend.submit(KEY, LaunchPlan((str(plain),), 1, setup=setup), {})
    [status] = await wait_for_end(bed.backend, receipt.batch_job_ids)
    assert (status.state, status.exit_code) == (JobState.ENDED, 126)
    assert "plain.txt" in status.reason


@pytest.mark.parametrize("setup", ["", "true"])
async def test_environment_and_arguments_arrive_intact(bed: Bed, tmp_path: Path, setup: str) -> None:
    target = tmp_path / 'it\'s "the" $target.json'
    receipt = await bed.backend.submit(KEY, environment_plan(target, setup, **AWKWARD), {"SECRET": "s p'a\"ce"})
    await wait_for_end(bed.backend, receipt.batch_job_ids)
    environment = json.loads(target.read_text())
    assert {name: environment[name] for name in AWKWARD} == AWKWARD
    assert environment["SECRET"] == "s p'a\"ce"


async def test_a_job_knows_its_id_and_gets_nothing_of_the_server(
    bed: Bed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SUTLER_DATABASE_URL", "postgresql://secret@nowhere")
    receipt = await bed.backend.submit(KEY, environment_plan(tmp_path / "env.json"), {})
    await wait_for_end(bed.backend, receipt.batch_job_ids)
    environment = json.loads((tmp_path / "env.json").read_text())
    assert environment["SUTLER_BATCH_JOB_ID"] == receipt.batch_job_ids[0]
    assert environment["SUTLER_WORKER_ID"]
    assert "SUTLER_DATABASE_URL" not in environment
    assert "PATH" in environment


async def test_secrets_reach_the_job_and_no_file(bed: Bed, tmp_path: Path) -> None:
    secret = "token-5f1d"
    plan = shell_plan(f'test "${{#SUTLER_TOKEN}}" = 10 || exit 9; {UNTIL_FILE}', str(tmp_path / "go"), job_count=3)
    receipt = await bed.backend.submit(KEY, plan, {"SUTLER_TOKEN": secret})
    files = [path for path in bed.directory.rglob("*") if path.is_file()]
    holding = [path for path in files if secret.encode() in path.read_bytes()]
    (tmp_path / "go").touch()
    statuses = await wait_for_end(bed.backend, receipt.batch_job_ids)
    assert files
    assert holding == []
    assert [status.exit_code for status in statuses] == [0, 0, 0]


async def test_setup_runs_first_in_the_same_shell(bed: Bed, tmp_path: Path) -> None:
    setup = "colour='deep blue'\nexport COLOUR=\"$colour\"\ncd /\n# the end"
    receipt = await bed.backend.submit(KEY, environment_plan(tmp_path / "env.json", setup), {})
    [status] = await wait_for_end(bed.backend, receipt.batch_job_ids)
    assert status.exit_code == 0
    environment = json.loads((tmp_path / "env.json").read_text())
    assert environment["COLOUR"] == "deep blue"
    assert environment["PWD"] == "/"


async def test_twenty_jobs_all_run_once_and_never_more_than_there_are_slots(bed: Bed, tmp_path: Path) -> None:
    plan = shell_plan('echo "$SUTLER_WORKER_ID" >> "$1"', str(tmp_path / "workers"), job_count=20)
    receipt = await bed.backend.submit(KEY, plan, {})
    statuses = await wait_for_end(bed.backend, receipt.batch_job_ids)
    assert [status.exit_code for status in statuses] == [0] * 20
    assert len(set((tmp_path / "workers").read_text().splitlines())) == 20
    starts = [(status.started_at, 1) for status in statuses if status.started_at]
    ends = [(status.ended_at, -1) for status in statuses if status.ended_at]
    running = most = 0
    for _, step in sorted([*starts, *ends]):
        running += step
        most = max(most, running)
    assert len(starts) == len(ends) == 20
    assert most <= 2


async def test_jobs_use_all_slots_and_the_others_wait(bed: Bed, tmp_path: Path) -> None:
    plan = shell_plan(UNTIL_FILE, str(tmp_path / "go"), job_count=3)
    receipt = await bed.backend.submit(KEY, plan, {})

    async def two_run() -> bool:
        states = sorted(status.state for status in await bed.backend.look(receipt.batch_job_ids))
        return states == [JobState.RUNNING, JobState.RUNNING, JobState.WAITING]

    await wait_until(two_run, "two jobs running, one waiting")
    (tmp_path / "go").touch()
    statuses = await wait_for_end(bed.backend, receipt.batch_job_ids)
    assert [status.exit_code for status in statuses] == [0, 0, 0]


@pytest.mark.row(50)
async def test_a_running_job_is_told_and_may_end_in_its_own_way(bed: Bed) -> None:
    plan = shell_plan("trap 'echo told; exit 4' TERM; echo ready; while :; do sleep 0.02; done")
    receipt = await bed.backend.submit(KEY, plan, {})
    [batch_job_id] = receipt.batch_job_ids
    await wait_until(lambda: says(bed, batch_job_id, "ready"), "the job's first words")
    assert await bed.backend.stop([batch_job_id], "nobody needs it") == [batch_job_id]
    [status] = await wait_for_end(bed.backend, [batch_job_id])
    assert (status.state, status.exit_code, status.reason) == (JobState.STOPPED, 4, "nobody needs it")
    assert status.cause is JobCause.STOPPED
    assert await says(bed, batch_job_id, "told")


async def test_a_job_that_will_not_listen_is_killed(bed: Bed) -> None:
    receipt = await bed.backend.submit(KEY, shell_plan("trap '' TERM; echo ready; while :; do sleep 0.02; done"), {})
    [batch_job_id] = receipt.batch_job_ids
    await wait_until(lambda: says(bed, batch_job_id, "ready"), "the job's first words")
    await bed.backend.stop([batch_job_id], "enough")
    [status] = await wait_for_end(bed.backend, [batch_job_id])
    assert (status.state, status.signal) == (JobState.STOPPED, int(signal.SIGKILL))


@pytest.mark.row(50)
async def test_a_waiting_job_that_is_stopped_never_starts(bed: Bed, tmp_path: Path) -> None:
    go = tmp_path / "go"
    first = await bed.backend.submit("first", shell_plan(UNTIL_FILE, str(go), job_count=2), {})
    await wait_for_state(bed.backend, first.batch_job_ids, JobState.RUNNING)
    second = await bed.backend.submit("second", shell_plan('touch "$1"', str(tmp_path / "ran"), job_count=2), {})
    assert await bed.backend.stop(second.batch_job_ids, "not today") == list(second.batch_job_ids)
    statuses = await wait_for_end(bed.backend, second.batch_job_ids)
    go.touch()
    await wait_for_end(bed.backend, first.batch_job_ids)
    assert [(status.state, status.started_at, status.reason) for status in statuses] == [
        (JobState.STOPPED, None, "not today")
    ] * 2
    assert not (tmp_path / "ran").exists()


async def test_stopping_twice_or_too_late_changes_nothing(bed: Bed, tmp_path: Path) -> None:
    receipt = await bed.backend.submit(KEY, shell_plan(UNTIL_FILE, str(tmp_path / "go"), job_count=2), {})
    await wait_for_state(bed.backend, receipt.batch_job_ids, JobState.RUNNING)
    first, second = receipt.batch_job_ids
    assert await bed.backend.stop([first], "first reason") == [first]
    assert await bed.backend.stop([first], "second reason") == []
    [stopped] = await wait_for_end(bed.backend, [first])
    assert (stopped.state, stopped.reason) == (JobState.STOPPED, "first reason")
    (tmp_path / "go").touch()
    await wait_for_end(bed.backend, [second])
    assert await bed.backend.stop([second], "too late") == []
    [ended] = await bed.backend.look([second])
    assert (ended.state, ended.exit_code) == (JobState.ENDED, 0)


async def test_jobs_are_found_and_go_on_after_the_submitting_process_was_killed(bed: Bed, tmp_path: Path) -> None:
    go = tmp_path / "go"
    server = await asyncio.create_subprocess_exec(
        sys.executable, "-c", bed.write_program(), KEY, str(go), stdout=asyncio.subprocess.PIPE
    )
    assert server.stdout is not None
    assert await server.stdout.readline() == b"submitted\n"
    server.kill()
    await server.communicate()
    again = bed.open_again()
    receipt = await again.find(KEY)
    assert receipt is not None
    assert receipt.is_complete
    await wait_for_state(again, receipt.batch_job_ids, JobState.RUNNING)
    go.touch()
    [status] = await wait_for_end(again, receipt.batch_job_ids)
    assert (status.state, status.exit_code) == (JobState.ENDED, 5)


async def test_a_key_that_was_never_submitted_is_not_found(bed: Bed) -> None:
    await bed.backend.submit("1/2", shell_plan("exit 0"), {})
    assert await bed.backend.find("1") is None
    assert await bed.backend.find("1-2") is None
    assert await bed.backend.find("1/2") is not None


async def test_submitting_twice_starts_each_job_once(bed: Bed, tmp_path: Path) -> None:
    plan = shell_plan('echo "$SUTLER_BATCH_JOB_ID" >> "$1"', str(tmp_path / "runs"), job_count=3)
    first = await bed.backend.submit(KEY, plan, {})
    second = await bed.open_again().submit(KEY, plan, {})
    assert first.batch_job_ids == second.batch_job_ids
    await wait_for_end(bed.backend, first.batch_job_ids)
    third = await bed.backend.submit(KEY, plan, {})
    await wait_for_end(bed.backend, third.batch_job_ids)
    assert sorted((tmp_path / "runs").read_text().splitlines()) == sorted(first.batch_job_ids)


@pytest.mark.row(49)
async def test_output_can_be_read_while_the_job_runs(bed: Bed, tmp_path: Path) -> None:
    plan = shell_plan(f"echo to output; echo to errors >&2; {UNTIL_FILE}; echo the end", str(tmp_path / "go"))
    receipt = await bed.backend.submit(KEY, plan, {})
    [batch_job_id] = receipt.batch_job_ids
    await wait_until(lambda: says(bed, batch_job_id, "to output\nto errors\n"), "the first words")
    assert not await says(bed, batch_job_id, "the end")
    (tmp_path / "go").touch()
    await wait_for_end(bed.backend, [batch_job_id])
    whole = await bed.backend.output(batch_job_id, limit_bytes=1000)
    assert (whole.text, whole.is_cut) == ("to output\nto errors\nthe end\n", False)
    end = await bed.backend.output(batch_job_id, limit_bytes=8)
    assert (end.text, end.is_cut) == ("the end\n", True)


async def test_a_job_that_does_not_exist_is_unknown_and_has_no_output(bed: Bed) -> None:
    receipt = await bed.backend.submit(KEY, shell_plan("exit 0"), {})
    strange = receipt.batch_job_ids[0].replace("815", "816")
    statuses = {status.batch_job_id: status.state for status in await bed.backend.look([strange])}
    assert statuses.get(strange, JobState.UNKNOWN) is JobState.UNKNOWN
    assert await bed.backend.stop([strange], "whatever") == []
    with pytest.raises(BatchJobNotFoundError):
        await bed.backend.output(strange, limit_bytes=10)
    await wait_for_end(bed.backend, receipt.batch_job_ids)


async def says(bed: Bed, batch_job_id: str, words: str) -> bool:
    """Whether the output of a job has the words by now."""
    return words in (await bed.backend.output(batch_job_id, limit_bytes=10_000)).text
