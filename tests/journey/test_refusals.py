"""What cannot work says so in one sentence, with an exit code, and leaves nothing behind."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from demo.server import find_free_port
from tests.journey.campaign_run import new_run
from tests.journey.conftest import SHAPE, Finished

pytestmark = pytest.mark.journey

ROOT = Path(__file__).parents[2]
INVALID, NOT_FOUND, CONFLICT, UNAVAILABLE = 2, 3, 6, 7


@pytest.fixture
def taken_port() -> Iterator[int]:
    """A port on which somebody else listens."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        yield int(listening.getsockname()[1])


def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a Python module to its end, bounded."""
    return subprocess.run(
        [sys.executable, "-m", *arguments],
        cwd=ROOT,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def ask(finished: Finished, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a command against the server of the finished demo."""
    server = finished.run.server
    return run("sutler", *arguments, SUTLER_URL=server.url, SUTLER_TOKEN=server.create_token())


def test_a_port_that_is_taken_is_said_before_anything_is_started(tmp_path: Path, taken_port: int) -> None:
    done = run("sutler", "serve", "--port", str(taken_port), "--data-dir", str(tmp_path / "data"))
    assert done.returncode == CONFLICT
    assert f"Port {taken_port} on 127.0.0.1 is taken by another program. Choose another one with --port." in done.stderr
    assert not (tmp_path / "data").exists()


def test_the_demo_passes_that_on(tmp_path: Path, taken_port: int) -> None:
    done = run("demo", "--port", str(taken_port), "--data-dir", str(tmp_path / "data"))
    assert done.returncode == CONFLICT
    assert f"Port {taken_port}" in done.stdout
    assert "make demo PORT=" in done.stdout


def test_the_demo_does_not_take_another_server_for_its_own(finished_demo: Finished, tmp_path: Path) -> None:
    port = finished_demo.run.server.port
    done = run("demo", "--port", str(port), "--data-dir", str(tmp_path / "data"))
    assert done.returncode == CONFLICT
    assert f"Port {port} on 127.0.0.1 is taken by another server." in done.stdout


def test_a_second_server_on_the_same_data_is_refused(finished_demo: Finished) -> None:
    directory = finished_demo.run.server.data_dir
    done = run("sutler", "serve", "--port", str(find_free_port()), "--data-dir", str(directory))
    assert done.returncode == CONFLICT
    assert str(directory) in done.stderr
    assert finished_demo.run.server.is_ready(), "the first one goes on"


def test_an_address_that_is_not_ours_is_refused(tmp_path: Path) -> None:
    done = run("sutler", "serve", "--host", "192.0.2.1", "--data-dir", str(tmp_path / "data"))
    assert done.returncode == INVALID
    assert "192.0.2.1" in done.stderr


def test_settings_that_cannot_be_read_are_all_named(tmp_path: Path) -> None:
    (tmp_path / "sutler.toml").write_text('prot = 1\nlog_level = "loud"\n')
    done = run("sutler", "serve", "--data-dir", str(tmp_path))
    assert done.returncode == INVALID
    assert "prot" in done.stderr
    assert "loud" in done.stderr


def test_nobody_at_the_address_of_the_server_is_said_with_a_way_out() -> None:
    done = run("sutler", "campaign", "list", SUTLER_URL=f"http://127.0.0.1:{find_free_port()}", SUTLER_TOKEN="x")
    assert done.returncode == UNAVAILABLE
    assert "sutler serve" in done.stderr


def test_a_word_that_mql_does_not_know_is_pointed_at(finished_demo: Finished) -> None:
    done = ask(finished_demo, "files", "files form demo:reco")
    assert done.returncode == INVALID
    assert "form" in done.stderr
    assert "^" in done.stderr
    assert "did you mean" in done.stderr.lower()


def test_a_stage_that_is_fed_by_others_is_not_launched_by_hand(finished_demo: Finished) -> None:
    done = ask(finished_demo, "stage", "launch", "2")
    assert done.returncode == INVALID
    assert "not by hand" in done.stderr


def test_a_held_stage_is_not_launched(finished_demo: Finished) -> None:
    assert ask(finished_demo, "stage", "hold", "1").returncode == 0
    done = ask(finished_demo, "stage", "launch", "1")
    assert done.returncode == CONFLICT
    assert "on hold since" in done.stderr
    assert ask(finished_demo, "stage", "release", "1").returncode == 0


def test_a_server_that_is_told_to_end_takes_its_database_with_it(tmp_path: Path) -> None:
    server = new_run(tmp_path, SHAPE).server
    server.start()
    pid_file = tmp_path / "postgres" / "postmaster.pid"
    postmaster = psutil.Process(int(pid_file.read_text().split()[0]))
    server.stop()
    assert not postmaster.is_running()
    assert not pid_file.exists()
    assert "stopped" in server.log_file.read_text()


def test_what_is_not_there_is_said(finished_demo: Finished) -> None:
    done = ask(finished_demo, "submission", "show", "4711")
    assert (done.returncode, done.stderr.strip()) == (NOT_FOUND, "sutler: There is no submission 4711.")


def test_the_commands_of_the_tutorial_work(finished_demo: Finished) -> None:
    assert "zmumu" in ask(finished_demo, "campaign", "list").stdout
    assert '"percent_completed": 100' in ask(finished_demo, "submission", "show", "1", "--json").stdout
    listed = ask(finished_demo, "files", "files from demo:reco where core.events > 0 limit 3").stdout
    assert listed.count(".reco.root") == 3
    assert ask(finished_demo, "--help").returncode == 0
