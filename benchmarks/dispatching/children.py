"""Child processes that are measured, and that do not outlive whoever waits for them."""

from __future__ import annotations

import asyncio
import resource
import signal
from asyncio.subprocess import PIPE
from collections.abc import Coroutine, Iterable, Mapping, Sequence
from dataclasses import dataclass
from subprocess import CalledProcessError
from typing import TypeVar

Result = TypeVar("Result")


@dataclass(frozen=True)
class Ended:
    """What a child said, and the seconds of processor that it used."""

    said: str
    complaint: str
    cpu_seconds: float


async def run_child(command: Sequence[str], *, environment: Mapping[str, str], accepted: Iterable[int] = (0,)) -> Ended:
    """Run a command to its end. Raises CalledProcessError for an exit code that is not accepted.

    One at a time: the processor time is that of all children that ended meanwhile.
    """
    before = _read_children_seconds()
    child = await asyncio.create_subprocess_exec(*command, env=environment, stdout=PIPE, stderr=PIPE)
    try:
        said, complaint = await child.communicate()
    finally:
        if child.returncode is None:
            child.kill()
            await child.wait()
    assert child.returncode is not None
    if child.returncode not in accepted:
        raise CalledProcessError(child.returncode, command[0], said.decode(), complaint.decode(errors="replace"))
    return Ended(said.decode(), complaint.decode(errors="replace"), _read_children_seconds() - before)


def run_until_signal(work: Coroutine[object, object, Result]) -> Result:
    """Run to the end. SIGTERM ends it as an interrupt does: what was opened is closed, then the program exits."""

    async def run() -> Result:
        task = asyncio.current_task()
        assert task is not None
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
        return await work

    try:
        return asyncio.run(run())
    except (KeyboardInterrupt, asyncio.CancelledError):
        raise SystemExit("Ended by a signal.") from None


def _read_children_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
