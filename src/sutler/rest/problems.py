"""The one translator of this door: from what was raised to a problem document of RFC 9457."""

from __future__ import annotations

import inspect
import math
import secrets
from collections.abc import Mapping
from typing import Any

import structlog
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse

from sutler.base import errors
from sutler.campaigns import ChangedMeanwhileError
from sutler.rest.errors import BodyTooLargeError, InvalidRequestError, WrongMediaTypeError, WrongMethodError
from sutler.rest.revisions import RevisionMissingError
from sutler.wire import problems as wire
from sutler.wire.convert import to_json

STATUSES: Mapping[type[errors.SutlerError], int] = {
    BodyTooLargeError: 413,
    WrongMethodError: 405,
    WrongMediaTypeError: 415,
    RevisionMissingError: 428,
    ChangedMeanwhileError: 412,
    errors.NotAuthenticatedError: 401,
    errors.NotPermittedError: 403,
    errors.NotFoundError: 404,
    errors.InvalidInputError: 422,
    errors.ConflictError: 409,
    errors.TooMuchError: 429,
    errors.NotInstalledError: 501,
    errors.UnavailableError: 503,
    errors.UpstreamError: 502,
}
"""The status of each kind of error; of several that fit, the first."""

log = structlog.get_logger(__name__)


def make_problem_reply(error: Exception, request: Request) -> JSONResponse:
    """Return the reply to a request that failed. What is not a SutlerError is a defect: the log gets its traceback."""
    known = _recognise(error)
    if known is None:
        return _reply_to_defect(error, request)
    status = next((status for kind, status in STATUSES.items() if isinstance(known, kind)), None)
    if status is None:
        return _reply_to_defect(error, request)
    document = wire.ProblemDocument(
        type=f"urn:sutler:error:{known.code}",
        title=inspect.cleandoc(type(known).__doc__ or "").partition("\n")[0],
        status=status,
        detail=known.sentence,
        code=known.code,
        facts={name: _to_fact(fact) for name, fact in known.facts.items()},
        problems=_list_problems(known),
    )
    return _reply(document, _make_headers(known))


def _recognise(error: Exception) -> errors.SutlerError | None:
    """Give what the framework raises a name of ours; None for a defect."""
    if isinstance(error, errors.SutlerError):
        return error
    if isinstance(error, RequestValidationError):
        return InvalidRequestError([_describe(part) for part in error.errors()])
    if isinstance(error, HTTPException) and 400 <= error.status_code < 500:
        return InvalidRequestError(str(error.detail))
    return None


def _describe(part: Mapping[str, Any]) -> errors.Problem:
    source, *steps = part["loc"]
    if part["type"] == "json_invalid":
        return errors.Problem("body", f"is not JSON: {part['ctx']['error']} at character {steps[0]}")
    where = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in steps).lstrip(".")
    return errors.Problem(where or str(source), str(part["msg"]))


def _list_problems(error: errors.SutlerError) -> tuple[wire.Problem, ...]:
    if not isinstance(error, errors.InvalidInputError):
        return ()
    return tuple(wire.Problem(problem.where, problem.what) for problem in error.problems)


def _make_headers(error: errors.SutlerError) -> dict[str, str]:
    if isinstance(error, errors.NotAuthenticatedError):
        return {"WWW-Authenticate": 'Bearer realm="sutler"'}
    if isinstance(error, errors.UnavailableError):
        return {"Retry-After": str(max(1, math.ceil(error.retry_after.total_seconds())))}
    if isinstance(error, ChangedMeanwhileError) and "revision" in error.facts:
        return {"ETag": f'"{error.facts["revision"]}"'}
    if isinstance(error, WrongMethodError):
        return {"Allow": str(error.facts["allowed"])}
    return {}


def _reply_to_defect(error: Exception, request: Request) -> JSONResponse:
    incident = secrets.token_hex(6)
    log.error("defect", incident=incident, method=request.method, path=request.url.path, exc_info=error)
    document = wire.ProblemDocument(
        type="urn:sutler:error:base.defect",
        title="The server has a defect.",
        status=500,
        detail=f"Something went wrong in the server. Tell its administrator the incident id {incident}.",
        code="base.defect",
        incident=incident,
    )
    return _reply(document, {})


def _reply(document: wire.ProblemDocument, headers: Mapping[str, str]) -> JSONResponse:
    return JSONResponse(
        to_json(document), status_code=document.status, media_type=wire.MEDIA_TYPE, headers=dict(headers)
    )


def _to_fact(fact: object) -> object:
    """Facts are for programs to read: what JSON cannot hold is written as text."""
    try:
        return to_json(fact)
    except (TypeError, ValueError):
        return str(fact)
