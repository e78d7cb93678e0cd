"""The files of the local back-end, as the server reads them; `local_wrapper` writes most of them.

BACKEND_DIRECTORY/
  slots/turn, slots/0 …                     locks
  launches/KEY/plan.json                    what was asked for, without secrets
  launches/KEY/NUMBER/claim                 which wrapper process runs this job
                      pid.json              which process is its command, and since when
                      output, exit.json     what it wrote, how it ended
                      progress              how far its shell came, if it has a login setup
                      stop                  that it was told to end, and why
                      wrapper.log           what the wrapper complained of; usually empty
                      work/                 where the command starts
"""

from __future__ import annotations

import hashlib
import json
import os
import signal
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any, TypeAlias
from urllib.parse import quote

from sutler.launch.backends.local_wrapper import Identity, is_alive, write_json
from sutler.launch.model import JobCause, JobOutput, JobState, JobStatus, LaunchPlan, decode_plan, encode_plan

MAX_NAME = 200

Content: TypeAlias = Mapping[str, Any]


def name_directory(key: str) -> str:
    """Return a file name for a launch key: readable, safe, and another one for every other key."""
    name = quote(key, safe="").replace(".", "%2E").replace("~", "%7E") or "%"
    if len(name) <= MAX_NAME:
        return name
    return f"{name[: MAX_NAME // 2]}~{hashlib.sha256(key.encode()).hexdigest()}"


def _read_json(path: Path) -> Content | None:
    """Return None also for a file that a power cut left empty: what it would have said is lost."""
    try:
        content: Content = json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError, ValueError):
        return None
    return content


def _instant(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


@dataclass(frozen=True)
class LaunchDirectory:
    """What belongs to one launch."""

    path: Path

    def keep_plan(self, plan: LaunchPlan) -> LaunchPlan:
        """Write the plan down unless there is one, and return the one that is there."""
        kept = self.find_plan()
        if kept is not None:
            return kept
        self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_json(self.path / "plan.json", encode_plan(plan))
        return plan

    def find_plan(self) -> LaunchPlan | None:
        """Return the plan that was written down, or None."""
        kept = _read_json(self.path / "plan.json")
        return None if kept is None else decode_plan(kept)

    def get_job(self, number: int) -> JobDirectory:
        """Return the directory of a job, which need not be there."""
        return JobDirectory(self.path / str(number))

    def list_claimed(self, job_count: int) -> list[int]:
        """Return the numbers of the jobs that a wrapper has claimed."""
        return [number for number in range(1, job_count + 1) if self.get_job(number).is_claimed()]


@dataclass(frozen=True)
class JobDirectory:
    """What belongs to one job."""

    path: Path

    def is_claimed(self) -> bool:
        """Whether a wrapper has made this job its own."""
        return (self.path / "claim").exists()

    def read_status(self, batch_job_id: str) -> JobStatus:
        """Return how the job is, from its files and the process table."""
        ending = _read_json(self.path / "exit.json")
        claim = _read_json(self.path / "claim")
        if claim is None:
            return JobStatus(batch_job_id, JobState.UNKNOWN, reason="There is no such job in the directory of jobs.")
        wrapper_is_alive = ending is None and is_alive(claim["wrapper"])
        start = _read_json(self.path / "pid.json")
        if wrapper_is_alive:
            state = JobState.WAITING if start is None else JobState.RUNNING
            return self._status(batch_job_id, state, claim, start)
        ending = ending or _read_json(self.path / "exit.json")
        if ending is not None:
            return self._ended(batch_job_id, claim, ending)
        if start is not None and start["child"] is not None and is_alive(start["child"]):
            return self._status(batch_job_id, JobState.RUNNING, claim, start, "The process that watches it is gone.")
        stop = self.find_stop_reason()
        if stop is not None:
            stopped = self._status(batch_job_id, JobState.STOPPED, claim, start, stop)
            return replace(stopped, cause=JobCause.STOPPED)
        return self._status(batch_job_id, JobState.LOST, claim, start, self._explain_loss())

    def request_stop(self, reason: str) -> bool:
        """Write down that the job shall end, and pass that on. False if it was told before, or is over.

        Told again, it passes the word on again: the first who told it may have died in between.
        """
        if not self.is_claimed() or (self.path / "exit.json").exists():
            return False
        is_new = self.find_stop_reason() is None
        if is_new:
            write_json(self.path / "stop", {"reason": reason})
        self._pass_stop_on()
        return is_new

    def find_stop_reason(self) -> str | None:
        """Return why the job was told to end, or None if it was not."""
        stop = _read_json(self.path / "stop")
        return None if stop is None else str(stop["reason"])

    def read_output(self, limit_bytes: int) -> JobOutput:
        """Return the end of the output, from the beginning of a character on; empty if there is none yet."""
        try:
            with (self.path / "output").open("rb") as file:
                size = file.seek(0, os.SEEK_END)
                file.seek(max(0, size - limit_bytes))
                data = file.read(limit_bytes)
        except FileNotFoundError:
            return JobOutput("", is_cut=False)
        is_cut = size > limit_bytes
        while is_cut and data and data[0] & 0xC0 == 0x80:  # the rest of a character that was cut through
            data = data[1:]
        return JobOutput(data.decode("utf-8", errors="replace"), is_cut)

    def _pass_stop_on(self) -> None:
        claim = _read_json(self.path / "claim")
        if claim is not None and is_alive(claim["wrapper"]):
            _send(claim["wrapper"], signal.SIGTERM)
            return
        start = _read_json(self.path / "pid.json")
        if start is not None and start["child"] is not None and is_alive(start["child"]):
            with suppress(ProcessLookupError):
                os.killpg(int(start["child"]["pid"]), signal.SIGKILL)  # nobody is left who could wait for it

    def _explain_loss(self) -> str:
        try:
            complaints = (self.path / "wrapper.log").read_text(encoding="utf-8", errors="replace").splitlines()
        except FileNotFoundError:
            complaints = []
        why = complaints[-1] if complaints else "the process that watched it was killed, or the machine restarted"
        return f"Its end was not seen: {why}."

    def _ended(self, batch_job_id: str, claim: Content, ending: Content) -> JobStatus:
        stop = self.find_stop_reason() if ending["interrupted"] else None
        reason = ending["reason"]
        if ending["interrupted"] and stop is None and not reason:
            reason = "A signal from outside ended it."
        return JobStatus(
            batch_job_id,
            JobState.ENDED if stop is None else JobState.STOPPED,
            exit_code=ending.get("exit_code"),
            signal=ending.get("signal"),
            reason=reason if stop is None else stop,
            host=claim["host"],
            started_at=_instant(ending.get("started_at")),
            ended_at=_instant(ending["ended_at"]),
            cause=_find_cause(ending, stop),
            peak_memory_bytes=ending.get("peak_memory_bytes"),
        )

    @staticmethod
    def _status(
        batch_job_id: str, state: JobState, claim: Content, start: Content | None, reason: str = ""
    ) -> JobStatus:
        started_at = None if start is None else _instant(start["started_at"])
        return JobStatus(batch_job_id, state, reason=reason, host=claim["host"], started_at=started_at)


def _find_cause(ending: Content, stop: str | None) -> JobCause:
    if stop is not None:
        return JobCause.STOPPED
    was_killed = ending["interrupted"] or ending.get("signal") is not None
    return JobCause(ending.get("cause") or (JobCause.SIGNAL if was_killed else JobCause.NONE))


def _send(identity: Identity, number: signal.Signals) -> None:
    with suppress(ProcessLookupError):
        os.kill(int(identity["pid"]), number)
