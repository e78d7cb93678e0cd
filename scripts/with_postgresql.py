"""Run a command against a PostgreSQL of the system: `with_postgresql.py -- COMMAND …`.

Starts the oldest server found below /usr/lib/postgresql on a temporary directory and a free port, with durability off,
and as the embedded one without compiling queries, which takes longer than running them. Puts its address into
SUTLER_DATABASE_URL, runs the command and returns its exit code. The server and its files are gone afterwards. Without a
server it says so and succeeds, or fails when CI=true.
"""

from __future__ import annotations

import contextlib
import os
import pwd
import secrets
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TypedDict

OLDEST_VERSION = 15
START_LIMIT_SECONDS = 60.0
STOP_LIMIT_SECONDS = 30.0
SERVERS = Path("/usr/lib/postgresql")


class Identity(TypedDict, total=False):
    """Whom a process runs as, in the words of `subprocess`. Empty means as we do."""

    user: int
    group: int
    extra_groups: list[int]


def main(arguments: list[str]) -> int:
    """Run the command that follows `--`. Returns its exit code, 2 for a wrong call."""
    if arguments[:1] != ["--"] or len(arguments) < 2:
        print("Usage: with_postgresql.py -- COMMAND …", file=sys.stderr)
        return 2
    programs = find_programs()
    if programs is None:
        print(f"No PostgreSQL {OLDEST_VERSION} or later below {SERVERS}: skipped.", file=sys.stderr)
        return 1 if os.environ.get("CI", "").lower() == "true" else 0
    with tempfile.TemporaryDirectory(prefix="sutler-postgresql-") as folder, running_server(programs, folder) as url:
        print(f"PostgreSQL {programs.parent.name}:", flush=True)
        return subprocess.run(arguments[1:], env={**os.environ, "SUTLER_DATABASE_URL": url}, check=False).returncode


def find_programs() -> Path | None:
    """Return the folder with the programs of the oldest server that is new enough, or None."""
    found = [path.parent for path in SERVERS.glob("*/bin/initdb") if path.parent.parent.name.isdigit()]
    usable = [path for path in found if int(path.parent.name) >= OLDEST_VERSION]
    return min(usable, key=lambda path: int(path.parent.name), default=None)


@contextlib.contextmanager
def running_server(programs: Path, folder: str) -> Iterator[str]:
    """Initialise and start a server in the folder; give its URL; stop it at the end."""
    identity = _choose_identity()
    if identity:
        os.chown(folder, identity["user"], identity["group"])
    password, port = secrets.token_urlsafe(16), _find_free_port()
    _initialise(programs, Path(folder), password, identity)
    log = Path(folder, "server.log")
    with log.open("w") as output:
        server = subprocess.Popen(
            [programs / "postgres", "-F", "-D", Path(folder, "data"), "-h", "127.0.0.1", "-p", str(port), "-k", folder,
             "-c", "synchronous_commit=off", "-c", "full_page_writes=off", "-c", "max_connections=200",
             "-c", "jit=off"],
            stdin=subprocess.DEVNULL, stdout=output, stderr=output, cwd=folder, process_group=0, **identity,
        )  # fmt: skip
    try:
        if not _wait_until_ready(server, programs, port):
            raise SystemExit(f"PostgreSQL did not start:\n{log.read_text()}")
        yield f"postgresql://sutler:{password}@127.0.0.1:{port}/postgres"
    finally:
        _stop(server)


def _choose_identity() -> Identity:
    """Return the account that a server started by root runs as, since PostgreSQL refuses to be root."""
    if os.geteuid() != 0:
        return {}
    for name in ("postgres", "nobody"):
        with contextlib.suppress(KeyError):
            account = pwd.getpwnam(name)
            return {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}
    raise SystemExit("PostgreSQL does not run as root, and there is neither a user postgres nor nobody.")


def _find_free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _initialise(programs: Path, folder: Path, password: str, identity: Identity) -> None:
    secret = folder / "password"
    secret.touch(mode=0o600)
    secret.write_text(password)
    if identity:
        os.chown(secret, identity["user"], identity["group"])
    done = subprocess.run(
        [programs / "initdb", "-D", folder / "data", "-U", "sutler", "-A", "scram-sha-256", f"--pwfile={secret}",
         "-E", "UTF8", "--no-locale", "--no-sync"],
        stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, cwd=folder, **identity,
    )  # fmt: skip
    if done.returncode != 0:
        raise SystemExit(f"initdb failed:\n{done.stdout}{done.stderr}")


def _wait_until_ready(server: subprocess.Popen[bytes], programs: Path, port: int) -> bool:
    deadline = time.monotonic() + START_LIMIT_SECONDS
    while server.poll() is None and time.monotonic() < deadline:
        answer = subprocess.run([programs / "pg_isready", "-q", "-h", "127.0.0.1", "-p", str(port)], check=False)
        if answer.returncode == 0:
            return True
        time.sleep(0.05)
    return False


def _stop(server: subprocess.Popen[bytes]) -> None:
    """End the server as fast as is clean: open sessions are dropped."""
    if server.poll() is None:
        server.send_signal(signal.SIGINT)
    try:
        server.wait(STOP_LIMIT_SECONDS)
    except subprocess.TimeoutExpired:
        server.send_signal(signal.SIGQUIT)
        server.wait()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
