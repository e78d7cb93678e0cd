"""Who is looking: the session cookie, the anti-forgery token of forms, and where signing in may lead."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import AsyncIterator
from dataclasses import dataclass
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import Response

from sutler.auth import IssuedToken, Principal, TokenKind
from sutler.base.errors import SutlerError
from sutler.pages.errors import ForeignFormError, SignInNeededError
from sutler.pages.services import Services

SESSION_COOKIE = "sutler_session"
VISIT_COOKIE = "sutler_visit"
FORM_FIELD = "csrf"
LONGEST_NEXT = 2000


@dataclass(frozen=True)
class Visit:
    """One request of somebody who is signed in. `csrf` goes into every form of the page."""

    who: Principal
    csrf: str
    token: str


async def admit(services: Services, request: Request) -> Visit:
    """Return who is looking. Raises SignInNeededError, or another NotAuthenticatedError, when nobody is signed in.

    Only tokens of sessions count here: one made for scripts or jobs opens no page.
    """
    token = request.cookies.get(SESSION_COOKIE, "")
    if not token:
        raise SignInNeededError
    who = await services.authenticator.authenticate(token)
    if who.kind is not TokenKind.SESSION:
        raise SignInNeededError
    return Visit(who, make_form_token(token), token)


async def find_visitor(services: Services, request: Request) -> Principal | None:
    """Return who is looking, or None: for pages that are open to everybody and must not fail themselves."""
    try:
        return (await admit(services, request)).who
    except SutlerError:
        return None


async def check_form(request: Request) -> AsyncIterator[None]:
    """Go on if the form of a changing request comes from a page that was made for this browser.

    Raises ForeignFormError. The token is derived from the cookie that only this browser holds, so it ends with it.
    Files that came with the form are closed when the request is answered.
    """
    secret = find_secret(request)
    try:
        given = (await request.form()).get(FORM_FIELD, "")
        is_ours = isinstance(given, str) and hmac.compare_digest(make_form_token(secret).encode(), given.encode())
        if not secret or not is_ours or request.headers.get("sec-fetch-site", "same-origin") == "cross-site":
            raise ForeignFormError
        yield
    finally:
        await request.close()


def find_secret(request: Request) -> str:
    """Return what the form token is derived from: the session, or before signing in the visit; empty if neither."""
    return request.cookies.get(SESSION_COOKIE) or request.cookies.get(VISIT_COOKIE) or ""


def make_form_token(secret: str) -> str:
    """Return the anti-forgery token that belongs to a cookie."""
    return hmac.new(secret.encode(), b"sutler form", hashlib.sha256).hexdigest()


def make_visit() -> str:
    """Return a new value of the cookie that guards the sign-in form."""
    return secrets.token_urlsafe(24)


def set_session(services: Services, request: Request, reply: Response, issued: IssuedToken) -> None:
    """Hand the session to the browser: out of reach of scripts, and of other sites."""
    reply.set_cookie(
        SESSION_COOKIE,
        issued.text,
        max_age=int((issued.expires_at - services.db.clock.now()).total_seconds()),
        path=find_root(request) or "/",
        secure=is_secure(services, request),
        httponly=True,
        samesite="lax",
    )
    reply.delete_cookie(VISIT_COOKIE, path=find_root(request) or "/")


def set_visit(services: Services, request: Request, reply: Response, visit: str) -> None:
    """Hand out the cookie that guards the sign-in form; it ends with the browser."""
    reply.set_cookie(
        VISIT_COOKIE,
        visit,
        path=find_root(request) or "/",
        secure=is_secure(services, request),
        httponly=True,
        samesite="strict",
    )


def drop_session(request: Request, reply: Response) -> None:
    """Take the session away from the browser."""
    reply.delete_cookie(SESSION_COOKIE, path=find_root(request) or "/", httponly=True, samesite="lax")


def is_secure(services: Services, request: Request) -> bool:
    """Whether people reach this installation by https."""
    return request.url.scheme == "https" or services.launcher.site.public_url.startswith("https:")


def find_root(request: Request) -> str:
    """Return the path that the installation lives below, without a slash at the end; empty mostly."""
    return str(request.scope.get("root_path", "")).rstrip("/")


def choose_next(wish: str, root: str) -> str:
    """Return where to go after signing in: a path of this installation, else its first page."""
    home = f"{root}/"
    is_path = wish.startswith("/") and not wish.startswith("//") and len(wish) <= LONGEST_NEXT
    if not is_path or "\\" in wish or not wish.isprintable() or not wish.isascii():
        return home
    parts = urlsplit(wish)
    is_local = not parts.scheme and not parts.netloc
    return wish if is_local and parts.path.startswith(home) else home
