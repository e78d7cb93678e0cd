"""A scripted server, and the worker's program pointed at it."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.unit.worker.scripted_server import ScriptedServer, serving

from sutler.worker.main import main

RunWorker = Callable[..., int]


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    with serving() as running:
        yield running


@pytest.fixture
def scratch(tmp_path: Path) -> Path:
    """The parent of the scratch directories; whatever is left in it was not cleaned up."""
    directory = tmp_path / "scratch"
    directory.mkdir()
    return directory


@pytest.fixture
def worker(server: ScriptedServer, scratch: Path, monkeypatch: pytest.MonkeyPatch) -> RunWorker:
    """`worker("--option", …, command=[…])` runs the program in this process and returns its exit code."""
    for name in [name for name in os.environ if name.startswith("SUTLER_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("SUTLER_TOKEN", "a-secret")
    monkeypatch.setattr("sutler.worker.loop._IDLE_PAUSE_SECONDS", 0.01)

    def run(*options: str, command: list[str]) -> int:
        where = ["--url", server.url, "--project", "7", "--worker-id", "w1", "--scratch", str(scratch)]
        return main(["run", *where, *options, "--", *command])

    return run
