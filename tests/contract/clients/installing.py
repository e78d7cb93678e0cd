"""The published old clients, each in a virtual environment of its own that is kept from run to run."""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

QUIET_PIP = ("-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-input")
PATIENCE_SECONDS = 240

NO_WAITING = """\
import random

random.random = lambda: 0.0  # the pauses of the client are drawn by it; everything else is as published
"""


class NotInstalledError(Exception):
    """A client could not be installed; says what to do."""


@dataclass(frozen=True)
class Release:
    """One release of the two clients that belong together."""

    version: str
    requirements: tuple[str, ...]

    @property
    def is_old(self) -> bool:
        """Whether it is the line before 2."""
        return self.version.startswith("1.")


@dataclass(frozen=True)
class Installed:
    """An environment with a release in it."""

    release: Release
    directory: Path

    @property
    def python(self) -> Path:
        """Its interpreter."""
        return self.directory / "bin" / "python"

    @property
    def ddisp(self) -> Path:
        """Its command."""
        return self.directory / "bin" / "ddisp"

    @property
    def metacat(self) -> Path:
        """The command of the catalogue's client."""
        return self.directory / "bin" / "metacat"

    @property
    def startup(self) -> Path:
        """A folder for PYTHONPATH that makes the pauses of the client short."""
        return self.directory / "startup"


RELEASES = (
    Release("2.0.3", ("datadispatcher-client==2.0.3", "metacat-client==4.1.5")),
    Release("1.27.0", ("datadispatcher==1.27.0", "metacat==3.42.2")),
)


def install(release: Release) -> Installed:
    """Return an environment with a release, made if it is missing. Raises NotInstalledError.

    Whoever else is making it, in another process of this run or in another run, is waited for.
    """
    name = f"datadispatcher-{release.version}-py{sys.version_info[0]}{sys.version_info[1]}"
    installed = Installed(release, find_cache() / name)
    with (find_cache() / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (installed.directory / "finished").exists():
            _make(installed)
    return installed


def _make(installed: Installed) -> None:
    shutil.rmtree(installed.directory, ignore_errors=True)
    _run([sys.executable, "-m", "venv", str(installed.directory)])
    _run([str(installed.python), *QUIET_PIP, *installed.release.requirements])
    installed.startup.mkdir()
    (installed.startup / "sitecustomize.py").write_text(NO_WAITING)
    (installed.directory / "finished").touch()


def find_cache() -> Path:
    """Return where environments are kept: SUTLER_TEST_CACHE, else the user's cache folder."""
    named = os.environ.get("SUTLER_TEST_CACHE")
    place = Path(named) if named else Path.home() / ".cache" / "sutler-tests"
    place.mkdir(parents=True, exist_ok=True)
    return place


def _run(command: list[str]) -> None:
    environment = {name: text for name, text in os.environ.items() if name != "PYTHONPATH"}
    try:
        done = subprocess.run(
            command, env=environment, capture_output=True, text=True, timeout=PATIENCE_SECONDS, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise NotInstalledError(f"{' '.join(command)}: {error}") from error
    if done.returncode:
        said = (done.stderr or done.stdout).strip().splitlines() or ["nothing"]
        raise NotInstalledError(f"{' '.join(command)} ended with {done.returncode} and said: {said[-1]}")
