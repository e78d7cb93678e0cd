"""What a test of an old client stands on: the client, its user, a home, a working directory, the server."""

from __future__ import annotations

import json
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from tests.contract.clients.installing import Installed

PASSWORD = "password-of-a-physicist"
OLD_CLIENT_SECONDS = 60


@dataclass(frozen=True)
class Ran:
    """How a command ended."""

    exit_code: int
    out: str
    err: str

    @property
    def document(self) -> Any:  # noqa: ANN401 - whatever the client prints
        """What it printed, as JSON."""
        return json.loads(self.out)

    @property
    def last_words(self) -> str:
        """The last line on standard error: of a traceback the error itself."""
        return (self.err.strip().splitlines() or [""])[-1]


@dataclass(frozen=True)
class Bench:
    """One user with one client in one working directory."""

    client: Installed
    server_url: str
    username: str
    directory: Path

    @property
    def is_old(self) -> bool:
        """Whether the client is of the line before 2."""
        return self.client.release.is_old

    @property
    def url(self) -> str:
        """The server as the client names it."""
        return f"{self.server_url}/dd"

    def ddisp(self, *words: object, stdin: str = "", **environment: str) -> Ran:
        """Run `ddisp` and return how it ended."""
        return self._run([str(self.client.ddisp), *map(str, words)], stdin, environment)

    def metacat(self, *words: object, stdin: str = "") -> Ran:
        """Run the command of the catalogue's client and return how it ended."""
        return self._run([str(self.client.metacat), *map(str, words)], stdin, {})

    def succeed(self, *words: object, stdin: str = "") -> str:
        """Run `ddisp`, insist that it succeeds, and return what it printed."""
        ran = self.ddisp(*words, stdin=stdin)
        assert ran.exit_code == 0, f"{words}: {ran}"
        assert "Traceback" not in ran.err, ran.err
        return ran.out

    def script(self, text: str, *arguments: object, **environment: str) -> Any:  # noqa: ANN401 - whatever it leaves
        """Run a script with `client` at hand; return what it leaves in `result`."""
        whole = (
            "import json, sys\n"
            "from data_dispatcher.api import DataDispatcherClient\n"
            f"client = DataDispatcherClient({self.url!r}, {self.server_url + '/auth'!r}, worker_id='w1')\n"
            f"{text}\nprint(json.dumps(result))\n"
        )
        ran = self._run([str(self.client.python), "-c", whole, *map(str, arguments)], "", environment)
        assert ran.exit_code == 0, ran.err
        return ran.document

    def catalog(self, text: str, *arguments: object) -> Any:  # noqa: ANN401 - whatever it leaves
        """Run a script with the client of the catalogue as `client`; return what it leaves in `result`."""
        whole = (
            "import json, sys\n"
            "from metacat.webapi import MetaCatClient\n"
            f"client = MetaCatClient({self.server_url + '/metacat'!r}, {self.server_url + '/auth'!r})\n"
            f"{text}\nprint(json.dumps(result))\n"
        )
        ran = self._run([str(self.client.python), "-c", whole, *map(str, arguments)], "", {})
        assert ran.exit_code == 0, ran.err
        return ran.document

    def keep(self, token: str) -> None:
        """Leave a token where the clients look for it, for the dispatcher and the catalogue."""
        library = self.directory / ".token_library"
        library.write_text(f"{self.url} {token}\n{self.server_url}/metacat {token}\n")
        library.chmod(0o600)

    def create_project(self, *names: str, attributes: str = "virtual=true") -> int:
        """Make a project of files of the namespace `test` and return its id."""
        lines = "".join(f"test:{name}\n" for name in names)
        return int(self.succeed("project", "create", "-A", attributes, "-l", "-", stdin=lines))

    def reserve(self, project_id: int, worker_id: str = "w1") -> str:
        """Reserve the next file and return its DID."""
        return self.succeed("worker", "next", "-t", 5, "-w", worker_id, project_id).strip()

    def _run(self, command: list[str], stdin: str, more: dict[str, str]) -> Ran:
        environment = {
            "PATH": os.environ.get("PATH", ""),
            "HOME": str(self.directory),
            "TZ": "UTC",
            "PYTHONPATH": str(self.client.startup),
            "PYTHONWARNINGS": "ignore",
            "DATA_DISPATCHER_URL": self.url,
            "DATA_DISPATCHER_AUTH_URL": f"{self.server_url}/auth",
            "METACAT_SERVER_URL": f"{self.server_url}/metacat",
            "METACAT_AUTH_SERVER_URL": f"{self.server_url}/auth",
            **more,
        }
        done = subprocess.run(
            command,
            cwd=self.directory,
            env={name: text for name, text in environment.items() if text},
            input=stdin,
            capture_output=True,
            text=True,
            timeout=OLD_CLIENT_SECONDS,
            start_new_session=True,
            check=False,
        )
        return Ran(done.returncode, done.stdout, done.stderr)


def sign_in(server_url: str, username: str) -> str:
    """Return a token of a user, as the clients get it for a password."""
    reply = httpx.post(f"{server_url}/auth/auth?method=ldap", content=f"{username}:{PASSWORD}")
    return reply.raise_for_status().headers["X-Authentication-Token"]
