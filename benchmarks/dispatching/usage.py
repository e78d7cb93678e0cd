"""What processes take: seconds of processor, and the most memory, each with all their descendants."""

from __future__ import annotations

from pathlib import Path

import psutil

RESET_PEAK = "5"
KIBIBYTES_PER_MEGABYTE = 1e6 / 1024


def read_cpu_seconds(pid: int) -> float:
    """Return what a process and its descendants have used so far, those that have ended included."""
    return sum(_read_cpu_seconds(process) for process in _list_tree(pid))


def forget_peak(pid: int) -> None:
    """Begin anew with the most memory that a process and its descendants have had."""
    for process in _list_tree(pid):
        Path(f"/proc/{process.pid}/clear_refs").write_text(RESET_PEAK, encoding="ascii")


def read_peak_mb(pid: int) -> float:
    """Return the most memory that a process and its descendants have had, in millions of bytes.

    Each at its own time, so that it is rather too much than too little.
    """
    return sum(_read_peak_kib(process.pid) for process in _list_tree(pid)) / KIBIBYTES_PER_MEGABYTE


def _list_tree(pid: int) -> list[psutil.Process]:
    root = psutil.Process(pid)
    return [*root.children(recursive=True), root]


def _read_cpu_seconds(process: psutil.Process) -> float:
    try:
        times = process.cpu_times()
    except psutil.NoSuchProcess:  # what it used is its parent's by now, which is read after it
        return 0.0
    return float(times.user + times.system + times.children_user + times.children_system)


def _read_peak_kib(pid: int) -> int:
    lines = Path(f"/proc/{pid}/status").read_text(encoding="ascii", errors="replace").splitlines()
    return next((int(line.split()[1]) for line in lines if line.startswith("VmHWM:")), 0)
