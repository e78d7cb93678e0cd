"""The worker as a process of its own: signals, and the one-file form."""

from __future__ import annotations

import ast
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest
from tests.unit.worker.scripted_server import Hold, ScriptedServer

import sutler.worker
from sutler.worker.archive import build_zipapp

MODULE = [sys.executable, "-m", "sutler.worker"]


@contextmanager
def started(
    server: ScriptedServer, scratch: Path, *command: str, program: Sequence[str] = MODULE
) -> Iterator[subprocess.Popen[str]]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("SUTLER_")}
    environment |= {"SUTLER_URL": server.url, "SUTLER_TOKEN": "t", "SUTLER_PROJECT_ID": "7"}
    with subprocess.Popen(
        [*program, "run", "--scratch", str(scratch), "--", *command],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_a_signal_stops_the_command_and_gives_the_file_back(
    server: ScriptedServer, scratch: Path, tmp_path: Path, number: signal.Signals, code: int
) -> None:
    attempt = server.add_file()
    server.add_file("never given out")
    stopped = tmp_path / "stopped"
    with started(
        server, scratch, "sh", "-c", f"trap 'touch {stopped}; exit 9' TERM; echo up; sleep 60 & wait"
    ) as worker:
        assert worker.stdout is not None
        assert worker.stdout.readline() == "up\n"
        worker.send_signal(number)
        assert worker.wait(10) == code
    outcome, body = server.outcome(attempt)
    assert (outcome, body["retry"]) == ("failed", True)
    assert body["reason"] == f"the worker was told to stop ({number.name})"
    assert body["log_tail"] == "up\n"
    assert stopped.exists()
    assert len(server.bodies("next")) == 1
    assert list(scratch.iterdir()) == []


def test_a_signal_to_worker_and_command_alike_is_reported_as_the_workers(server: ScriptedServer, scratch: Path) -> None:
    attempt = server.add_file()
    with started(server, scratch, "sh", "-c", "echo $$; exec sleep 60") as worker:
        assert worker.stdout is not None
        child = int(worker.stdout.readline())
        worker.send_signal(signal.SIGTERM)
        os.kill(child, signal.SIGTERM)
        assert worker.wait(10) == 143
    assert server.outcome(attempt)[1]["reason"] == "the worker was told to stop (SIGTERM)"


def test_a_signal_while_asking_gives_back_what_the_answer_held(server: ScriptedServer, scratch: Path) -> None:
    attempt = server.add_file()
    hold = Hold()
    server.script["next"].append(hold)
    with started(server, scratch, "true") as worker:
        assert hold.came.wait(10)
        worker.send_signal(signal.SIGTERM)
        assert worker.wait(10) == 143
        hold.released.set()
    asked, again = server.bodies("next")
    assert again == {**asked, "wait_seconds": 0}
    assert server.outcome(attempt)[1]["reason"] == "the worker was told to stop (SIGTERM)"


def test_a_signal_while_the_server_is_away_ends_the_worker(server: ScriptedServer, scratch: Path) -> None:
    server.stop()
    with started(server, scratch, "true") as worker:
        assert worker.stderr is not None
        while "cannot be reached" not in worker.stderr.readline():
            assert worker.poll() is None
        worker.send_signal(signal.SIGTERM)
        assert worker.wait(10) == 143


def test_the_one_file_form_runs_without_an_installation(server: ScriptedServer, scratch: Path, tmp_path: Path) -> None:
    attempt = server.add_file()
    target = build_zipapp(tmp_path / "worker.pyz")
    isolated = [sys.executable, "-I", "-S", str(target)]
    with started(server, scratch, "echo", "{did}", program=isolated) as worker:
        out, err = worker.communicate(timeout=20)
    assert (worker.returncode, out) == (0, "demo:f.root\n"), err
    assert server.outcome(attempt)[0] == "done"


def test_the_one_file_form_is_executable_reproducible_and_can_build_itself(tmp_path: Path) -> None:
    first, second, third = (tmp_path / name for name in ("1.pyz", "2.pyz", "3.pyz"))
    assert build_zipapp(first) == first
    build_zipapp(second)
    assert first.read_bytes() == second.read_bytes()
    assert first.stat().st_mode & 0o777 == 0o755
    code = f"import sys; sys.path.insert(0, {str(first)!r})\nfrom pathlib import Path\n"
    code += f"from sutler.worker.archive import build_zipapp\nbuild_zipapp(Path({str(third)!r}))"
    subprocess.run([sys.executable, "-I", "-S", "-c", code], check=True, cwd=tmp_path)
    assert third.read_bytes() == first.read_bytes()
    assert {path.name for path in tmp_path.iterdir()} == {"1.pyz", "2.pyz", "3.pyz"}


def imported_names(source: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(source.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{source.name} imports relatively"
            assert node.module is not None
            yield node.module


def test_the_room_imports_the_standard_library_and_itself_only() -> None:
    sources = sorted(Path(sutler.worker.__path__[0]).rglob("*.py"))
    names = {(source.name, name) for source in sources for name in imported_names(source)}
    assert len(sources) > 10
    assert [
        (source, name)
        for source, name in sorted(names)
        if name.split(".")[0] not in sys.stdlib_module_names and not name.startswith("sutler.worker.")
    ] == []
