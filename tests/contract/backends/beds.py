"""Back-ends ready to be tested: how to make one, open it a second time, and end whatever it started."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Any, Protocol

from sutler.launch import Backend, JobState, JobStatus, LaunchPlan, LocalBackend
from sutler.launch.backends.local_wrapper import is_alive

PATIENCE_SECONDS = 30.0

Check = Callable[[], Awaitable[bool]]


class Bed(Protocol):
    """One kind of back-end on this machine, with two slots."""

    directory: Path
    backend: Backend

    def open_again(self) -> Backend:
        """Return a second object for the same batch system, as a restarted server would make it."""
        ...

    def write_program(self) -> str:
        """Return a Python program that submits argv[1], with one job that waits for a file argv[2], then sleeps."""
        ...

    def end_everything(self) -> None:
        """End all processes that jobs of this bed still have, by their numbers."""
        ...


class LocalBed:
    """The local back-end in a directory of its own."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.backend: Backend = self.open_again()

    def open_again(self) -> LocalBackend:
        """Return another object on the same directory."""
        return LocalBackend(self.directory, slots=2, kill_grace=timedelta(seconds=0.5), output_limit_bytes=40_000)

    def write_program(self) -> str:
        """Return the program; it is told where the directory is."""
        return (
            "import asyncio, sys, time\n"
            "from pathlib import Path\n"
            "from sutler.launch import LaunchPlan, LocalBackend\n"
            f"backend = LocalBackend(Path({str(self.directory)!r}), slots=2)\n"
            "wait = ('sh', '-c', 'until test -e \"$0\"; do sleep 0.02; done; exit 5', sys.argv[2])\n"
            "asyncio.run(backend.submit(sys.argv[1], LaunchPlan(wait, 1), {}))\n"
            "print('submitted', flush=True)\n"
            "time.sleep(600)\n"
        )

    def end_everything(self) -> None:
        """Kill commands and wrappers that are still there."""
        for path in [*self.directory.glob("launches/*/*/pid.json"), *self.directory.glob("launches/*/*/claim")]:
            content = json.loads(path.read_text())
            for identity in [content.get("child"), content.get("wrapper")]:
                if identity is not None and is_alive(identity):
                    kill_group(identity)


def kill_group(identity: dict[str, Any]) -> None:
    """Kill the process group of a process that is known to be the right one."""
    with suppress(ProcessLookupError):
        os.killpg(identity["pid"], signal.SIGKILL)


async def wait_until(check: Check, what: str) -> None:
    """Return as soon as the check holds; fail the test if that takes too long."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not await check():
        assert time.monotonic() < deadline, f"waited in vain for: {what}"
        await asyncio.sleep(0.02)


async def wait_for_state(backend: Backend, batch_job_ids: Sequence[str], *states: JobState) -> list[JobStatus]:
    """Wait until all the jobs are in one of the states and return their statuses, in the order of the ids."""
    last: list[JobStatus] = []

    async def are_there() -> bool:
        last[:] = await backend.look(batch_job_ids)
        return all(status.state in states for status in last)

    await wait_until(are_there, f"{[state.value for state in states]}")
    by_id = {status.batch_job_id: status for status in last}
    return [by_id[batch_job_id] for batch_job_id in batch_job_ids]


async def wait_for_end(backend: Backend, batch_job_ids: Sequence[str]) -> list[JobStatus]:
    """Wait until all the jobs are over."""
    return await wait_for_state(backend, batch_job_ids, JobState.ENDED, JobState.STOPPED, JobState.LOST)


def shell_plan(program: str, *arguments: str, job_count: int = 1, setup: str = "", **environment: str) -> LaunchPlan:
    """A plan whose jobs run a small shell program with arguments."""
    return LaunchPlan(("sh", "-c", program, "sh", *arguments), job_count, setup=setup, environment=environment)


UNTIL_FILE = 'until test -e "$1"; do sleep 0.02; done'
"""Shell text that waits for the file in the first argument."""
