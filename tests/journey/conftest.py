"""Whole campaigns, run once for all tests that look at them."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from demo.campaign import Shape
from tests.journey.campaign_run import CampaignRun, new_run

SHAPE = Shape(seed=11, files=10, events=300)


@dataclass(frozen=True)
class Finished:
    """A finished demo: what it printed, and its server, started again."""

    output: str
    exit_code: int
    run: CampaignRun


@pytest.fixture(scope="session")
def finished_demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Finished]:
    """`make demo EXIT=1` at a smaller size, and the server that it left, running again."""
    directory = tmp_path_factory.mktemp("demo")
    run = new_run(directory, SHAPE)
    done = subprocess.run(
        [
            *(sys.executable, "-m", "demo", "--exit", "--data-dir", str(directory), "--port", str(run.server.port)),
            *("--seed", str(SHAPE.seed), "--files", str(SHAPE.files), "--events", str(SHAPE.events)),
        ],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    with run.open():
        yield Finished(done.stdout, done.returncode, run)
