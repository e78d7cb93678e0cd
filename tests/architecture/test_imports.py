"""Calls go down the street: the import contracts of pyproject.toml hold, and would notice if they did not."""

from __future__ import annotations

import ast
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from tests.architecture.rooms import ROOT, SOURCE, label, parse, python_files, room_of

PLANTED = [
    ("base/clock.py", "import sutler.database", "Calls go down the street"),
    ("dispatch/errors.py", "import sutler.launch.model", "Calls go down the street"),
    ("auth/operations/users.py", "import sutler.catalog", "Calls go down the street"),
    ("catalog/model/files.py", "import sutler.catalog.rules", "Inside a room"),
    ("campaigns/operations/views.py", "import sutler.dispatch.store", "dispatch/store is private"),
    ("worker/tail.py", "import sutler.base.did", "The worker stands alone"),
    ("catalog/rules/files.py", "import fastapi", "The web framework stays in the doors"),
    ("loops/timeouts.py", "import asyncpg", "Doors and loops never touch the database driver"),
]


def lint_imports(source: Path) -> subprocess.CompletedProcess[str]:
    """Run the import linter with this project's contracts over the package in `source`."""
    return subprocess.run(
        [Path(sys.executable).with_name("lint-imports"), "--no-cache", "--no-logo"],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(source), "COLUMNS": "200", "NO_COLOR": "1"},
        capture_output=True,
        text=True,
        check=False,
    )


def test_import_contracts_are_kept() -> None:
    result = lint_imports(SOURCE.parent)
    assert result.returncode == 0, result.stdout + result.stderr


@pytest.mark.parametrize(("file", "line", "contract"), PLANTED, ids=[f"{file} {line}" for file, line, _ in PLANTED])
def test_a_planted_import_breaks_its_contract(tmp_path: Path, file: str, line: str, contract: str) -> None:
    shutil.copytree(SOURCE, tmp_path / "sutler", ignore=shutil.ignore_patterns("__pycache__"))
    victim = tmp_path / "sutler" / file
    victim.write_text(f"{victim.read_text()}\n{line}\n")
    result = lint_imports(tmp_path)
    broken = [text for text in result.stdout.splitlines() if text.endswith("BROKEN")]
    assert result.returncode != 0
    assert any(contract in text for text in broken), result.stdout + result.stderr


def test_the_worker_imports_only_the_standard_library() -> None:
    allowed = {*sys.stdlib_module_names, "sutler"}
    strangers = []
    for path in (path for path in python_files() if room_of(path) == "worker"):
        for node in ast.walk(parse(path)):
            names = []
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom) and node.module:
                names = [node.module]
            strangers += [f"{label(path)}: {name}" for name in names if name.partition(".")[0] not in allowed]
    assert strangers == []
