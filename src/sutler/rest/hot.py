"""The calls of workers as plain ASGI functions: the answers of the ordinary routes for a fraction of their time.

A thousand workers call nothing else. Only the plain case is answered here; an address, a header or a body with anything
odd about it goes on to the ordinary route, so what is wrong with a request is found and said in one place.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import msgspec
from starlette.requests import ClientDisconnect, Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from sutler.base.errors import NotAuthenticatedError, NotPermittedError
from sutler.rest.bodies import LARGEST_BODY_BYTES, LimitedBody
from sutler.rest.context import Services
from sutler.rest.decoding import make_decoder
from sutler.rest.refusals import note_refusal
from sutler.rest.route import guard
from sutler.rest.security import PREFIX, authenticate
from sutler.rest.worker import answer_done, answer_failed, answer_next, answer_renew
from sutler.wire import worker as wire

JSON = "application/json"

_NEXT_BEGINS, _NEXT_ENDS = f"{PREFIX}/projects/", "/next"
_MOST_DIGITS = 18
"""Every number of so many digits is within the bounds of an id."""

_CONTENT_TYPE = (b"content-type", JSON.encode())

REFUSALS = (NotAuthenticatedError, NotPermittedError)

encode = msgspec.json.Encoder().encode


@dataclass(frozen=True)
class Call:
    """How one call is read and answered. `decode` gives None for what the ordinary route has to judge."""

    decode: Callable[[bytes], Any]
    answer: Callable[..., Awaitable[object]]


NEXT = Call(make_decoder(wire.NextRequest), answer_next)
ATTEMPTS: Mapping[str, Call] = {
    f"{PREFIX}/attempts/renew": Call(make_decoder(wire.RenewRequest), answer_renew),
    f"{PREFIX}/attempts/done": Call(make_decoder(wire.DoneReport), answer_done),
    f"{PREFIX}/attempts/failed": Call(make_decoder(wire.FailedReport), answer_failed),
}


class HotCalls:
    """The hot calls of one installation. `ordinary` is the application that answers everything else."""

    def __init__(self, services: Services, ordinary: ASGIApp) -> None:
        self._services = services
        self._ordinary = ordinary

    def find(self, scope: Scope) -> ASGIApp | None:
        """Return what answers a request, None if it is no hot call. Asked for every request, so it only looks."""
        path: str = scope["path"]
        if not path.startswith(PREFIX) or scope["method"] != "POST" or scope["query_string"]:
            return None
        call = ATTEMPTS.get(path)
        if call is not None:
            return partial(self._answer, call, None)
        if not (path.endswith(_NEXT_ENDS) and path.startswith(_NEXT_BEGINS)):
            return None
        number = path[len(_NEXT_BEGINS) : -len(_NEXT_ENDS)]
        if not (number.isascii() and number.isdecimal() and len(number) <= _MOST_DIGITS and int(number)):
            return None
        return partial(self._answer, NEXT, int(number))

    async def _answer(self, call: Call, project_id: int | None, scope: Scope, receive: Receive, send: Send) -> None:
        body = LimitedBody(scope, receive, limit_bytes=LARGEST_BODY_BYTES, has_digest=False)
        request = Request(scope, body)
        reply = await guard(request, self._work(call, project_id, request), body=body)
        if isinstance(reply, bytes):
            length = (b"content-length", str(len(reply)).encode())
            await send({"type": "http.response.start", "status": 200, "headers": [length, _CONTENT_TYPE]})
            await send({"type": "http.response.body", "body": reply})
        elif isinstance(reply, Unread):
            await self._ordinary(scope, reply.receive_again(receive), send)
        else:
            await reply(scope, receive, send)

    async def _work(self, call: Call, project_id: int | None, request: Request) -> bytes | Unread:
        """Do what was asked and return the reply, or the body of a request that is not plain."""
        asked: Any = None
        try:
            # Before the body is read: strangers cannot make the server parse anything.
            who = await authenticate(request, self._services.authenticator)
            body = await read_body(request.receive)
            if request.headers.get("content-type") == JSON:
                asked = call.decode(body)
            if asked is None:
                return Unread(body)
            more = {} if project_id is None else {"project_id": project_id, "request": request}
            return encode(await call.answer(self._services, who, asked, **more))
        except REFUSALS as error:
            await note_refusal(
                request,
                self._services.refusals,
                error,
                project_id=project_id,
                worker_id=None if asked is None else asked.worker_id,
            )
            raise


@dataclass(frozen=True)
class Unread:
    """A request that is left to the ordinary route, with the body that was read already."""

    body: bytes

    def receive_again(self, receive: Receive) -> Receive:
        """Give the body once more, then what comes after it."""
        messages: list[Message] = [{"type": "http.request", "body": self.body, "more_body": False}]

        async def receive_from_here() -> Message:
            return messages.pop() if messages else await receive()

        return receive_from_here


async def read_body(receive: Receive) -> bytes:
    """Return the body of a request. Raises ClientDisconnect when the sender has hung up."""
    parts: list[bytes] = []
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        part: bytes = message.get("body", b"")
        if not message.get("more_body"):
            return b"".join([*parts, part]) if parts else part
        parts.append(part)
