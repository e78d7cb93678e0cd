"""The one place where errors become pages."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode, urlsplit

import structlog
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from sutler.auth import Principal
from sutler.base.errors import (
    ConflictError,
    InvalidInputError,
    NotAuthenticatedError,
    NotFoundError,
    NotInstalledError,
    NotPermittedError,
    Problem,
    SutlerError,
    TooMuchError,
    UnavailableError,
    UpstreamError,
)
from sutler.pages.door import Door
from sutler.pages.errors import NoSuchPageError
from sutler.pages.rendering import protect
from sutler.pages.session import find_root, find_visitor

log = structlog.get_logger(__name__)

_ANSWERS: tuple[tuple[type[SutlerError], int, str], ...] = (
    (NotAuthenticatedError, 401, "Sign in first"),
    (NotPermittedError, 403, "Not permitted"),
    (NotFoundError, 404, "Not found"),
    (ConflictError, 409, "Not now"),
    (InvalidInputError, 422, "This cannot be used"),
    (TooMuchError, 429, "Too much at once"),
    (NotInstalledError, 501, "Not installed here"),
    (UpstreamError, 502, "Another service failed"),
    (UnavailableError, 503, "One moment"),
)

Handler = Callable[[Request], Coroutine[Any, Any, Response]]


@dataclass(frozen=True)
class ErrorPage:
    """Everything an error page shows. `incident` is set for defects of the program only."""

    status: int
    title: str
    sentence: str
    code: str
    problems: tuple[Problem, ...] = ()
    excerpt: str = ""
    incident: str = ""
    back: str = ""


def make_route_class(door: Door) -> type[APIRoute]:
    """Return a class of routes whose errors become pages, and whose answers carry the headers of this door."""

    class PageRoute(APIRoute):
        """A route of the pages."""

        def get_route_handler(self) -> Handler:
            """Return the handler with the translator around it."""
            answer = super().get_route_handler()

            async def answer_or_explain(request: Request) -> Response:
                try:
                    return protect(await answer(request))
                except Exception as error:  # noqa: BLE001 - the translator of this door
                    return await explain(door, request, error)

            return answer_or_explain

    return PageRoute


async def explain(door: Door, request: Request, error: Exception) -> Response:
    """Return the answer to a request that failed: a page, or the way to the sign-in page."""
    if isinstance(error, NotAuthenticatedError):
        return protect(_send_to_sign_in(request))
    view = _describe(request, error)
    return door.show(request, "error.html", view, who=await _find_who(door, request, view), status=view.status)


def _send_to_sign_in(request: Request) -> Response:
    """A page leads to the sign-in page and back; a part of a page makes the browser load the whole page again."""
    if request.headers.get("hx-request"):
        return Response(status_code=401, headers={"HX-Refresh": "true"})
    if "text/event-stream" in request.headers.get("accept", ""):
        return Response(status_code=401)
    wish = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    query = "?" + urlencode({"next": wish}) if request.method == "GET" else ""
    return RedirectResponse(f"{find_root(request)}/sign-in{query}", 303)


def _describe(request: Request, error: Exception) -> ErrorPage:
    back = _find_back(request)
    if isinstance(error, RequestValidationError):
        error = _read_validation(error)
    if isinstance(error, HTTPException):
        error = _read_refusal(request, error)
    for kind, status, title in _ANSWERS:
        if isinstance(error, kind):
            problems = tuple(error.problems) if isinstance(error, InvalidInputError) else ()
            excerpt = str(error.facts.get("excerpt", ""))
            return ErrorPage(status, title, error.sentence, error.code, problems, excerpt, back=back)
    incident = secrets.token_hex(4)
    log.error("page_failed", incident=incident, path=request.url.path, method=request.method, exc_info=error)
    sentence = "This is a defect of Sutler, not of what you did. The log of the server has the details."
    return ErrorPage(500, "Something broke", sentence, "base.error", incident=incident, back=back)


def _read_refusal(request: Request, error: HTTPException) -> Exception:
    """What the framework itself refused: an unknown address, a form that is too long or broken."""
    if error.status_code in (404, 405):
        return NoSuchPageError("page", request.url.path)
    if error.status_code == 413:
        return TooMuchError("What was sent is too long.")
    return InvalidInputError(str(error.detail)) if error.status_code < 500 else error


def _read_validation(error: RequestValidationError) -> SutlerError:
    """An address whose number is no number names nothing; anything else is unusable input."""
    problems = [Problem(str(fault["loc"][-1]), str(fault["msg"])) for fault in error.errors()]
    if any(fault["loc"][0] == "path" for fault in error.errors()):
        return NoSuchPageError("page", "", "There is no page at this address.")
    return InvalidInputError(problems)


def _find_back(request: Request) -> str:
    """Return the page that the request came from, if it is one of ours."""
    referer = urlsplit(request.headers.get("referer", ""))
    is_ours = referer.netloc == request.url.netloc and referer.path.startswith("/") and referer.path != request.url.path
    return referer.path if is_ours and not referer.path.startswith("//") else ""


async def _find_who(door: Door, request: Request, view: ErrorPage) -> Principal | None:
    """A page that says that the database is away must not ask it who is looking."""
    return None if view.status >= 500 else await find_visitor(door.services, request)
