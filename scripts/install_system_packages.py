"""Install the system packages that some tests need: a Chromium to drive, and the oldest PostgreSQL that is supported.

Root on a system with apt gets what is missing. Anybody else is told what to install, and the tests that need it skip.
With CI=true a part that is still missing afterwards is a failure.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

CLUSTER_SETTINGS = Path("/etc/postgresql-common/createcluster.d/sutler-tests.conf")
SERVERS = Path("/usr/lib/postgresql")


@dataclass(frozen=True)
class Need:
    """Something that tests use: a name for people, and the packages that bring it, the best first."""

    name: str
    packages: tuple[str, ...]

    @property
    def is_there(self) -> bool:
        """Whether the system has it."""
        if self.name == "PostgreSQL":
            return any(SERVERS.glob("*/bin/initdb"))
        return any(shutil.which(program) for program in ("chromium", "chromium-browser", "google-chrome"))


NEEDS = (Need("Chromium", ("chromium",)), Need("PostgreSQL", ("postgresql-15", "postgresql")))


def main() -> int:
    """Install what is missing. Returns the exit code."""
    missing = _list_missing()
    if missing and os.geteuid() == 0 and shutil.which("apt-get"):
        _install(missing)
        missing = _list_missing()
    if not missing:
        return 0
    packages = " ".join(need.packages[0] for need in missing)
    print(f"Some tests will be skipped; for them, run as root: apt-get install {packages}", file=sys.stderr)
    return 1 if os.environ.get("CI", "").lower() == "true" else 0


def _list_missing() -> list[Need]:
    return [need for need in NEEDS if not need.is_there]


def _install(needs: Sequence[Need]) -> None:
    print(f"Installing {' and '.join(need.name for need in needs)} …", flush=True)
    if not all(_choose_package(need) for need in needs) or not _run_install(needs):
        _run("apt-get", "update", "-qq")
        _run_install(needs)


def _run_install(needs: Sequence[Need]) -> bool:
    packages = [package for need in needs if (package := _choose_package(need))]
    with_cluster_settings = not CLUSTER_SETTINGS.exists()
    if with_cluster_settings:
        CLUSTER_SETTINGS.parent.mkdir(parents=True, exist_ok=True)
        CLUSTER_SETTINGS.write_text("create_main_cluster = false\n")
    try:
        return bool(packages) and _run("apt-get", "install", "-qq", "--yes", "--no-install-recommends", *packages)
    finally:
        if with_cluster_settings:
            CLUSTER_SETTINGS.unlink()


def _choose_package(need: Need) -> str | None:
    """Return the first package that apt could install, or None when it knows none of them (yet)."""
    for package in need.packages:
        policy = subprocess.run(["apt-cache", "policy", package], capture_output=True, text=True, check=False).stdout
        if "Candidate:" in policy and "Candidate: (none)" not in policy:
            return package
    return None


def _run(*command: str) -> bool:
    """Run a command quietly; show what it said when it failed. Returns whether it succeeded."""
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    done = subprocess.run(
        command, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        print(f"{' '.join(command)} failed:\n{done.stdout}{done.stderr}", file=sys.stderr)
    return done.returncode == 0


if __name__ == "__main__":
    sys.exit(main())
