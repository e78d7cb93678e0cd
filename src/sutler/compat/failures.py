"""The one translator of this door: from what was raised to a status and a plain sentence."""

from __future__ import annotations

import math
import secrets
from collections.abc import Mapping

import structlog
from starlette.requests import Request
from starlette.responses import Response

from sutler import dispatch
from sutler.base import errors
from sutler.catalog import MqlError
from sutler.compat.errors import BodyTooLargeError
from sutler.compat.replies import reply_json, reply_text
from sutler.replicas import RseExistsError, RseNotFoundError

STATUSES: Mapping[type[errors.SutlerError], int] = {
    BodyTooLargeError: 413,
    errors.NotAuthenticatedError: 401,
    errors.NotPermittedError: 403,
    errors.NotFoundError: 404,
    errors.InvalidInputError: 400,
    errors.ConflictError: 409,
    errors.TooMuchError: 429,
    errors.UnavailableError: 503,
    errors.UpstreamError: 502,
}
"""The status of each kind of error; of several that fit, the first."""

WORDS: Mapping[type[errors.SutlerError], str] = {
    dispatch.ProjectNotFoundError: "Project not found",
    dispatch.HandleNotFoundError: "Handle not found or was not reserved",
    dispatch.HandleNotReservedError: "Handle not found or was not reserved",
    dispatch.WrongWorkerError: "Not authorized: wrong worker_id",
    RseExistsError: "Already exists",
}
"""The sentences that clients look for."""

PASSING = (errors.UnavailableError, errors.UpstreamError, errors.TooMuchError)

log = structlog.get_logger(__name__)


def make_refusal(error: Exception, request: Request, *, forbidden: str) -> Response:
    """Return the reply to a call that failed; `forbidden` is the protocol's word for what somebody may not do.

    What is not a SutlerError is a defect: the log gets its traceback, the client an incident id.
    """
    status = find_status(error)
    if status is None or not isinstance(error, errors.SutlerError):
        return reply_text(_record_defect(error, request), 500)
    reply = reply_text(_explain(error, forbidden), status)
    if isinstance(error, errors.UnavailableError):
        reply.headers["Retry-After"] = str(max(1, math.ceil(error.retry_after.total_seconds())))
    return reply


def make_patient_reply(error: Exception, request: Request) -> Response | None:
    """Return `try again` for trouble that may pass, a defect of ours included; None for what will not pass.

    The clients take every error of `next_file` for the end of the project and leave their work undone.
    """
    status = find_status(error)
    if status is not None and not isinstance(error, PASSING):
        return None
    if status is None:
        _record_defect(error, request)
    return reply_json({"handle": None, "reason": "retry", "retry": True})


def find_status(error: Exception) -> int | None:
    """Return the status of an error; None for a defect."""
    return next((status for kind, status in STATUSES.items() if isinstance(error, kind)), None)


def _explain(error: errors.SutlerError, forbidden: str) -> str:
    known = next((words for kind, words in WORDS.items() if isinstance(error, kind)), None)
    if known is not None:
        return known
    match error:
        case RseNotFoundError():
            return f"RSE {error.facts['key']} not found"
        case errors.NotPermittedError():
            return f"{forbidden}. {error.sentence}"
        case MqlError():
            return f"{type(error).__name__}: {error.sentence}"
        case _:
            return error.sentence


def _record_defect(error: Exception, request: Request) -> str:
    incident = secrets.token_hex(6)
    log.error("defect", incident=incident, method=request.method, path=request.url.path, exc_info=error)
    return f"Something went wrong in the server. Tell its administrator the incident id {incident}."
