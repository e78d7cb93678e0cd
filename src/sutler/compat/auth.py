"""Signing in of old clients: a password, a digest or a token for a token, and what they ask about theirs.

A reply to a sign-in is empty; the token comes in its header. What fails is a 401 with a short text and a line feed.
"""

from __future__ import annotations

from urllib.parse import urlencode, urlsplit

from starlette.responses import RedirectResponse, Response

from sutler import auth
from sutler.base.errors import NotAuthenticatedError, NotPermittedError
from sutler.compat.call import Call
from sutler.compat.errors import BadCallError, NoSuchCallError
from sutler.compat.replies import reply_text
from sutler.compat.tokens import COOKIE, HEADER, authenticate, find_token
from sutler.database.migrate import get_status

LARGEST_PASSWORD_BYTES = 10_000


async def answer_auth(call: Call) -> Response:
    """Answer `auth`, `whoami`, `verify`, `mydn` and `probe` of the authentication service; its pages lead to ours."""
    # A site with several experiments gives each its own address; users and tokens are the same for all.
    words = call.words[1:] if len(call.words) > 1 and call.words[0] != "mydn" else call.words
    match words[0] if words else "":
        case "auth":
            return await _sign_in(call)
        case "whoami":
            return await _tell_name(call)
        case "verify":
            return await _verify(call)
        case "mydn":
            return reply_text("Use HTTPS connection", 400)
        case "probe":
            return await probe(call)
        case "login" | "do_login" | "logged_in" | "logout":
            return _lead_to_pages(call, words[0])
        case _:
            raise NoSuchCallError("call", call.request.url.path)


async def probe(call: Call) -> Response:
    """Say OK when the database answers."""
    await get_status(call.db)
    return reply_text("OK")


def _lead_to_pages(call: Call, name: str) -> Response:
    """Lead somebody with a browser to the pages here, which ask for passwords and show no tokens."""
    target = _check_redirect(call.query.get("redirect") or None) or "/"
    root = call.request.scope.get("root_path", "").rstrip("/")
    if name in ("login", "do_login"):
        return RedirectResponse(f"{root}/sign-in?{urlencode({'next': target})}", 303)
    reply = RedirectResponse(f"{root}{target}", 303)
    if name == "logout":
        reply.delete_cookie(COOKIE)
    return reply


async def _sign_in(call: Call) -> Response:
    redirect = _check_redirect(call.query.get("redirect"))
    match call.query.get("method"):
        case "digest":
            return await _sign_in_by_digest(call, redirect)
        case "ldap":
            return await _sign_in_by_password(call, redirect)
        case "token":
            return await _exchange(call, redirect)
        case "x509" if call.request.url.scheme != "https":
            return _refuse("HTTPS scheme required")
        case "x509":
            return _refuse("Authentication failed")
        case _:
            return _refuse("Unknown authentication method")


async def _sign_in_by_password(call: Call, redirect: str | None) -> Response:
    """The method is called `ldap` because that is where the original asked; here it is the user's ordinary password."""
    username = call.query.get("username")
    body = (await call.read_body(limit_bytes=LARGEST_PASSWORD_BYTES)).decode("utf-8", "replace")
    if username is None:
        username, _, body = body.partition(":")
    else:
        # Newer clients name the user in both places.
        body = body.removeprefix(f"{username}:")
    if call.request.method != "POST" or not username or not body or "\0" in username:
        return _refuse("Authentication failed")
    try:
        issued = await auth.sign_in(call.db, call.services.signer, username=username, password=body)
    except NotAuthenticatedError:
        return _refuse("Authentication failed")
    return _hand_out(issued, redirect)


async def _sign_in_by_digest(call: Call, redirect: str | None) -> Response:
    header = call.request.headers.get("authorization")
    if header is None:
        return await _challenge(call, "Authorization required")
    try:
        issued = await auth.sign_in_by_digest(
            call.db, call.services.signer, authorization=header, method=call.request.method, target=call.target
        )
    except NotAuthenticatedError:
        return await _challenge(call, "Authentication failed")
    if issued is None:
        return await _challenge(call, "Authentication failed", is_stale=True)
    return _hand_out(issued, redirect)


async def _exchange(call: Call, redirect: str | None) -> Response:
    token = find_token(call.request, takes_cookie=False)
    if token is None:
        return _refuse("Authentication failed. Token not found")
    try:
        who = await call.services.authenticator.authenticate(token)
    except NotAuthenticatedError:
        return _refuse("Authentication failed")
    if call.query.get("username") != who.username:
        return _refuse("Authentication failed")
    try:
        issued = await auth.exchange_token(call.db, call.services.signer, who, token=token)
    except NotPermittedError:
        return _refuse("Authentication failed")
    return _hand_out(issued, redirect)


async def _tell_name(call: Call) -> Response:
    try:
        who = await authenticate(call.request, call.services.authenticator, changes=False)
    except NotAuthenticatedError:
        return reply_text("")
    return reply_text(who.username)


async def _verify(call: Call) -> Response:
    try:
        await authenticate(call.request, call.services.authenticator, changes=False)
    except NotAuthenticatedError as error:
        return _refuse(error.sentence)
    return reply_text("OK")


def _hand_out(issued: auth.IssuedToken, redirect: str | None) -> Response:
    headers = {HEADER: issued.text, "Cache-Control": "no-store"}
    return Response(headers=headers) if redirect is None else RedirectResponse(redirect, 302, headers=headers)


async def _challenge(call: Call, text: str, *, is_stale: bool = False) -> Response:
    """Refuse and say how to answer; without a challenge while digest sign-in is off."""
    challenge = await auth.find_digest_challenge(call.db, is_stale=is_stale)
    if challenge is None:
        return _refuse("Authentication failed")
    reply = _refuse(text)
    reply.headers["WWW-Authenticate"] = challenge.header
    return reply


def _refuse(text: str) -> Response:
    return reply_text(f"{text}\n", 401)


def _check_redirect(given: str | None) -> str | None:
    """Return where to go after signing in: a path of this server, so that nobody is led away with a new token."""
    if given is None:
        return None
    parts = urlsplit(given)
    if parts.scheme or parts.netloc or not given.startswith("/") or given.startswith("//") or "\\" in given:
        raise BadCallError("redirect must be a path of this server")
    return given
