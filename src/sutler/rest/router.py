"""All routes of the door, and their description."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any

from fastapi import APIRouter, Request
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute
from starlette.convertors import Convertor, register_url_convertor
from starlette.responses import JSONResponse, Response
from starlette.routing import Match

import sutler
from sutler.rest import auth, campaigns, catalog, dispatch, replicas, submissions, worker
from sutler.rest.answers import FAILURES, describe_failures
from sutler.rest.context import Services
from sutler.rest.errors import NoSuchRouteError, WrongMethodError
from sutler.rest.route import make_route_class
from sutler.rest.security import PREFIX
from sutler.wire.problems import MEDIA_TYPE, ProblemDocument

ROOMS: Mapping[str, Callable[[APIRouter], None]] = {
    "auth": auth.add_routes,
    "catalog": catalog.add_routes,
    "replicas": replicas.add_routes,
    "dispatch": dispatch.add_routes,
    "worker": worker.add_routes,
    "campaigns": campaigns.add_routes,
    "submissions": submissions.add_routes,
}


DESCRIPTION = """\
Everything needs a token, sent as `Authorization: Bearer TOKEN`, but this description and `POST /api/v1/tokens`, which
gives one for a user name and password. Lists are pages of `items` with the `next_cursor` that asks for the next.
Instants are RFC 3339 in UTC, durations are seconds. A request that fails is answered with a problem document
(RFC 9457), whose `code` is stable.

A body is JSON in UTF-8, sent as `application/json`, of at most 1,048,576 bytes unless a route says otherwise. Routes
that change what somebody has looked at need a header `If-Match` with its revision, which answers tell as `ETag`. Routes
that create or launch take a header `Idempotency-Key`, of at most 128 characters: the same request with the same key
gets the first answer again, for 24 hours.
"""
_DESCRIBED: Mapping[int | str, dict[str, Any]] = {
    status: {"model": ProblemDocument} if status == 401 else {} for status in FAILURES
}
"""One of them brings the model into the document: the framework makes a validator for each of every route anew."""

_PROBLEM = f"#/components/schemas/{ProblemDocument.__name__}"
ANY_METHOD = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]


class _Rest(Convertor[str]):
    """All that is left of an address, line breaks too, which the framework's own one leaves to nobody."""

    regex = "(?s:.*)"

    def convert(self, value: str) -> str:
        return value

    def to_string(self, value: str) -> str:
        return value


register_url_convertor("rest", _Rest())


def create_router(services: Services) -> APIRouter:
    """Return all routes under `/api/v1`, for an application to include. The routes answer their own errors."""
    router = _make_router(make_route_class(services), responses={})
    routes = _list_routes(router)
    _add_description(router)
    _add_refusal(router, routes)
    return router


@cache
def describe_api() -> dict[str, object]:
    """Return the OpenAPI document of all routes. It is made once and everybody gets the same: do not change it.

    Tags are the rooms, each with one sentence. Problem documents have a media type of their own, which the framework
    cannot say.
    """
    document = get_openapi(
        title="Sutler",
        version=sutler.__version__,
        description=DESCRIPTION,
        routes=_list_routes(_make_router(APIRoute, responses=_DESCRIBED)),
        tags=[{"name": tag, "description": _describe_room(add_routes)} for tag, add_routes in ROOMS.items()],
    )
    for methods in document["paths"].values():
        for operation in methods.values():
            for status, reply in operation["responses"].items():
                if not status.startswith("2"):
                    reply["content"] = {MEDIA_TYPE: {"schema": {"$ref": _PROBLEM}}}
    return document


def _make_router(route_class: type[APIRoute], *, responses: Mapping[int | str, dict[str, Any]]) -> APIRouter:
    router = APIRouter(
        prefix=PREFIX,
        route_class=route_class,
        responses=dict(responses),
        generate_unique_id_function=lambda route: route.name,
    )
    for tag, add_routes in ROOMS.items():
        _add_room(router, tag, add_routes)
    return router


def _list_routes(router: APIRouter) -> list[APIRoute]:
    return [route for route in router.routes if isinstance(route, APIRoute)]


def _add_room(router: APIRouter, tag: str, add_routes: Callable[[APIRouter], None]) -> None:
    before = len(router.routes)
    add_routes(router)
    for route in router.routes[before:]:
        assert isinstance(route, APIRoute)
        route.tags = [tag]
        route.responses = describe_failures(route)


def _describe_room(add_routes: Callable[[APIRouter], None]) -> str:
    """The first line of the file that the routes stand in; empty when Python runs without docstrings."""
    return (sys.modules[add_routes.__module__].__doc__ or "").partition("\n")[0]


def _add_description(router: APIRouter) -> None:
    async def show_description() -> Response:
        return JSONResponse(describe_api())

    router.add_api_route("/openapi.json", show_description, include_in_schema=False)


def _add_refusal(router: APIRouter, routes: Sequence[APIRoute]) -> None:
    """Answer everything else under the prefix, last of all, so that wrong addresses get a problem document too."""

    async def refuse(request: Request) -> None:
        path = request.url.path
        allowed = {
            method
            for route in routes
            if route.matches(request.scope)[0] is Match.PARTIAL
            for method in route.methods or ()
        }
        if allowed:
            listed = ", ".join(sorted(allowed))
            raise WrongMethodError(f"{path} takes {listed}, not {request.method}.", allowed=listed)
        raise NoSuchRouteError("address", path)

    router.add_api_route("/{path:rest}", refuse, methods=ANY_METHOD, include_in_schema=False)
