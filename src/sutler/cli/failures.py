"""The one translator of this door: from what was raised to a line on standard error and an exit code."""

from __future__ import annotations

import os
import secrets
import sys
import tempfile
import traceback
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from sutler.base import errors
from sutler.wire.convert import ShapeError

if TYPE_CHECKING:
    from sutler.client.errors import ApiError

EXIT_CODES: Mapping[type[errors.SutlerError], int] = {
    errors.InvalidInputError: 2,
    errors.NotFoundError: 3,
    errors.NotAuthenticatedError: 4,
    errors.NotPermittedError: 5,
    errors.ConflictError: 6,
    errors.TooMuchError: 6,
    errors.NotInstalledError: 7,
    errors.UnavailableError: 7,
    errors.UpstreamError: 8,
}
"""The exit code of each kind of error."""

REFUSED = 1
DEFECT = 70
INTERRUPTED = 130
PIPE_CLOSED = 141

_BY_STATUS = {401: 4, 403: 5, 404: 3, 409: 6, 412: 6, 413: 6, 429: 6, 501: 7, 502: 8, 503: 7}
_SIGN_IN = "Sign in with: sutler login USER"
_START = "Is it running? Start one with: sutler serve. Another one is named by SUTLER_URL or sutler login --url"


class InputFileError(errors.InvalidInputError):
    """The file that was given cannot be used."""

    code = "cli.input_file"


def report_failure(error: BaseException) -> int:
    """Say in one line what went wrong and return the exit code."""
    if isinstance(error, KeyboardInterrupt):
        return INTERRUPTED
    if isinstance(error, typer.Abort):
        # Somebody was asked and said no.
        return REFUSED
    if isinstance(error, BrokenPipeError):
        # Whoever read the output has gone; Python must not complain about it when it flushes at the end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return PIPE_CLOSED
    sentence, code = _explain(error)
    sys.stderr.write(f"sutler: {sentence}\n")
    excerpt = getattr(error, "facts", {}).get("excerpt")
    if excerpt:
        # The place in a query: its line, and a mark below it.
        sys.stderr.write(f"{excerpt}\n")
    return code


def _explain(error: BaseException) -> tuple[str, int]:
    from sutler.client.errors import ApiError, ClientError, QueuedError, UnreachableError

    if isinstance(error, ApiError):
        return _explain_answer(error)
    if isinstance(error, UnreachableError):
        return f"{error} {_START}", EXIT_CODES[errors.UnavailableError]
    if isinstance(error, QueuedError):
        return f"{error} See it with: sutler queue list", EXIT_CODES[errors.ConflictError]
    if isinstance(error, ClientError | ShapeError):
        return str(error), EXIT_CODES[errors.InvalidInputError]
    if isinstance(error, errors.SutlerError):
        code = next((code for kind, code in EXIT_CODES.items() if isinstance(error, kind)), DEFECT)
        return " ".join(error.sentence.split()), code
    return _keep_defect(error), DEFECT


def _explain_answer(error: ApiError) -> tuple[str, int]:
    sentence = " ".join(error.detail.split())
    code = _BY_STATUS.get(error.status, 2 if error.status < 500 else DEFECT)
    needs_hint = error.status == 401 and error.code != "auth.wrong_password"
    return f"{sentence} {_SIGN_IN}" if needs_hint else sentence, code


def _keep_defect(error: BaseException) -> str:
    """Write the traceback where it can be sent from, and return the sentence that says so."""
    incident = secrets.token_hex(6)
    path = Path(tempfile.gettempdir()) / f"sutler-{incident}.log"
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.writelines(traceback.format_exception(error))
    return f"a defect of the program ({type(error).__name__}), incident {incident}: the details are in {path}"
