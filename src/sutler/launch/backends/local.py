"""The back-end `local`: detached processes on this machine, some at a time.

The jobs belong to their wrappers (`local_wrapper`), not to the server: they go on when it stops or is killed, and a new
one reads everything from the files (`local_directory`). A plan's host and account do not matter here.

Of what a plan asks for, memory and time are held as limits, and a job takes as many slots as it asked for CPUs. Disk
space is not looked at.
"""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

from sutler.launch.backends import local_wrapper
from sutler.launch.backends.local_directory import JobDirectory, LaunchDirectory, name_directory
from sutler.launch.errors import BackendFailedError, BatchJobNotFoundError, LaunchRefusedError
from sutler.launch.model import JobOutput, JobStatus, LaunchPlan, Receipt

NAME = "local"
KILL_GRACE = timedelta(seconds=30)
OUTPUT_LIMIT_BYTES = 10 * 1024 * 1024
START_TIMEOUT_SECONDS = 120
INHERITED = ("PATH", "HOME", "LANG", "USER", "TMPDIR", "VIRTUAL_ENV")
"""What jobs get from the server's own environment, which may hold secrets of the installation."""


class LocalBackend:
    """Runs batch jobs on this machine, at most `slots` at once over all launches of the directory.

    `slots` None means as many as there are cores. A job that was told to end is killed after `kill_grace`.
    """

    name = NAME

    def __init__(
        self,
        directory: Path,
        *,
        slots: int | None = None,
        kill_grace: timedelta = KILL_GRACE,
        output_limit_bytes: int = OUTPUT_LIMIT_BYTES,
    ) -> None:
        self._directory = directory.resolve()
        self._slot_count = slots or len(os.sched_getaffinity(0))
        self._kill_grace = kill_grace
        self._output_limit_bytes = output_limit_bytes

    async def submit(self, key: str, plan: LaunchPlan, secrets: Mapping[str, str]) -> Receipt:
        """Start the jobs that nobody has started yet. Exactly once each, however often this is called.

        Raises LaunchRefusedError, if the directory cannot be written, the key stands for another plan or a job asks for
        more CPUs than there are slots;
        BackendFailedError, if not all could be started.
        """
        return await asyncio.to_thread(self._submit, key, plan, secrets)

    async def find(self, key: str) -> Receipt | None:
        """Return the jobs that were started under the key, or None for none."""
        with _translate():
            return await asyncio.to_thread(self._find, key)

    async def look(self, batch_job_ids: Sequence[str]) -> list[JobStatus]:
        """Read the directories of the jobs."""
        with _translate():
            return await asyncio.to_thread(
                lambda: [self._job(batch_job_id).read_status(batch_job_id) for batch_job_id in batch_job_ids]
            )

    async def stop(self, batch_job_ids: Sequence[str], reason: str) -> list[str]:
        """Tell jobs to end: SIGTERM to their process group and, after the grace, SIGKILL; does not wait for that."""
        with _translate():
            return await asyncio.to_thread(
                lambda: [each for each in batch_job_ids if self._job(each).request_stop(reason)]
            )

    async def output(self, batch_job_id: str, *, limit_bytes: int) -> JobOutput:
        """Return the end of the output file. Raises BatchJobNotFoundError."""
        job = self._job(batch_job_id)
        if not job.is_claimed():
            raise BatchJobNotFoundError(batch_job_id)
        with _translate():
            return await asyncio.to_thread(job.read_output, limit_bytes)

    def _submit(self, key: str, plan: LaunchPlan, secrets: Mapping[str, str]) -> Receipt:
        launch = self._launch(key)
        wanted = plan.request.cpu_count or 1
        if wanted > self._slot_count:
            raise LaunchRefusedError(NAME, f"each job asked for {wanted} CPUs, and there are {self._slot_count} slots")
        try:
            kept = launch.keep_plan(plan)
            (self._directory / "slots").mkdir(mode=0o700, exist_ok=True)
        except OSError as error:
            raise LaunchRefusedError(NAME, f"{error.filename} cannot be written: {error.strerror}") from error
        if kept != plan:
            raise LaunchRefusedError(NAME, f"the key {key} was used before, with another plan")
        with _translate():
            claimed = set(launch.list_claimed(plan.job_count))
            missing = [number for number in range(1, plan.job_count + 1) if number not in claimed]
            if missing:
                self._start(key, plan, secrets, missing)
        return Receipt(tuple(_write_id(key, number) for number in range(1, plan.job_count + 1)))

    def _start(self, key: str, plan: LaunchPlan, secrets: Mapping[str, str], numbers: Sequence[int]) -> None:
        """Let the wrapper fork once per job; it answers when all are claimed. Raises BackendFailedError."""
        launch = self._launch(key)
        inherited = _inherit_environment()
        for number in numbers:
            launch.get_job(number).path.mkdir(mode=0o700, exist_ok=True)
        order = {
            "arguments": plan.arguments,
            "setup": plan.setup,
            "environment": {**inherited, **plan.environment, **secrets},
            "slots_directory": str(self._directory / "slots"),
            "slot_count": self._slot_count,
            "cpu_count": plan.request.cpu_count or 1,
            "memory_bytes": plan.request.memory_bytes,
            "run_seconds": plan.request.run_seconds,
            "kill_grace_seconds": self._kill_grace.total_seconds(),
            "output_limit_bytes": self._output_limit_bytes,
            "jobs": [
                {
                    "directory": str(launch.get_job(number).path),
                    "environment": dict.fromkeys(("SUTLER_BATCH_JOB_ID", "SUTLER_WORKER_ID"), _write_id(key, number)),
                }
                for number in numbers
            ],
        }
        said = _run_wrapper(json.dumps(order).encode(), inherited)
        missing = [number for number in numbers if not launch.get_job(number).is_claimed()]
        if missing:
            raise BackendFailedError(
                NAME, f"{len(missing)} of {plan.job_count} jobs could not be started: {said}", missing=missing
            )

    def _find(self, key: str) -> Receipt | None:
        launch = self._launch(key)
        plan = launch.find_plan()
        claimed = launch.list_claimed(plan.job_count) if plan else []
        if plan is None or not claimed:
            return None
        return Receipt(tuple(_write_id(key, number) for number in claimed), is_complete=len(claimed) == plan.job_count)

    def _launch(self, key: str) -> LaunchDirectory:
        return LaunchDirectory(self._directory / "launches" / name_directory(key))

    def _job(self, batch_job_id: str) -> JobDirectory:
        """Return the directory of a job. Raises BatchJobNotFoundError for an id of another back-end."""
        key, slash, number = batch_job_id.removeprefix(f"{NAME}:").rpartition("/")
        if not batch_job_id.startswith(f"{NAME}:") or not slash or not number.isdecimal():
            raise BatchJobNotFoundError(batch_job_id)
        return self._launch(key).get_job(int(number))


def _write_id(key: str, number: int) -> str:
    return f"{NAME}:{key}/{number}"


def _inherit_environment() -> dict[str, str]:
    return {name: os.environ[name] for name in INHERITED if name in os.environ}


def _run_wrapper(order: bytes, environment: Mapping[str, str]) -> str:
    """Start wrappers and return what they complained of. Raises BackendFailedError when they do not answer."""
    try:
        done = subprocess.run(  # noqa: S603 - our own file
            [sys.executable, "-I", "-S", str(Path(local_wrapper.__file__))],
            input=order,
            capture_output=True,
            env=dict(environment),
            cwd="/",
            start_new_session=True,
            timeout=START_TIMEOUT_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise BackendFailedError(NAME, f"the jobs were not started within {START_TIMEOUT_SECONDS} seconds") from error
    lines = done.stderr.decode(errors="replace").strip().splitlines()
    return lines[-1] if lines else f"the wrapper ended with {done.returncode}"


@contextmanager
def _translate() -> Iterator[None]:
    """Turn what the operating system says into an error of the room."""
    try:
        yield
    except OSError as error:
        raise BackendFailedError(NAME, f"{error.strerror} ({error.filename})") from error
