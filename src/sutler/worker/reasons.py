"""The sentence that says why a run failed. A failure without a reason would be our defect."""

from __future__ import annotations

import signal

from sutler.worker.run import Ending, Run
from sutler.worker.tail import find_last_line


def describe_failure(run: Run, *, timeout_seconds: float | None) -> str:
    """Why the command's run failed, with the last line it printed. For a run that did not succeed."""
    if run.ending is Ending.NOT_STARTED:
        return run.trouble
    if run.ending is Ending.TIMED_OUT:
        sentence = f"ran longer than {timeout_seconds:g} s and was stopped"
    else:
        sentence = _describe_exit(run.measures.exit_code or 0)
    last_line = find_last_line(run.log_tail)
    return f"{sentence}: {last_line}" if last_line else sentence


def _describe_exit(exit_code: int) -> str:
    if exit_code >= 0:
        return f"exited with code {exit_code}"
    try:
        name = f" ({signal.Signals(-exit_code).name})"
    except ValueError:
        name = ""
    return f"killed by signal {-exit_code}{name}"
