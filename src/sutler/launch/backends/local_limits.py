"""What a local batch job uses, and the limits it asked for. Part of the wrapper: standard library only, Linux.

All processes of a job are found below its wrapper: those that were left by their parents are given to the wrapper by
the kernel (`adopt_strays`), so that a job cannot slip away by changing its process group or session.

Memory is looked at, not fenced: a limit of the address space would be wrong for programs that map much and use little.
The memory of a job is the sum over its processes of what is resident, where pages that several of them share count
once. The pause between two looks starts with `SHORTEST_PAUSE`, doubles up to a longest one, and is never longer than
half the time in which the job would reach its limit if it went on growing as it just did. So a job that grows steadily
is caught close to its limit. One that begins to grow all at once may take what it can fill within `LONGEST_PAUSE`
(about half a gigabyte for each core it uses) beyond its limit before it is seen; `prefer_for_killing` makes sure that
the kernel takes the job and not the server, should the machine run out of memory in that time.
"""

from __future__ import annotations

import ctypes
import os
import signal
import time
from contextlib import suppress
from pathlib import Path

MEMORY, TIME = "memory", "time"
SHORTEST_PAUSE = 0.01
LONGEST_PAUSE = 0.2
PAUSE_WITHOUT_LIMIT = 1.0
"""Seconds between two looks; without a limit they only tell how much was used at most."""
LARGEST_SHARE = 0.05
"""Of the time of one core, for looking."""
MAX_KILLING_ROUNDS = 20

_PR_SET_CHILD_SUBREAPER = 36
_PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")
_CHILDREN_ARE_LISTED = Path("/proc/thread-self/children").exists()
_GONE = (FileNotFoundError, ProcessLookupError, PermissionError)


def adopt_strays() -> None:
    """Become the parent of every process below this one whose own parent has ended."""
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def prefer_for_killing(pid: int) -> None:
    """Let the kernel kill this process and those it starts before others, when the machine runs out of memory."""
    with suppress(OSError):
        Path(f"/proc/{pid}/oom_score_adj").write_text("500", encoding="ascii")


def list_below(pid: int) -> set[int]:
    """Return the numbers of all processes below one."""
    found: set[int] = set()
    unseen = [pid]
    while unseen:
        children = set(list_children(unseen.pop())) - found
        found |= children
        unseen += children
    return found


def list_children(pid: int) -> list[int]:
    """Return the numbers of the children of a process, those that are over but not reaped among them."""
    if not _CHILDREN_ARE_LISTED:
        numbers = [int(each.name) for each in Path("/proc").iterdir() if each.name.isdecimal()]
        return [number for number in numbers if _read_parent(number) == pid]
    found: list[int] = []
    with suppress(*_GONE):
        for thread in Path(f"/proc/{pid}/task").iterdir():
            with suppress(*_GONE):
                found += [int(child) for child in (thread / "children").read_text(encoding="ascii").split()]
    return found


def _read_parent(pid: int) -> int | None:
    try:
        text = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except _GONE:
        return None
    return int(text.rpartition(")")[2].split()[1])


def reap_strays(command: int) -> None:
    """Let go of adopted processes that are over; the command itself is left for who wants to know how it ended."""
    for child in list_children(os.getpid()):
        if child != command:
            with suppress(ChildProcessError):
                os.waitpid(child, os.WNOHANG)


def kill_below(command: int) -> None:
    """Kill every process below this one, whatever its group; what they start meanwhile too."""
    killed: set[int] = set()
    for _ in range(MAX_KILLING_ROUNDS):
        new = list_below(os.getpid()) - killed
        if not new:
            return
        for pid in new:
            with suppress(*_GONE):
                os.kill(pid, signal.SIGKILL)
        killed |= new
    reap_strays(command)


def measure_resident(pids: set[int]) -> int:
    """Return the resident bytes of some processes; a page that they share counts as often as it is shared."""
    total = 0
    for pid in pids:
        with suppress(*_GONE):
            total += int(Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1]) * _PAGE_BYTES
    return total


def measure_proportional(pids: set[int]) -> int:
    """Return the resident bytes of some processes, where a shared page counts once. Costs more than the other."""
    return sum(_read_proportional(pid) for pid in pids)


def _read_proportional(pid: int) -> int:
    try:
        text = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii")
    except (FileNotFoundError, ProcessLookupError):
        return 0
    except PermissionError:
        return measure_resident({pid})
    parts = [line.split() for line in text.splitlines() if line.startswith("Pss:")]
    return int(parts[0][1]) * 1024 if parts else 0


class Limits:
    """Looks at what a job uses, as often as it must; `cause` tells which limit it passed first, if any."""

    def __init__(self, command: int, *, memory_bytes: int | None, run_seconds: float | None) -> None:
        self.cause = ""
        self.peak_bytes = 0
        self._command = command
        self._memory_bytes = memory_bytes
        self._run_seconds = run_seconds
        self._started = self._looked = time.monotonic()
        self._pause = SHORTEST_PAUSE / 2
        self._last_bytes = 0
        self._ran_seconds = 0.0

    def check(self) -> float:
        """Look, if it is time to, and return the seconds until the next look."""
        now = time.monotonic()
        if not self.cause and self._run_seconds is not None and now - self._started >= self._run_seconds:
            self.cause, self._ran_seconds = TIME, now - self._started
        if now - self._looked >= self._pause:
            self._look(now)
        waits = [self._looked + self._pause]
        if not self.cause and self._run_seconds is not None:
            waits.append(self._started + self._run_seconds)
        return max(0.0, min(waits) - time.monotonic())

    def explain(self) -> str:
        """Return why the job was killed; empty if it was not."""
        if self.cause == MEMORY:
            used, asked = write_megabytes(self.peak_bytes), write_megabytes(self._memory_bytes or 0)
            return f"killed: used {used} MB of the {asked} MB of memory it asked for"
        if self.cause == TIME:
            return f"killed: ran {write_time(self._ran_seconds)}, asked for {write_time(self._run_seconds or 0)}"
        return ""

    def _look(self, now: float) -> None:
        used = self._measure()
        self.peak_bytes = max(self.peak_bytes, used)
        if self._memory_bytes is not None and used > self._memory_bytes and not self.cause:
            self.cause = MEMORY
        reap_strays(self._command)
        growth = (used - self._last_bytes) / (now - self._looked)
        self._pause = max(
            choose_pause(self._pause, room=self._find_room(used), growth=growth),
            (time.monotonic() - now) / LARGEST_SHARE,
        )
        self._last_bytes, self._looked = used, now

    def _measure(self) -> int:
        pids = list_below(os.getpid())
        used = measure_resident(pids)
        if used <= self.peak_bytes or len(pids) == 1:
            return used  # an upper bound: nobody needs to know it better
        return measure_proportional(pids)

    def _find_room(self, used: int) -> int | None:
        return None if self._memory_bytes is None else max(0, self._memory_bytes - used)


def choose_pause(last: float, *, room: int | None, growth: float) -> float:
    """Return the seconds until the next look, from the last pause, the bytes to the limit and the bytes per second."""
    longest = min(2 * last, PAUSE_WITHOUT_LIMIT if room is None else LONGEST_PAUSE)
    if room is None or growth <= 0:
        return max(SHORTEST_PAUSE, longest)
    return max(SHORTEST_PAUSE, min(longest, room / growth / 2))


def write_megabytes(count: int) -> str:
    """Write bytes as millions of them, small ones with a decimal."""
    millions = count / 1_000_000
    return f"{millions:.0f}" if millions >= 10 else f"{millions:.1f}"


def write_time(seconds: float) -> str:
    """Write a time in the largest unit of which there are two."""
    for unit, length in (("hours", 3600), ("minutes", 60)):
        if seconds >= 2 * length:
            return f"{round(seconds / length, 1):g} {unit}"
    return "1 second" if round(seconds, 1) == 1 else f"{round(seconds, 1):g} seconds"
