"""What one worker was told: where to work, on what, with which command and within which limits."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True, kw_only=True)
class OutputSettings:
    """Which files of a run are outputs, what they become and where they go. No patterns: nothing is declared."""

    patterns: tuple[str, ...] = ()
    namespace: str = ""
    dataset: str | None = None
    rse: str | None = None
    base: Path | None = None


@dataclass(frozen=True, kw_only=True)
class Settings:
    """The settings of one worker. `max_files` 0 and `None` in the others mean no limit.

    `time_left_seconds` is what was left of its time when it started.
    """

    url: str
    token: Callable[[], str]
    project_id: int
    worker_id: str
    command: tuple[str, ...]
    share_id: int | None = None
    batch_job_id: str | None = None
    site: str | None = None
    files_per_run: int = 1
    max_files: int = 0
    max_wait_seconds: float | None = None
    time_left_seconds: float | None = None
    run_timeout_seconds: float | None = None
    kill_grace_seconds: float = 10.0
    outputs: OutputSettings = field(default_factory=OutputSettings)
    scratch: Path | None = None
    log_tail_bytes: int = 16 * 1024
    offline_patience_seconds: float = 7200.0
