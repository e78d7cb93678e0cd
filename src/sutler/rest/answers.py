"""With what a route may answer a request that fails, as its description says it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from fastapi.routing import APIRoute

from sutler.rest.bodies import find_limit
from sutler.rest.revisions import takes_revision
from sutler.rest.security import is_open

CHANGING = frozenset({"POST", "PUT", "PATCH", "DELETE"})

FAILURES: Mapping[int, str] = {
    401: "No token, or one that is not good any more.",
    403: "The caller does not have the permission.",
    404: "Something that the request names is not there.",
    409: "The present state does not allow it.",
    412: "Somebody has changed it since the revision that `If-Match` names. Look again, then change it.",
    413: "The body has more than {limit} bytes. It is not read further, and the connection is closed.",
    415: "The body is not sent as `application/json`.",
    422: "Something in the request cannot be used; `problems` says where and why.",
    428: "A change needs `If-Match` with the revision that was looked at.",
    429: "A query takes longer than the installation allows, or a filter in it was given too many files.",
    501: "An optional part that this needs is not installed where the server runs; the sentence says which.",
    502: "A service that this depends on refused or failed.",
    503: "The server cannot answer just now; `Retry-After` says when to ask again.",
}
"""Every status with which a route may say no. 500 is not among them: it is a defect."""

BATCH_ROUTES = (
    "/stages/{stage_id}/launch", "/campaigns/{campaign_id}/launch", "/rehearsal", "/recovery", "/relaunch", "/retry",
    "/submissions/{submission_id}/cancel", "/submissions/{submission_id}/remove",
    "/submissions/{submission_id}/complete", "/jobs/{number}/output", "/trial",
)  # fmt: skip
"""Ends of the routes that talk to a batch system."""


TABLE_ROUTES = ("/files/table",)
"""Ends of the routes that need pyarrow."""

QUERY_ROUTES = (
    "/files", "/files/query", "/files/table", "/files/count", "/files/keys", "/files/explain", "/stream",
    "/queries/search", "/datasets", "/datasets/files/remove", "/files/move", "/projects", "/launch",
    "/rehearsal", "/forecast", "/campaign_texts/plan", "/recovery", "/recoveries", "/relaunch",
)  # fmt: skip
"""Ends of the routes that may run a query in MQL."""


def describe_failures(route: APIRoute) -> dict[int | str, dict[str, Any]]:
    """Return the descriptions of a route without the failures that it does not know."""
    return {
        status: reply if status not in FAILURES else reply | {"description": _describe(route, int(status))}
        for status, reply in route.responses.items()
        if _APPLIES.get(int(status), _always)(route)
    }


def _describe(route: APIRoute, status: int) -> str:
    return FAILURES[status].format(limit=find_limit(route.path, route.methods or set()))


def _always(_: APIRoute) -> bool:
    return True


def _has_body(route: APIRoute) -> bool:
    return route.body_field is not None


def _names_something(route: APIRoute) -> bool:
    parameters = route.dependant
    return not _is_open(route) and (_has_body(route) or bool(parameters.path_params or parameters.query_params))


def _changes_something(route: APIRoute) -> bool:
    return not _is_open(route) and bool(CHANGING & (route.methods or set()))


def _is_open(route: APIRoute) -> bool:
    return is_open(route.path, route.methods or set())


_APPLIES: Mapping[int, Callable[[APIRoute], bool]] = {
    403: lambda route: not _is_open(route),
    404: _names_something,
    409: _changes_something,
    412: lambda route: takes_revision(route.dependant) or route.path.endswith("/campaign_texts/apply"),
    413: _has_body,
    415: _has_body,
    428: lambda route: takes_revision(route.dependant) and "POST" not in (route.methods or set()),
    429: lambda route: route.path.endswith(QUERY_ROUTES),
    501: lambda route: route.path.endswith(TABLE_ROUTES),
    502: lambda route: route.path.endswith(BATCH_ROUTES),
}
