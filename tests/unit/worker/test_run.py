from __future__ import annotations

import os
import resource
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from sutler.worker.reasons import describe_failure
from sutler.worker.run import Ending, Limits, Mailbox, Run, run_command
from sutler.worker.tail import Tail, find_last_line


def run(
    *arguments: str,
    directory: Path,
    timeout_seconds: float | None = None,
    grace_seconds: float = 5.0,
    mailbox: Mailbox | None = None,
    pass_on: Callable[[bytes], None] = lambda _: None,
) -> Run:
    return run_command(
        arguments,
        environment=os.environ,
        directory=directory,
        limits=Limits(timeout_seconds=timeout_seconds, grace_seconds=grace_seconds, tail_bytes=4096),
        mailbox=mailbox or Mailbox(),
        pass_on=pass_on,
        host="here",
    )


def is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


def await_end(pid: int) -> None:
    deadline = time.monotonic() + 5
    while is_alive(pid):
        assert time.monotonic() < deadline, f"process {pid} lives on"
        time.sleep(0.01)


def test_cpu_and_memory_of_the_command_are_measured(tmp_path: Path) -> None:
    work = (
        "import time; kept = bytearray(80_000_000); end = time.process_time() + 0.2\nwhile time.process_time() < end: 0"
    )
    result = run(sys.executable, "-S", "-c", work, directory=tmp_path)
    measures = result.measures
    assert result.is_success
    assert measures.cpu_seconds is not None
    assert 0.2 <= measures.cpu_seconds < 5
    assert measures.wall_seconds is not None
    assert measures.wall_seconds >= 0.2
    assert measures.max_rss_bytes is not None
    # What a child has used begins with what the process that forked it had.
    forked_from = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    assert 80_000_000 < measures.max_rss_bytes < forked_from + 200_000_000


def test_the_whole_process_group_is_stopped_at_the_time_limit(tmp_path: Path) -> None:
    result = run("/bin/sh", "-c", "sleep 60 & echo $!; wait", directory=tmp_path, timeout_seconds=0.2)
    assert result.ending is Ending.TIMED_OUT
    assert not result.is_success
    await_end(int(result.log_tail))


def test_a_command_that_ignores_sigterm_is_killed_after_the_grace(tmp_path: Path) -> None:
    script = "trap '' TERM; echo deaf; while :; do sleep 0.05; done"
    result = run("/bin/sh", "-c", script, directory=tmp_path, timeout_seconds=0.3, grace_seconds=0.1)
    assert result.measures.exit_code == -signal.SIGKILL
    assert describe_failure(result, timeout_seconds=0.3) == "ran longer than 0.3 s and was stopped: deaf"


def test_a_second_order_to_stop_kills_without_grace(tmp_path: Path) -> None:
    mailbox: Mailbox = Mailbox()
    printed: list[bytes] = []

    def order_twice(chunk: bytes) -> None:
        printed.append(chunk)
        mailbox.put(Ending.TOLD_TO_STOP)
        mailbox.put(Ending.TOLD_TO_STOP)

    started_at = time.monotonic()
    script = "trap '' TERM; echo ready; while :; do sleep 0.05; done"
    result = run("/bin/sh", "-c", script, directory=tmp_path, grace_seconds=60, mailbox=mailbox, pass_on=order_twice)
    assert (result.ending, result.measures.exit_code) == (Ending.TOLD_TO_STOP, -signal.SIGKILL)
    assert time.monotonic() - started_at < 10
    assert printed == [b"ready\n"]


def test_what_the_command_leaves_running_is_ended(tmp_path: Path) -> None:
    result = run("/bin/sh", "-c", "sleep 60 & echo $!", directory=tmp_path)
    assert result.is_success
    await_end(int(result.log_tail))


def test_a_process_that_escaped_the_group_does_not_hold_up_the_worker(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sutler.worker.run._LAST_OUTPUT_TIMEOUT_SECONDS", 0.1)
    program = (
        "import os, sys\npid = os.fork()\nif pid == 0:\n os.setsid()\n os.execvp('sleep', ['sleep', '60'])\nprint(pid)"
    )
    result = run(sys.executable, "-S", "-c", program, directory=tmp_path)
    try:
        assert result.is_success
        assert result.measures.wall_seconds is not None
        assert result.measures.wall_seconds < 10
    finally:
        os.kill(int(result.log_tail), signal.SIGKILL)


def test_commands_that_cannot_be_started_say_why(tmp_path: Path) -> None:
    plain = tmp_path / "plain"
    plain.write_text("#!/bin/sh\n")
    orphan = tmp_path / "orphan"
    orphan.write_text("#!/no/such/interpreter\n")
    orphan.chmod(0o755)
    garbage = tmp_path / "garbage"
    garbage.write_bytes(b"\x00\x01\x02")
    garbage.chmod(0o755)
    expected = {
        "no-such-command": "command not found: no-such-command",
        f"{tmp_path}/none": f"command not found: {tmp_path}/none",
        str(plain): f"is not executable: {plain}",
        str(orphan): f"the interpreter named in its first line was not found: {orphan}",
        str(garbage): f"could not be started (Exec format error): {garbage}",
    }
    for command, sentence in expected.items():
        result = run(command, directory=tmp_path)
        assert result.ending is Ending.NOT_STARTED
        assert describe_failure(result, timeout_seconds=None) == sentence


def test_signals_without_a_name_are_described(tmp_path: Path) -> None:
    result = run("/bin/sh", "-c", "kill -40 $$", directory=tmp_path)
    assert describe_failure(result, timeout_seconds=None) == "killed by signal 40"


def test_the_command_reads_an_empty_standard_input(tmp_path: Path) -> None:
    assert run("cat", directory=tmp_path).log_tail == ""


def test_tail_forgets_the_beginning_and_stays_small() -> None:
    tail = Tail(10)
    for number in range(10_000):
        tail.append(b"%d\n" % number)
        assert len(tail._kept) <= 20
    assert tail.read_text() == "9998\n9999\n"


def test_tail_of_binary_noise_is_text_within_the_limit() -> None:
    tail = Tail(100)
    tail.append(bytes(range(256)) * 4)
    text = tail.read_text()
    assert "\0" not in text
    assert 0 < len(text.encode()) <= 100


def test_tail_of_nothing_is_empty() -> None:
    tail = Tail(0)
    tail.append(b"something")
    assert tail.read_text() == ""


def test_last_line_is_the_last_that_says_something() -> None:
    assert find_last_line("one\ntwo\n\n  \n") == "two"
    assert find_last_line("10 %\r50 %\r\x1b[31mError\x1b[0m: field\x07\r\n") == "Error: field"
    assert find_last_line("\n\n") == ""
    assert find_last_line("x" * 1000) == "x" * 299 + "…"
