"""The load: a program in C, compiled when it is needed first, that is many workers in one process."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

import platformdirs
from benchmarks.dispatching.children import run_child

SOURCE = Path(__file__).with_name("load.c")
COMPILERS = ("cc", "gcc", "clang")
OPTIONS = ("-std=c11", "-O2", "-Wall", "-Wextra")


class NoCompilerError(Exception):
    """There is nothing to compile the load generator with."""

    def __init__(self) -> None:
        super().__init__(
            "The load generator is a C program, and no compiler is here. "
            "On Debian install gcc and libc6-dev, or name one in the variable CC."
        )


class Mode(StrEnum):
    """What a connection says: one handle a call, many a call, or the words of the old protocol."""

    CYCLE = "cycle"
    BATCH = "batch"
    OLD = "old"


@dataclass(frozen=True)
class Load:
    """What to do to a project. With `seconds` 0 it goes on until there is nothing left."""

    project_id: int
    handles: int
    connections: int
    seconds: float
    mode: Mode = Mode.CYCLE
    count: int = 1
    sites: tuple[str, ...] = ()


@dataclass(frozen=True)
class CallTimes:
    """How long one kind of call took."""

    count: int
    p50_ms: float
    p99_ms: float
    max_ms: float


@dataclass(frozen=True)
class LoadFigures:
    """What the generator saw.

    `seconds` end with the last handle done. `refused` were reported done and not accepted, `errors` are answers other
    than 200, `broken` are connections. `drained` connections ended with an empty answer, `waiting` of them were told
    to ask again. `tenths` are the seconds after which each tenth of the handles was done.
    """

    seconds: float
    reserved: int
    done: int
    refused: int
    errors: int
    broken: int
    drained: int
    waiting: int
    next: CallTimes
    report: CallTimes
    tenths: tuple[float, ...]
    cpu_seconds: float

    @property
    def per_second(self) -> float:
        """Handles reserved and done in a second."""
        return self.done / self.seconds


def build_generator() -> Path:
    """Return the program, compiled from its present source. Raises NoCompilerError, CalledProcessError."""
    found = (shutil.which(name) for name in ([os.environ["CC"]] if os.environ.get("CC") else COMPILERS))
    compiler = next((path for path in found if path), None)
    if compiler is None:
        raise NoCompilerError
    mark = hashlib.sha256(SOURCE.read_bytes() + " ".join((compiler, *OPTIONS)).encode()).hexdigest()[:16]
    program = Path(platformdirs.user_cache_dir("sutler", appauthor=False)) / "benchmarks" / f"load-{mark}"
    if program.exists():
        return program
    program.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=program.parent) as folder:
        fresh = Path(folder) / "load"
        subprocess.run([compiler, *OPTIONS, "-o", fresh, SOURCE], check=True)
        fresh.replace(program)
    return program


async def run_load(program: Path, load: Load, *, port: int, token: str, journal: Path) -> LoadFigures:
    """Run the load to its end; what was accepted as done is in the journal then. Raises CalledProcessError."""
    command = [
        *(str(program), "--port", str(port), "--project", str(load.project_id), "--mode", load.mode),
        *("--connections", str(load.connections), "--seconds", str(load.seconds), "--handles", str(load.handles)),
        *("--count", str(load.count), "--journal", str(journal)),
        *(word for site in load.sites for word in ("--site", site)),
    ]
    ended = await run_child(command, environment={**os.environ, "SUTLER_TOKEN": token})
    sys.stderr.write(ended.complaint)
    return _read_figures(json.loads(ended.said), cpu_seconds=ended.cpu_seconds)


def _read_figures(said: Mapping[str, Any], *, cpu_seconds: float) -> LoadFigures:
    parts = {"next": CallTimes(**said["next"]), "report": CallTimes(**said["report"]), "tenths": tuple(said["tenths"])}
    return LoadFigures(**{**said, **parts}, cpu_seconds=cpu_seconds)
