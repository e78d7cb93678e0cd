"""The benchmarks run: a few seconds each, to see that they work. What they measure here means nothing."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
BENCHMARKS = {
    "dispatch_drain.py": ["--handles", "400", "--workers", "4", "--needed-ratio", "0"],
    "mql_parse.py": [],
}


def test_every_benchmark_is_tried() -> None:
    assert {file.name for file in (ROOT / "benchmarks").glob("*.py")} == BENCHMARKS.keys()


@pytest.mark.parametrize("name", BENCHMARKS)
def test_a_benchmark_runs_and_prints_figures(name: str) -> None:
    done = subprocess.run(
        [sys.executable, ROOT / "benchmarks" / name, *BENCHMARKS[name]],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert any(character.isdigit() for character in done.stdout)
