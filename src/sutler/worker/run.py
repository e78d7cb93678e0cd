"""One run of the user's command: a process group of its own, limits, measures, and the end of its log."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from enum import Enum
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import IO

from sutler.worker.messages import Document
from sutler.worker.tail import Tail

_CHUNK_BYTES = 64 * 1024
_LAST_OUTPUT_TIMEOUT_SECONDS = 2.0


class Ending(Enum):
    """What brought a run to its end."""

    EXITED = "the command ended by itself"
    TIMED_OUT = "it ran longer than allowed"
    TOLD_TO_STOP = "the worker was told to stop"
    LOST = "its lease was lost"
    NOT_STARTED = "the command could not be started"


Mailbox = SimpleQueue[Ending]
"""Where the waiting worker hears of the first ending. SimpleQueue, because signal handlers put into it."""


@dataclass(frozen=True, kw_only=True)
class Measures:
    """What a run cost: seconds and bytes; `exit_code` is negative for a signal.

    `max_rss_bytes` is that of the command's largest process. It never reads below the worker's own size at the start,
    because Linux carries that over into a new process.
    """

    host: str
    wall_seconds: float | None = None
    cpu_seconds: float | None = None
    max_rss_bytes: int | None = None
    exit_code: int | None = None

    def to_document(self) -> Document:
        """What is known, for the report."""
        return {name: value for name, value in asdict(self).items() if value is not None}


@dataclass(frozen=True, kw_only=True)
class Run:
    """How one run of the command went. `trouble` says why one that was not started was not."""

    ending: Ending
    measures: Measures
    log_tail: str = ""
    trouble: str = ""

    @property
    def is_success(self) -> bool:
        """Did the command end by itself with exit code 0?"""
        return self.ending is Ending.EXITED and self.measures.exit_code == 0


@dataclass(frozen=True, kw_only=True)
class Limits:
    """What a run may use. `timeout_seconds` None is no limit; `grace_seconds` lie between SIGTERM and SIGKILL."""

    timeout_seconds: float | None
    grace_seconds: float
    tail_bytes: int


def run_command(
    arguments: Sequence[str],
    *,
    environment: Mapping[str, str],
    directory: Path,
    limits: Limits,
    mailbox: Mailbox,
    pass_on: Callable[[bytes], None],
    host: str,
) -> Run:
    """Run `arguments` in `directory` to its end, or until something else in `mailbox` ends it.

    Processes that the command leaves behind in its group are killed: their directory is about to go. `pass_on` gets
    everything the command prints, in a thread of its own.
    """
    started_at = time.monotonic()
    try:
        process = _start(arguments, environment, directory)
    except OSError as error:
        trouble = _describe_start_error(arguments[0], error)
        return Run(ending=Ending.NOT_STARTED, measures=Measures(host=host), trouble=trouble)
    tail = Tail(limits.tail_bytes)
    reader = _Reader(process.stdout, tail, pass_on)
    threading.Thread(target=_announce_exit, args=(process.pid, mailbox), name="exit watcher", daemon=True).start()
    ending = _await_ending(process.pid, mailbox, limits)
    wall_seconds = time.monotonic() - started_at
    _signal_group(process.pid, signal.SIGKILL)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)  # or Popen would believe that it still has a child
    reader.finish()
    measures = Measures(
        host=host,
        wall_seconds=round(wall_seconds, 3),
        cpu_seconds=round(usage.ru_utime + usage.ru_stime, 3),
        max_rss_bytes=usage.ru_maxrss * 1024,
        exit_code=process.returncode,
    )
    return Run(ending=ending, measures=measures, log_tail=tail.read_text())


def _start(arguments: Sequence[str], environment: Mapping[str, str], directory: Path) -> subprocess.Popen[bytes]:
    return subprocess.Popen(  # noqa: S603  running the user's command is the purpose; it is a list, never a shell line
        [_locate(arguments[0]), *arguments[1:]],
        bufsize=0,
        cwd=directory,
        env=environment,
        process_group=0,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )


def _locate(command: str) -> str:
    # A relative path is meant from where the worker was started, not from the scratch directory.
    return str(Path.cwd() / command) if "/" in command else command


def _describe_start_error(command: str, error: OSError) -> str:
    if isinstance(error, FileNotFoundError):
        # For a script whose interpreter is missing the system says the same as for a missing script.
        if "/" in command and Path(command).exists():
            return f"the interpreter named in its first line was not found: {command}"
        return f"command not found: {command}"
    if isinstance(error, PermissionError):
        return f"is not executable: {command}"
    return f"could not be started ({error.strerror}): {command}"


def _announce_exit(pid: int, mailbox: Mailbox) -> None:
    # Left unreaped, so that the process group's number cannot be given to somebody else before it was cleaned up.
    os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
    mailbox.put(Ending.EXITED)


def _await_ending(pid: int, mailbox: Mailbox, limits: Limits) -> Ending:
    try:
        ending = mailbox.get(timeout=limits.timeout_seconds)
    except Empty:
        ending = Ending.TIMED_OUT
    if ending is not Ending.EXITED:
        _end_group(pid, mailbox, limits.grace_seconds)
    return ending


def _end_group(pid: int, mailbox: Mailbox, grace_seconds: float) -> None:
    """Ask the group to end; kill it after the grace, or at once when a second order comes. Returns when it is gone."""
    _signal_group(pid, signal.SIGTERM)
    try:
        news = mailbox.get(timeout=grace_seconds)
    except Empty:
        news = Ending.TIMED_OUT
    if news is not Ending.EXITED:
        _signal_group(pid, signal.SIGKILL)
    while news is not Ending.EXITED:
        news = mailbox.get()


def _signal_group(pid: int, number: signal.Signals) -> None:
    # Nobody left, or nobody we may signal (a set-uid program): there is nothing more to do about either.
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, number)


class _Reader:
    """Reads what the command prints into the tail and passes it on."""

    def __init__(self, stream: IO[bytes] | None, tail: Tail, pass_on: Callable[[bytes], None]) -> None:
        assert stream is not None
        self._stream = stream
        self._tail = tail
        self._pass_on = pass_on
        self._abandoned = False
        self._thread = threading.Thread(target=self._read, name="output reader", daemon=True)
        self._thread.start()

    def finish(self) -> None:
        """Wait for the end of the stream; not long, since a process that left the group can hold it open for ever."""
        self._thread.join(_LAST_OUTPUT_TIMEOUT_SECONDS)
        self._abandoned = True

    def _read(self) -> None:
        with self._stream:
            while not self._abandoned and (chunk := self._stream.read(_CHUNK_BYTES)):
                self._tail.append(chunk)
                self._pass_on(chunk)
