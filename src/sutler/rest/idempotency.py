"""Calls that are made once however often they are sent: the header `Idempotency-Key`."""

from __future__ import annotations

import asyncio
import hashlib
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import structlog
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from sutler.base.errors import Problem, SutlerError
from sutler.database import (
    Answer,
    Database,
    EarlierCall,
    HeldCall,
    IdempotentCall,
    begin_call,
    forget_call,
    keep_answer,
    renew_call,
    write_for,
)
from sutler.rest.context import LONGEST_KEY
from sutler.rest.errors import AnswerLostError, InvalidRequestError, KeyReusedError, StillRunningError

LARGEST_ANSWER_BYTES = 1024 * 1024
LONGEST_WAIT_SECONDS = 3.0
FIRST_PAUSE_SECONDS = 0.05
RENEW_SECONDS = 15.0
NOT_KEPT_HEADERS = frozenset({"content-length", "connection"})

log = structlog.get_logger(__name__)


def read_key(request: Request) -> str | None:
    """Return the key of a request, None without one. Raises InvalidRequestError for what cannot be a key."""
    key = request.headers.get("idempotency-key")
    if key is not None and not (1 <= len(key) <= LONGEST_KEY and key.isascii() and key.isprintable()):
        raise InvalidRequestError([Problem("Idempotency-Key", f"must be 1 to {LONGEST_KEY} printable characters")])
    return key


async def answer_once(
    db: Database, request: Request, *, key: str, body_digest: bytes, run: Callable[[Database], Awaitable[Response]]
) -> Response:
    """Run a call on the database that it is given, and keep its answer; or return the answer that the first one got.

    Failures of the server and answers over a megabyte are not kept: the same call again runs again, if nothing was
    done. Raises KeyReusedError for another request under the same key, StillRunningError while the first one runs,
    AnswerLostError when it was carried out and nobody knows any more what it was answered.
    """
    head = f"{request.method} {request.url.path}?{request.url.query}\n".encode()
    digest = hashlib.sha256(head + body_digest).digest()
    begun = await _begin_patiently(db, IdempotentCall(request.state.who.user_id, key, digest))
    if isinstance(begun, Answer):
        return Response(begun.body, begun.status, dict(begun.headers))
    async with _renewed(db, begun):
        try:
            reply = await run(write_for(db, begun))
        except ClientDisconnect:
            # The same call again is not to hear of this one.
            await forget_call(db, begun)
            raise
    await _settle(db, begun, reply)
    return reply


async def _begin_patiently(db: Database, call: IdempotentCall) -> HeldCall | Answer:
    deadline = time.monotonic() + LONGEST_WAIT_SECONDS
    pause = FIRST_PAUSE_SECONDS
    while True:
        begun = await begin_call(db, call)
        if not isinstance(begun, EarlierCall):
            return begun
        if not begun.is_same:
            raise KeyReusedError(key=call.key)
        if begun.answer is not None:
            return begun.answer
        if begun.deeds is not None:
            raise AnswerLostError(call.key, [vars(deed) for deed in begun.deeds])
        if time.monotonic() >= deadline:
            raise StillRunningError(key=call.key)
        await asyncio.sleep(pause)
        pause = min(2 * pause, 0.5)


@asynccontextmanager
async def _renewed(db: Database, held: HeldCall) -> AsyncIterator[None]:
    """Say from time to time that the call is at work, so that no other server takes it for left behind."""

    async def renew() -> None:
        is_held = True
        while is_held:
            await asyncio.sleep(RENEW_SECONDS)
            try:
                is_held = await renew_call(db, held)
            except SutlerError as error:  # the database is away: there is time for a few more tries
                log.warning("call_not_renewed", reason=error.sentence)

    renewing = asyncio.create_task(renew(), name="idempotent call")
    try:
        yield
    finally:
        renewing.cancel()
        await asyncio.wait({renewing})


async def _settle(db: Database, held: HeldCall, reply: Response) -> None:
    """Keep the answer, or give the call up. What cannot be written down is no reason to hide the answer."""
    body = getattr(reply, "body", None)
    try:
        if body is None or len(body) > LARGEST_ANSWER_BYTES or reply.status_code >= 500:
            await forget_call(db, held)
        else:
            headers = {name: text for name, text in reply.headers.items() if name not in NOT_KEPT_HEADERS}
            await keep_answer(db, held, Answer(reply.status_code, headers, bytes(body)))
    except SutlerError as error:
        log.warning("answer_not_kept", reason=error.sentence)
