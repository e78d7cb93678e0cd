"""Why a local batch job ended as it did, in words. Part of the wrapper: standard library only.

A job with a login setup is one shell that becomes the program. How far it came stands in a file: nothing while the
setup runs, `STARTED` from there on, `REFUSED` when the system would not start the program.
"""

from __future__ import annotations

import os
import shlex
import signal
from collections.abc import Sequence
from pathlib import Path

STARTED, REFUSED = "started", "refused"
NOT_FOUND, NOT_EXECUTABLE = 127, 126
"""The exit codes of a shell."""
LAST_LINE_CHARACTERS = 300
SHELL = "sutler-job"


def write_shell_line(setup: str, arguments: Sequence[str], progress: Path) -> list[str]:
    """Return the command that runs the setup's text and becomes the program, and writes down how far it came.

    A setup may have asked the shell to end at the first error; that would hide that the program was refused.
    """
    file = shlex.quote(str(progress))
    lines = (
        setup,
        f"echo {STARTED} >| {file} || :",
        "shopt -s execfail; set +e",
        f'exec "$@" || {{ set -- $?; echo {REFUSED} >| {file}; exit $1; }}',
    )
    return ["bash", "-c", "\n".join(lines), SHELL, *arguments]


def read_progress(progress: Path) -> str:
    """Return how far the shell came; empty if it is in the setup, or ended there."""
    try:
        return progress.read_text(encoding="ascii").strip()
    except FileNotFoundError:
        return ""


def explain_end(code: int, *, program: str, last_line: str, progress: str) -> str:
    """Return why a job ended, from its exit code (negative for a signal); empty for one that went well."""
    if progress == REFUSED:
        why = last_line.rpartition(": ")[2]
        return explain_refusal(program, "" if code == NOT_FOUND else why)
    who = "" if progress else "the login setup "
    if code == 0:
        return "" if progress else "the login setup ended with 0 and did not hand over to the program"
    killed = "was killed by" if who else "killed by"
    what = f"{who}ended with {code}" if code > 0 else f"{who}{killed} {_name_signal(-code)}"
    return f"{what}: {last_line}" if last_line else what


def explain_refusal(program: str, why: str) -> str:
    """Return that the system would not start the program, and why; no `why` means that there is none."""
    return f"the program {program} cannot be started: {why}" if why else f"the program {program} was not found"


def explain_start_error(error: OSError | ValueError, program: str, work: Path) -> tuple[int, str]:
    """Return the exit code a shell would give, and why the program could not be started in a directory."""
    if isinstance(error, FileNotFoundError) and work.is_dir():
        if "/" in program and (work / program).exists():
            return NOT_FOUND, explain_refusal(program, "the interpreter in its first line was not found")
        return NOT_FOUND, explain_refusal(program, "")
    return NOT_EXECUTABLE, explain_refusal(program, getattr(error, "strerror", None) or str(error))


def read_last_line(output: Path) -> str:
    """Return the end of what a job wrote, as one line that can be kept and shown anywhere."""
    with output.open("rb") as file:
        file.seek(max(0, os.fstat(file.fileno()).st_size - 8 * LAST_LINE_CHARACTERS))
        text = file.read().decode(errors="replace")
    lines = [line for line in map(_tidy, text.splitlines()) if line]
    return lines[-1][-LAST_LINE_CHARACTERS:] if lines else ""


def _tidy(line: str) -> str:
    return "".join(letter if letter.isprintable() else " " for letter in line).strip()


def _name_signal(number: int) -> str:
    try:
        return f"signal {number} ({signal.Signals(number).name})"
    except ValueError:
        return f"signal {number}"
