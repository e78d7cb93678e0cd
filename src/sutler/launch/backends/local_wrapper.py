"""The process beside every local batch job. Run as a file with `python -I -S`; standard library only, Linux. So are
`local_limits` and `local_endings`, which it takes from its own folder.

It is started once per launch with an order on standard input (so that secrets are never on a disk), forks once per job
and ends; what it forked belongs to nobody, has a session of its own and outlives the server. Each of them, in the
directory of its job:

1. claims the job by linking the file `claim`, which names this process. Only one process can, ever: whoever comes
   second ends at once, so a job is started at most once however often it is submitted.
2. waits for a slot (below).
3. starts the command, in a session of its own, and writes `pid.json`.
4. passes its output on to the file `output`, which never grows beyond the limit.
5. writes `exit.json`, by rename, and ends.

SIGTERM is passed on to the command's process group; after the grace SIGKILL follows, for every process of the job. What
the command leaves running in its process group ends with it. A job that uses more memory than it asked for is killed at
once, one that runs longer than it asked for is ended like one that is told to.

Slots: a job holds the locks (`flock`) of as many of the files `slots/0` … `slots/N-1` as it asked for CPUs (at least
one) while it runs; the kernel frees them whatever happens to the holder. Those who wait queue up, without polling, at
the lock of `slots/turn`; only the first of them looks at the slots, keeps those it gets, and while they are too few
sleeps until one of the processes named in the others has ended.
"""

from __future__ import annotations

import fcntl
import json
import os
import select
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING or __name__ != "__main__":
    from sutler.launch.backends import local_endings, local_limits
else:
    sys.path.append(str(Path(__file__).parent))
    import local_endings
    import local_limits

Identity = dict[str, int | str]
"""A process beyond doubt: a number that was used again has another start, and after a reboot another boot."""

READ_BYTES = 65536
MAX_LAST_READS = 64
"""How often the pipe is read after the end of the command: somebody else may still be writing to it."""

BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
_ZOMBIE_STATES = ("Z", "X")


def identify(pid: int) -> Identity | None:
    """Return the identity of a process, even of one that is over but not yet reaped; None if there is none."""
    fields = _read_stat(pid)
    if fields is None:
        return None
    return {"pid": pid, "start_ticks": int(fields[19]), "boot_id": BOOT_ID.read_text(encoding="ascii").strip()}


def is_alive(identity: Identity) -> bool:
    """Whether this very process still runs."""
    fields = _read_stat(int(identity["pid"]))
    return fields is not None and fields[0] not in _ZOMBIE_STATES and identify(int(identity["pid"])) == identity


def write_json(path: Path, content: object) -> None:
    """Put a file in place whole: a reader sees the old one or the new one."""
    draft = path.with_name(f"{path.name}.{os.urandom(8).hex()}")
    draft.write_text(json.dumps(content), encoding="utf-8")
    draft.replace(path)


def _read_stat(pid: int) -> list[str] | None:
    try:
        text = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except (FileNotFoundError, ProcessLookupError):
        return None
    return text.rpartition(")")[2].split()


class InterruptedWaitError(Exception):
    """SIGTERM came before the command was started."""


class Interruption:
    """SIGTERM: breaks off the wait for a slot, later wakes the loop that watches the command."""

    def __init__(self) -> None:
        self.came = False
        self.is_waiting = False
        self.wake_fd, write_fd = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
        signal.set_wakeup_fd(write_fd)
        signal.signal(signal.SIGTERM, self._receive)

    def _receive(self, _number: int, _frame: object) -> None:
        is_first, self.came = not self.came, True
        if is_first and self.is_waiting:
            raise InterruptedWaitError

    def clear_wake(self) -> None:
        """Read away what woke the loop."""
        os.read(self.wake_fd, READ_BYTES)


class BoundedOutput:
    """A file that keeps the head and the tail of what is written to it, at most `limit_bytes`."""

    def __init__(self, path: Path, limit_bytes: int) -> None:
        self.error = ""
        self._path = path
        self._limit = limit_bytes
        self._keep = limit_bytes // 4
        self._left_out = 0
        self._note = b""
        self._file = path.open("ab", buffering=0)

    def write(self, data: bytes) -> None:
        """Keep some output. A full disk does not end the job: from then on its output is dropped."""
        if self.error:
            return
        try:
            while data:
                data = data[self._file.write(data) :]
            if self._file.tell() > self._limit:
                self._cut()
        except OSError as error:
            self.error = f"The output could not be kept: {error.strerror}."

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def _cut(self) -> None:
        size = self._file.tell()
        self._left_out += size - 2 * self._keep - len(self._note)
        self._note = f"\n[… {self._left_out} bytes left out …]\n".encode()
        with self._path.open("rb") as whole:
            head = whole.read(self._keep)
            whole.seek(size - self._keep)
            tail = whole.read()
        draft = self._path.with_name("output.draft")
        draft.write_bytes(head + self._note + tail)
        draft.replace(self._path)
        self._file.close()
        self._file = self._path.open("ab", buffering=0)


def claim(directory: Path) -> bool:
    """Make this process the one that runs the job. False if another one was first."""
    draft = directory / f"claim.{os.getpid()}"
    draft.write_text(json.dumps({"wrapper": identify(os.getpid()), "host": os.uname().nodename}), encoding="utf-8")
    try:
        os.link(draft, directory / "claim")
    except FileExistsError:
        return False
    finally:
        draft.unlink()
    return True


def take_slots(slots: Path, count: int, wanted: int) -> list[int]:
    """Wait for as many slots as are wanted, of `count` that there are, and return the open files that hold them."""
    turn = os.open(slots / "turn", os.O_RDWR | os.O_CREAT, 0o600)
    held: list[int] = []
    others = list(range(count))
    try:
        fcntl.flock(turn, fcntl.LOCK_EX)
        while True:
            for number in list(others):
                slot = _try_slot(slots / str(number))
                if slot is not None:
                    held.append(slot)
                    others.remove(number)
                if len(held) == wanted:
                    return held
            _await_an_end([_read_holder(slots / str(number)) for number in others])
    finally:
        os.close(turn)


def _try_slot(path: Path) -> int | None:
    slot = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(slot, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(slot)
        return None
    os.pwrite(slot, f"{os.getpid():<20}".encode(), 0)
    return slot


def _read_holder(path: Path) -> int:
    return int(path.read_text(encoding="ascii"))


def _await_an_end(pids: list[int]) -> None:
    poller = select.poll()
    handles = []
    try:
        for pid in pids:
            handles.append(os.pidfd_open(pid))
            poller.register(handles[-1], select.POLLIN)
        poller.poll()
    except ProcessLookupError:
        time.sleep(0.05)  # it has just ended; the pause matters only if a holder is hidden in another namespace
    finally:
        for handle in handles:
            os.close(handle)


class Command:
    """The command of a job while it runs."""

    def __init__(self, directory: Path, order: dict[str, Any], environment: dict[str, str]) -> None:
        """Start it. Raises OSError or ValueError if the system refuses."""
        work = directory / "work"
        work.mkdir(exist_ok=True)
        self._process = subprocess.Popen(  # noqa: S603 - an argument list, never pasted into a shell
            _command_line(directory, order),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=environment,
            cwd=work,
            bufsize=0,
            start_new_session=True,
        )
        assert self._process.stdout is not None
        self._pipe = self._process.stdout.fileno()
        self._output = BoundedOutput(directory / "output", order["output_limit_bytes"])
        self._grace = order["kill_grace_seconds"]
        self._kill_at: float | None = None
        self.identity = identify(self._process.pid)
        local_limits.prefer_for_killing(self._process.pid)
        self._limits = local_limits.Limits(
            self._process.pid, memory_bytes=order["memory_bytes"], run_seconds=order["run_seconds"]
        )

    def watch(self, interruption: Interruption) -> None:
        """Pass the output on until the command has ended, and end it when that is asked or it uses too much."""
        end = os.pidfd_open(self._process.pid)
        poller = select.poll()
        for fd in (end, self._pipe, interruption.wake_fd):
            poller.register(fd, select.POLLIN)
        while True:
            ready = {fd for fd, _ in poller.poll(self._press(interruption) * 1000 + 1)}
            if interruption.wake_fd in ready:
                interruption.clear_wake()
            if self._pipe in ready and not self._pass_on():
                poller.unregister(self._pipe)
            if end in ready:
                break
        self._signal(signal.SIGKILL)
        if interruption.came or self._limits.cause:
            local_limits.kill_below(self._process.pid)
        os.set_blocking(self._pipe, False)
        for _ in range(MAX_LAST_READS):
            if not self._pass_on():
                break

    def collect(self) -> dict[str, Any]:
        """Return how it ended. Until here its process number could not be given to another.

        The peak is the most that was seen of all processes, or what the kernel tells of the largest one: that one has
        no gaps, but never reads below the size of this process.
        """
        self._output.close()
        _, status, usage = os.wait4(self._process.pid, 0)
        code = os.waitstatus_to_exitcode(status)
        self._process.returncode = code
        return {
            "exit_code": code if code >= 0 else None,
            "signal": -code if code < 0 else None,
            "reason": self._limits.explain() or self._output.error,
            "cause": self._limits.cause,
            "peak_memory_bytes": max(self._limits.peak_bytes, usage.ru_maxrss * 1024),
            "cpu_seconds": usage.ru_utime + usage.ru_stime,
        }

    def _press(self, interruption: Interruption) -> float:
        """Send the signals that are due; return the seconds until there may be something to do again."""
        pause = self._limits.check()
        if self._limits.cause == local_limits.MEMORY:
            local_limits.kill_below(self._process.pid)
        elif interruption.came or self._limits.cause == local_limits.TIME:
            return min(pause, self._end_politely())
        return pause

    def _end_politely(self) -> float:
        now = time.monotonic()
        if self._kill_at is None:
            self._signal(signal.SIGTERM)
            self._kill_at = now + self._grace
        if now < self._kill_at:
            return self._kill_at - now
        local_limits.kill_below(self._process.pid)
        return local_limits.LONGEST_PAUSE

    def _pass_on(self) -> bool:
        try:
            data = os.read(self._pipe, READ_BYTES)
        except BlockingIOError:
            return False
        self._output.write(data)
        return bool(data)

    def _signal(self, number: signal.Signals) -> None:
        try:
            os.killpg(self._process.pid, number)
        except (ProcessLookupError, PermissionError):
            return  # over, or only processes of another user are left


def _command_line(directory: Path, order: dict[str, Any]) -> list[str]:
    if not order["setup"]:
        return list(order["arguments"])
    return local_endings.write_shell_line(order["setup"], order["arguments"], directory / "progress")


def run_job(directory: Path, order: dict[str, Any], environment: dict[str, str], interruption: Interruption) -> None:
    """Wait, run the command and write down how it ended."""
    try:
        _wait_for_slot(directory, order, interruption)
    except InterruptedWaitError:
        ending: dict[str, object] = {"reason": "It was told to end before it started."}
    else:
        started_at = _now()
        ending = _run_command(directory, order, environment, interruption)
        ending["started_at"] = started_at
    write_json(directory / "exit.json", {**ending, "ended_at": _now(), "interrupted": interruption.came})


def _wait_for_slot(directory: Path, order: dict[str, Any], interruption: Interruption) -> None:
    """Return holding slots, which are freed when this process ends. Raises InterruptedWaitError."""
    interruption.is_waiting = True
    if interruption.came or (directory / "stop").exists():
        raise InterruptedWaitError
    take_slots(Path(order["slots_directory"]), order["slot_count"], order["cpu_count"])
    interruption.is_waiting = False


def _run_command(
    directory: Path, order: dict[str, Any], environment: dict[str, str], interruption: Interruption
) -> dict[str, object]:
    started_at = _now()
    try:
        command = Command(directory, order, environment)
    except (OSError, ValueError) as error:
        code, reason = local_endings.explain_start_error(error, order["arguments"][0], directory / "work")
        return {"exit_code": code, "reason": reason}
    write_json(directory / "pid.json", {"child": command.identity, "started_at": started_at})
    command.watch(interruption)
    ending = command.collect()
    if not ending["reason"] and not interruption.came:
        ending["reason"] = _explain_end(directory, order, ending)
    return ending


def _explain_end(directory: Path, order: dict[str, Any], ending: dict[str, Any]) -> str:
    return local_endings.explain_end(
        ending["exit_code"] if ending["signal"] is None else -ending["signal"],
        program=order["arguments"][0],
        last_line=local_endings.read_last_line(directory / "output"),
        progress=local_endings.read_progress(directory / "progress") if order["setup"] else local_endings.STARTED,
    )


def _now() -> str:
    return datetime.now(UTC).isoformat()


def begin(directory: Path, order: dict[str, Any], environment: dict[str, str]) -> None:
    """Claim the job in a process of its own, let go of everything the starter was given, and run."""
    os.setsid()
    local_limits.adopt_strays()
    interruption = Interruption()
    if not claim(directory):
        return
    nothing = os.open(os.devnull, os.O_RDONLY)
    complaints = os.open(directory / "wrapper.log", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    os.dup2(nothing, 0)
    os.dup2(complaints, 1)
    os.dup2(complaints, 2)
    run_job(directory, order, environment, interruption)


def main() -> None:
    """Read the order and fork once per job. Standard output and errors are closed once every job is claimed."""
    order = json.load(sys.stdin.buffer)
    for job in order["jobs"]:
        if os.fork() == 0:
            try:
                begin(Path(job["directory"]), order, {**order["environment"], **job["environment"]})
            finally:
                _leave()


def _leave() -> None:
    """End a forked process at once: what follows in `main` belongs to the starter. Say why if there is an error."""
    error = sys.exc_info()[1]
    if error is not None:
        sys.stderr.write(f"{type(error).__name__}: {error}\n")
        sys.stderr.flush()
    os._exit(error is not None)


if __name__ == "__main__":
    main()
