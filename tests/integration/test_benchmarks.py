"""The benchmarks run: a few seconds each, to see that they work. What they measure here means nothing."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from benchmarks.dispatching.generator import COMPILERS

ROOT = Path(__file__).parents[2]
BENCHMARKS = {
    "campaign_lists.py": ["--stages", "4", "--submissions", "20"],
    "campaign_slices.py": ["--files", "2000", "--slices", "12", "--turns", "3", "--stages", "5", "--submissions", "50"],
    "catalog_queries.py": [
        *("--files", "3000", "--profile", "wide", "--calls", "1", "--seconds", "0.5", "--declared", "1"),
    ],
    "create_projects.py": ["--handles", "100,500"],
    "dispatch_drain.py": ["--handles", "400", "--workers", "4", "--needed-ratio", "0"],
    "dispatch_http.py": [
        *("--handles", "400", "--connections", "1,3", "--crowd", "3", "--rounds", "1", "--seconds", "1"),
        *("--drain", "600"),
    ],
    "mql_parse.py": [],
    "scheduled_launches.py": ["--count", "6"],
}
COMPILED = {"dispatch_http.py"}


def test_every_benchmark_is_tried() -> None:
    assert {file.name for file in (ROOT / "benchmarks").glob("*.py")} == BENCHMARKS.keys()


@pytest.mark.parametrize("name", BENCHMARKS)
def test_a_benchmark_runs_and_prints_figures(name: str) -> None:
    if name in COMPILED and not any(shutil.which(compiler) for compiler in COMPILERS):
        pytest.skip("there is no C compiler")
    done = subprocess.run(
        [sys.executable, "-m", f"benchmarks.{Path(name).stem}", *BENCHMARKS[name]],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert any(character.isdigit() for character in done.stdout)
