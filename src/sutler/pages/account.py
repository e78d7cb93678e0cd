"""Signing in and out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from fastapi import Form
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from sutler import auth
from sutler.auth import WrongPasswordError
from sutler.pages import session
from sutler.pages.door import Door


@dataclass(frozen=True)
class SignInPage:
    """The form. `problem` is why the last try did not succeed."""

    next: str
    username: str = ""
    problem: str = ""


class AccountPages:
    """The only pages that are open to everybody."""

    def __init__(self, door: Door) -> None:
        self._door = door
        self._services = door.services

    async def show_sign_in(self, request: Request, next: str = "") -> Response:  # noqa: A002 - the word in addresses
        """The sign-in form; whoever is signed in already is led on."""
        target = session.choose_next(next, session.find_root(request))
        if await session.find_visitor(self._services, request) is not None:
            return RedirectResponse(target, 303)
        return self._show_form(request, SignInPage(target), status=200)

    async def sign_in(
        self,
        request: Request,
        username: Annotated[str, Form()] = "",
        password: Annotated[str, Form()] = "",
        next: Annotated[str, Form()] = "",  # noqa: A002 - the word in addresses
    ) -> Response:
        """Begin a session and lead on, or show the form again with what was wrong."""
        target = session.choose_next(next, session.find_root(request))
        try:
            issued = await auth.sign_in(
                self._services.db, self._services.signer, username=username.strip(), password=password
            )
        except WrongPasswordError as error:
            return self._show_form(request, SignInPage(target, username, error.sentence), status=401)
        reply = RedirectResponse(target, 303)
        session.set_session(self._services, request, reply, issued)
        return reply

    async def sign_out(self, request: Request) -> Response:
        """End the session on the server and in the browser."""
        visit = await self._door.admit(request)
        await auth.sign_out(self._services.db, visit.who)
        reply = self._door.send_to(request, "/sign-in")
        session.drop_session(request, reply)
        return reply

    def _show_form(self, request: Request, view: SignInPage, *, status: int) -> Response:
        secret = session.find_secret(request)
        visit = secret or session.make_visit()
        reply = self._door.show(request, "sign_in.html", view, csrf=session.make_form_token(visit), status=status)
        if not secret:
            session.set_visit(self._services, request, reply, visit)
        return reply
