"""What every route of this door does around its handler: authenticate first, limit the body, translate errors."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine
from functools import partial
from typing import Any, TypeVar

from fastapi.routing import APIRoute
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from sutler.database import Database
from sutler.rest.bodies import LastReply, LimitedBody, find_limit, read_document
from sutler.rest.checks import check_address
from sutler.rest.context import Context, Services, takes_key
from sutler.rest.errors import BodyTooLargeError
from sutler.rest.idempotency import answer_once, read_key
from sutler.rest.plain import JSON, Quick
from sutler.rest.problems import make_problem_reply
from sutler.rest.refusals import WORKER_PATHS, note_refusal
from sutler.rest.security import authenticate, is_open

Answer = TypeVar("Answer")
Handler = Callable[[Request], Coroutine[Any, Any, Response]]
Note = Callable[[Exception], Awaitable[None]]
AnswerLarge = Callable[[Context, Request], Coroutine[Any, Any, Response]]
"""Answers a request whose body must not be read at once. An endpoint may have one, with `is_large` to tell which, and
`largest_bytes` if such a body may be larger than others."""

UNREAD = b"a body that is read while it is worked on"
"""Stands for the digest of a large body: with a key, a stream is known by its address alone."""


class ReadRequest(Request):
    """A request whose body was read and looked at before the handler sees it."""

    document: object = None

    async def json(self) -> object:
        """Return what the body holds."""
        return self.document


def make_route_class(services: Services) -> type[APIRoute]:
    """Return the class of the routes of one installation."""

    class ApiRoute(APIRoute):
        """A route that nobody passes without a token, and that answers whatever is raised behind it."""

        def get_route_handler(self) -> Handler:
            """Return the handler with everything around it."""
            answer = super().get_route_handler()
            limit_bytes = find_limit(self.path, self.methods or set())
            needs_token = not is_open(self.path, self.methods or set())
            is_of_workers = self.path in WORKER_PATHS
            is_repeatable = takes_key(self.dependant)
            is_large: Callable[[Request], bool] | None = getattr(self.endpoint, "is_large", None)
            answer_large: AnswerLarge | None = getattr(self.endpoint, "answer_large", None)
            largest_bytes: int = getattr(self.endpoint, "largest_bytes", limit_bytes)
            quick: Quick | None = getattr(self.endpoint, "quick", None)

            async def work(request: ReadRequest, raw: Request, body: LimitedBody) -> Response:
                request.state.services = services
                # Before the body is read: strangers cannot make the server parse anything.
                if needs_token:
                    request.state.who = await authenticate(request, services.authenticator)
                check_address(request.url.path, request.url.query)
                key = read_key(request) if is_repeatable else None
                digest = UNREAD
                run: Callable[[Database], Awaitable[Response]]
                if answer_large is not None and is_large is not None and is_large(request):
                    run = partial(_run_large, answer_large, request, raw, key)
                else:
                    content = await request.body()
                    digest = body.digest
                    media_type = request.headers.get("content-type")
                    asked = await quick.decode(content) if quick is not None and media_type == JSON else None
                    if quick is not None and asked is not None:
                        run = partial(_run_quick, quick, asked, request, key)
                    else:
                        if self.body_field is not None:
                            request.document = read_document(content, media_type)
                        run = partial(_run, answer, request)
                if key is None:
                    return await run(services.db)
                translated = partial(_run_guarded, request, run, body)
                return await answer_once(services.db, request, key=key, body_digest=digest, run=translated)

            async def answer_everything(request: Request) -> Response:
                limit = largest_bytes if is_large is not None and is_large(request) else limit_bytes
                body = LimitedBody(request.scope, request.receive, limit_bytes=limit)
                read = ReadRequest(request.scope, body)
                note = partial(note_refusal, read, services.refusals) if is_of_workers else None
                return await guard(read, work(read, request, body), body=body, note=note)

            return answer_everything

    return ApiRoute


async def guard(
    request: Request,
    answering: Awaitable[Answer],
    *,
    body: LimitedBody | None = None,
    note: Note | None = None,
    is_kept: bool = False,
) -> Answer | Response:
    """Return what an answer comes to; whatever is raised on the way becomes the reply.

    What is left of a `body` over its limit is thrown away. `note` is told of the error first. Where the reply would be
    kept for who asks again, a caller that has hung up gets none: ClientDisconnect is raised.
    """
    try:
        return await answering
    except ClientDisconnect:
        if is_kept:
            raise
        return Response(status_code=400)
    except Exception as error:  # noqa: BLE001 - the translator of this door
        if note is not None:
            await note(error)
        reply = make_problem_reply(error, request)
        return LastReply(reply, body) if body is not None and isinstance(error, BodyTooLargeError) else reply


async def _run(answer: Handler, request: Request, db: Database) -> Response:
    request.state.db = db
    return await answer(request)


async def _run_quick(quick: Quick, asked: object, request: Request, key: str | None, db: Database) -> Response:
    body = await quick.answer(Context(request.state.services, request.state.who, key, db), asked)
    return Response(body, quick.status, media_type=JSON)


async def _run_large(answer: AnswerLarge, request: Request, raw: Request, key: str | None, db: Database) -> Response:
    return await answer(Context(request.state.services, request.state.who, key, db), raw)


async def _run_guarded(
    request: Request, run: Callable[[Database], Awaitable[Response]], body: LimitedBody, db: Database
) -> Response:
    return await guard(request, run(db), body=body, is_kept=True)
