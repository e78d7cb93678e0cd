"""Starting PostgreSQL's programs as child processes.

asyncio's own subprocesses are no choice here: under uvloop they cannot change the user.
"""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from sutler.database.embedded.account import Account

HERE = "/proc/self/cwd"


@dataclass(frozen=True)
class Result:
    """How a program ended and all that it wrote."""

    exit_code: int
    output: str


def name_cluster(cluster: Path, account: Account | None) -> str:
    """Return the name under which PostgreSQL finds its cluster, when it is started inside it.

    A service account may be unable to enter the directories above, and they are not ours to open. Its process is
    put into the cluster before it changes the user, and the name of the working directory needs no way there.
    """
    return str(cluster) if account is None else HERE


def start_child(
    command: Sequence[str | Path],
    *,
    account: Account | None,
    output: int | IO[bytes],
    directory: Path | None = None,
    keep: Sequence[int] = (),
) -> subprocess.Popen[bytes]:
    """Start a program in a session of its own, so that Ctrl-C in our terminal does not reach it.

    It sees nothing of our environment that could change PostgreSQL's behaviour, and inherits only the descriptors
    in `keep`. Raises OSError if it cannot be run.
    """
    environment = {"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"}
    if "LD_LIBRARY_PATH" in os.environ:
        environment["LD_LIBRARY_PATH"] = os.environ["LD_LIBRARY_PATH"]
    return subprocess.Popen(  # noqa: S603 - the programs of our own installation, no shell
        [str(word) for word in command],
        cwd=directory or "/",
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.STDOUT,
        start_new_session=True,
        pass_fds=keep,
        umask=0o077,
        user=account.user_id if account else None,
        group=account.group_id if account else None,
        extra_groups=account.groups if account else None,
    )


async def run_child(
    command: Sequence[str | Path], *, account: Account | None, directory: Path | None = None, keep: Sequence[int] = ()
) -> Result:
    """Run a program to its end. When we are cancelled it is killed with all its children.

    Raises OSError if it cannot be run.
    """
    with tempfile.TemporaryFile() as output:
        process = start_child(command, account=account, output=output, directory=directory, keep=keep)
        try:
            await asyncio.to_thread(process.wait)
        finally:
            if process.returncode is None:
                with suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
                process.wait()
        output.seek(0)
        return Result(exit_code=process.returncode, output=output.read().decode(errors="replace"))
