"""The command line `sutler worker run [options] -- COMMAND [ARG…]`; every option has an environment variable."""

from __future__ import annotations

import argparse
import math
import os
import re
import secrets
import socket
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import TypeVar
from urllib.parse import urlsplit

from sutler.worker.command import check_command
from sutler.worker.credentials import find_token
from sutler.worker.errors import UsageError
from sutler.worker.inputs import find_local_path
from sutler.worker.settings import OutputSettings, Settings

Value = TypeVar("Value")

_NAME = re.compile(r"[^/:\s]+")

_EPILOG = """\
The token is taken from SUTLER_TOKEN, or from the file named by SUTLER_TOKEN_FILE, never from an argument.

In COMMAND and its arguments {file}, {did}, {name}, {stem} and {attempt} stand for the (first) input; an argument that
is exactly {files} becomes one argument per input; {{file}} is a literal {file}. The command starts in an empty
directory, SUTLER_OUTPUT_DIR. It finds its inputs in SUTLER_INPUT_FILES and SUTLER_INPUT_DIDS, one a line.

Exit codes: 0 ended normally, 1 could not work, 2 wrong arguments, 3 no such project, 4 not signed in, 5 not permitted,
6 in conflict with the state of the project, 7 the server could not be reached, 128+N stopped by signal N.
"""


def read_settings(arguments: Sequence[str], environment: Mapping[str, str]) -> Settings:
    """The settings that the command line and the environment amount to.

    Raises UsageError and NoTokenError; like any argparse program it exits by SystemExit on wrong options and on --help.
    """
    options, command = _split(arguments)
    parsed = _build_parser(environment).parse_args(options)
    check_command(command)
    return Settings(
        url=_check_url(_require(parsed.url, "--url", "SUTLER_URL")),
        token=find_token(environment),
        project_id=_require(parsed.project, "--project", "SUTLER_PROJECT_ID"),
        worker_id=parsed.worker_id or _make_worker_id(),
        command=command,
        share_id=parsed.share,
        batch_job_id=parsed.batch_job_id,
        site=parsed.site,
        files_per_run=parsed.files_per_run,
        max_files=parsed.max_files,
        max_wait_seconds=parsed.max_wait,
        time_left_seconds=parsed.time_left,
        run_timeout_seconds=parsed.run_timeout,
        outputs=_read_outputs(parsed, environment),
        scratch=_check_scratch(parsed.scratch),
        log_tail_bytes=int(parsed.log_tail_kib * 1024),
        offline_patience_seconds=parsed.offline_patience,
    )


def _split(arguments: Sequence[str]) -> tuple[list[str], tuple[str, ...]]:
    """Options before the first `--`, the user's command after it."""
    listed = list(arguments)
    at = listed.index("--") if "--" in listed else len(listed)
    return listed[:at], tuple(listed[at + 1 :])


def _build_parser(environment: Mapping[str, str]) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="sutler worker", description="The job side of Sutler.", allow_abbrev=False)
    run = parser.add_subparsers(dest="action", required=True, metavar="run").add_parser(
        "run",
        usage="sutler worker run [options] -- COMMAND [ARG ...]",
        help="run a command on every file of a project",
        description="Take files from a project, run COMMAND on them, report done or failed, until the project is over.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )

    def add(
        flag: str,
        variable: str,
        metavar: str,
        text: str,
        *,
        type: Callable[[str], object] = str,  # noqa: A002  argparse's own word
        default: str | None = None,
    ) -> None:
        # argparse reads a default that is text as if it had been typed, so both ways are checked alike.
        value = environment.get(variable) or default
        run.add_argument(flag, default=value, metavar=metavar, help=f"{text} ({variable})", type=type)

    add("--url", "SUTLER_URL", "URL", "address of the server")
    add("--project", "SUTLER_PROJECT_ID", "ID", "project to take files from", type=_whole(1))
    add("--share", "SUTLER_SHARE_ID", "ID", "take only files of this share", type=_whole(1))
    add("--worker-id", "SUTLER_WORKER_ID", "NAME", "name of this worker, made up unless given")
    add("--batch-job-id", "SUTLER_BATCH_JOB_ID", "NAME", "the batch job that this worker runs in")
    add("--site", "SUTLER_SITE", "NAME", "site, for choosing near replicas")
    add("--files-per-run", "SUTLER_FILES_PER_RUN", "N", "files for one run, 1", type=_whole(1), default="1")
    add("--max-files", "SUTLER_MAX_FILES", "N", "end after so many files, 0 for no limit", type=_whole(0), default="0")
    add("--max-wait", "SUTLER_MAX_WAIT_SECONDS", "SECONDS", "end when nothing came for so long", type=_seconds)
    add("--time-left", "SUTLER_TIME_LEFT_SECONDS", "SECONDS", "take only files that can be done in time", type=_seconds)
    add("--run-timeout", "SUTLER_RUN_TIMEOUT_SECONDS", "SECONDS", "stop a run after so long", type=_positive_seconds)
    run.add_argument(
        "--output",
        action="append",
        metavar="PATTERN",
        help="declare files that match, as in 'out/*.root'; may be repeated (SUTLER_OUTPUT_PATTERNS, one a line)",
    )
    add("--output-namespace", "SUTLER_OUTPUT_NAMESPACE", "NAME", "namespace of the outputs")
    add("--output-dataset", "SUTLER_OUTPUT_DATASET", "[NAMESPACE:]NAME", "dataset that the outputs join")
    add("--output-rse", "SUTLER_OUTPUT_RSE", "NAME", "storage element of --output-url")
    add("--output-url", "SUTLER_OUTPUT_URL", "URL", "directory for the outputs, as file:// URL or path; none: no copy")
    add("--scratch", "SUTLER_SCRATCH", "DIR", "where runs get their directories, the system's place unless given")
    add("--log-tail-kib", "SUTLER_LOG_TAIL_KIB", "N", "how much of the log's end to keep", type=_whole(0), default="16")
    add(
        "--offline-patience",
        "SUTLER_OFFLINE_PATIENCE_SECONDS",
        "SECONDS",
        "how long to try to reach the server, 7200",
        type=_seconds,
        default="7200",
    )
    return parser


def _whole(least: int) -> Callable[[str], int]:
    def read(text: str) -> int:
        try:
            number = int(text)
        except ValueError:
            number = least - 1
        if number < least:
            raise argparse.ArgumentTypeError(f"'{text}' is not a whole number from {least} on")
        return number

    return read


def _seconds(text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = -1.0
    if not 0 <= number < math.inf:
        raise argparse.ArgumentTypeError(f"'{text}' is not a number of seconds")
    return number


def _positive_seconds(text: str) -> float:
    number = _seconds(text)
    if not number:
        raise argparse.ArgumentTypeError("0 seconds leave no time to run; leave the option out for no limit")
    return number


def _require(value: Value | None, flag: str, variable: str) -> Value:
    if value is None:
        raise UsageError(f"{flag} is missing (or {variable} in the environment).")
    return value


def _check_url(url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise UsageError(f"--url {url} is not an http or https address.")
    return url.rstrip("/")


def _check_scratch(value: str | None) -> Path | None:
    if value is None:
        return None
    path = Path(value).absolute()
    if not path.is_dir():
        raise UsageError(f"--scratch {value} is not a directory.")
    return path


def _make_worker_id() -> str:
    return f"{socket.gethostname()}-{os.getpid()}-{secrets.token_hex(4)}"


def _read_outputs(parsed: argparse.Namespace, environment: Mapping[str, str]) -> OutputSettings:
    listed = parsed.output or environment.get("SUTLER_OUTPUT_PATTERNS", "").splitlines()
    patterns = tuple(dict.fromkeys(pattern.strip() for pattern in listed if pattern.strip()))
    if not patterns:
        return OutputSettings()
    for pattern in patterns:
        _check_pattern(pattern)
    dataset_namespace, _, dataset_name = (parsed.output_dataset or "").rpartition(":")
    namespace = parsed.output_namespace or dataset_namespace
    if not namespace:
        raise UsageError("Outputs need a namespace: give --output-namespace (or SUTLER_OUTPUT_NAMESPACE).")
    if not _NAME.fullmatch(namespace) or namespace in {".", ".."}:
        raise UsageError(f"--output-namespace {namespace} cannot be a namespace: no blanks, colons or slashes.")
    return OutputSettings(
        patterns=patterns,
        namespace=namespace,
        dataset=f"{dataset_namespace or namespace}:{dataset_name}" if dataset_name else None,
        rse=parsed.output_rse,
        base=_read_base(parsed.output_url),
    )


def _check_pattern(pattern: str) -> None:
    path = PurePosixPath(pattern)
    if path.is_absolute() or ".." in path.parts or any("**" in part and part != "**" for part in path.parts):
        raise UsageError(f"--output {pattern} is not a pattern of files below the run's own directory.")


def _read_base(value: str | None) -> Path | None:
    if not value:
        return None
    path = find_local_path(value) if "://" in value else Path(value)
    if path is None:
        raise UsageError(f"--output-url {value}: only file:// URLs and paths can be written to.")
    return path.absolute()
