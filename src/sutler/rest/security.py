"""Who is asking: the bearer token of a request. Cookies are not looked at, so no page can act in a user's name here."""

from __future__ import annotations

from starlette.requests import Request

from sutler.auth import Authenticator, Principal
from sutler.base.errors import NotAuthenticatedError

PREFIX = "/api/v1"

OPEN_ROUTES = frozenset({f"GET {PREFIX}/openapi.json", f"POST {PREFIX}/tokens"})
"""All that can be asked without a token: the description, and signing in."""


def is_open(path: str, methods: set[str]) -> bool:
    """Whether a route, by its path and methods, is open to everybody."""
    return all(f"{method} {path}" in OPEN_ROUTES for method in methods)


async def authenticate(request: Request, authenticator: Authenticator) -> Principal:
    """Return who shows the token of a request. Raises NotAuthenticatedError."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise NotAuthenticatedError
    return await authenticator.authenticate(token.strip())
