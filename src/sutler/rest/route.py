"""What every route of this door does around its handler: authenticate first, limit the body, translate errors."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any

from fastapi.routing import APIRoute
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import Message, Receive

from sutler.rest.checks import check_texts
from sutler.rest.context import Services
from sutler.rest.errors import BodyTooLargeError
from sutler.rest.problems import make_problem_reply
from sutler.rest.security import authenticate, is_open

LARGEST_BODY_BYTES = 128 * 1024 * 1024

Handler = Callable[[Request], Coroutine[Any, Any, Response]]


def make_route_class(services: Services) -> type[APIRoute]:
    """Return the class of the routes of one installation."""

    class ApiRoute(APIRoute):
        """A route that nobody passes without a token, and that answers whatever is raised behind it."""

        def get_route_handler(self) -> Handler:
            """Return the handler with everything around it."""
            answer = super().get_route_handler()
            needs_token = not is_open(self.path, self.methods or set())

            async def guarded(request: Request) -> Response:
                try:
                    request.state.services = services
                    # Before the body is read: strangers cannot make the server parse anything.
                    if needs_token:
                        request.state.who = await authenticate(request, services.authenticator)
                    limited = Request(request.scope, _limit(request.receive))
                    check_texts(limited.url.path, limited.url.query, await limited.body())
                    return await answer(limited)
                except ClientDisconnect:
                    return Response(status_code=400)
                except Exception as error:  # noqa: BLE001 - the translator of this door
                    return make_problem_reply(error, request)

            return guarded

    return ApiRoute


def _limit(receive: Receive) -> Receive:
    """Count the bytes of a body while it comes in. Raises BodyTooLargeError."""
    left = LARGEST_BODY_BYTES

    async def receive_counted() -> Message:
        nonlocal left
        message = await receive()
        left -= len(message.get("body", b""))
        if left < 0:
            raise BodyTooLargeError(
                f"The body of a request may have at most {LARGEST_BODY_BYTES} bytes. Send it in several parts.",
                limit_bytes=LARGEST_BODY_BYTES,
            )
        return message

    return receive_counted
