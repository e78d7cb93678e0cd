"""The demo's server: a process of its own that outlives the demo unless it is told to end."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

import httpx

SUTLER = (sys.executable, "-m", "sutler")
READY_AFTER_SECONDS = 120.0
TAKEN = 6
"""The exit code of `sutler serve` for a port that is taken."""


class DemoError(Exception):
    """Something that the person at the terminal should read, with the exit code to end with."""

    def __init__(self, sentence: str, exit_code: int = 1) -> None:
        self.exit_code = exit_code
        super().__init__(sentence)


@dataclass
class DemoServer:
    """One `sutler serve` on a data directory and a port."""

    data_dir: Path
    port: int
    host: str = "127.0.0.1"
    environment: dict[str, str] = field(default_factory=dict)
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Where it answers."""
        return f"http://{self.host}:{self.port}"

    @property
    def log_file(self) -> Path:
        """What it printed."""
        return self.data_dir / "log" / "server.log"

    def start(self) -> None:
        """Start the server and wait until it answers. Raises DemoError with what the server said."""
        if self.is_ready():  # or its answers would be taken for those of the server that is started here
            raise DemoError(
                f"Port {self.port} on {self.host} is taken by another server. Choose another --port.", TAKEN
            )
        self.log_file.parent.mkdir(parents=True, exist_ok=True)
        with self.log_file.open("ab") as log:
            begun_at = log.tell()
            self.process = subprocess.Popen(
                [*SUTLER, "serve", "--host", self.host, "--port", str(self.port), "--data-dir", str(self.data_dir)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                env={**os.environ, **self.environment},
            )
        deadline = time.monotonic() + READY_AFTER_SECONDS
        while not self.is_ready():
            if self.process.poll() is not None:
                raise DemoError(self._last_words(begun_at), self.process.returncode or 1)
            if time.monotonic() > deadline:
                self.stop()
                raise DemoError(f"The server does not answer; its log is {self.log_file}")
            time.sleep(0.1)

    def is_ready(self) -> bool:
        """Whether it answers."""
        try:
            return httpx.get(f"{self.url}/health", timeout=5).status_code == httpx.codes.OK
        except httpx.TransportError:
            return False

    def stop(self) -> None:
        """End it and wait for its end."""
        self._signal(signal.SIGTERM)

    def kill(self) -> None:
        """End it the hard way, as a crash would."""
        self._signal(signal.SIGKILL)

    def create_token(self) -> str:
        """Make a token for the first user."""
        made = subprocess.run(
            [*SUTLER, "token", "create", "admin", "--data-dir", str(self.data_dir)],
            capture_output=True,
            text=True,
            check=False,
            env={**os.environ, **self.environment},
        )
        if made.returncode:
            raise DemoError(made.stderr.strip() or "no token could be made", made.returncode)
        return made.stdout.strip().splitlines()[-1]

    def _signal(self, number: signal.Signals) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(number)
            self.process.wait(timeout=60)

    def _last_words(self, begun_at: int) -> str:
        with self.log_file.open("rb") as log:
            log.seek(begun_at)
            lines = log.read().decode(errors="replace").strip().splitlines()
        return lines[-1] if lines else "The server ended without a word."


def find_free_port() -> int:
    """A port of the loopback interface that nobody listens on just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
