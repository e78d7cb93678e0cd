"""Who calls: where old clients put their token, and the words for one that is not accepted."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping

from starlette.requests import Request

from sutler.auth import (
    Authenticator,
    Principal,
    TokenExpiredError,
    TokenInvalidError,
    TokenRevokedError,
    UnknownUserError,
)
from sutler.base.errors import NotAuthenticatedError
from sutler.compat.errors import TokenMissingError

HEADER = "X-Authentication-Token"
COOKIE = "auth_token"
WORDS: Mapping[type[NotAuthenticatedError], str] = {
    TokenExpiredError: "Token expired",
    TokenRevokedError: "Token revoked",
}


async def authenticate(request: Request, authenticator: Authenticator, *, changes: bool) -> Principal:
    """Return who shows the token of a call. Raises NotAuthenticatedError with the sentence that old clients know.

    A call that changes something takes the token from a header only: a cookie travels with calls that a foreign page
    makes in somebody's name.
    """
    token = find_token(request, takes_cookie=not changes)
    if token is None and changes and COOKIE in request.cookies:
        raise TokenMissingError("Token not found in a header. A cookie is not enough for a call that changes something")
    if token is None:
        raise TokenMissingError("Token not found")
    try:
        return await authenticator.authenticate(token)
    except NotAuthenticatedError as error:
        # Of the same kind, with the words of the protocol.
        raise type(error)(explain_refusal(token, error), **error.facts) from error


def find_token(request: Request, *, takes_cookie: bool = True) -> str | None:
    """Return the token of a call: of the two headers, and if it may be, of the cookie."""
    scheme, _, bearer = request.headers.get("authorization", "").partition(" ")
    places = [request.headers.get(HEADER, ""), bearer if scheme.lower() == "bearer" else ""]
    if takes_cookie:
        places.insert(0, request.cookies.get(COOKIE, ""))
    return next((place.strip() for place in places if place.strip()), None)


def explain_refusal(token: str, error: NotAuthenticatedError) -> str:
    """Return the sentence for a token that was not accepted."""
    if isinstance(error, UnknownUserError):
        return f"user {_read_part(token, 1).get('sub', '')} not found"
    if not isinstance(error, TokenInvalidError):
        return next((words for kind, words in WORDS.items() if isinstance(error, kind)), error.sentence)
    if token.count(".") != 2:
        return "Not enough segments"
    header = _read_part(token, 0)
    if header and header.get("alg") != "HS256":
        return "Invalid token algorithm"
    return "Token verification failed"


def _read_part(token: str, number: int) -> dict[str, object]:
    """Return what a part of a token says, unverified and only for a sentence; empty if it says nothing."""
    part = token.split(".")[number]
    try:
        said = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    except (binascii.Error, ValueError, RecursionError):
        return {}
    return said if isinstance(said, dict) else {}
