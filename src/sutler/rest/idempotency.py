"""Calls that are made once however often they are sent: the header `Idempotency-Key`."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime

import structlog
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from sutler.base.errors import Problem, SutlerError
from sutler.database import (
    Answer,
    Database,
    EarlierCall,
    IdempotentCall,
    begin_call,
    forget_call,
    keep_answer,
    renew_call,
)
from sutler.rest.context import LONGEST_KEY
from sutler.rest.errors import InvalidRequestError, KeyReusedError, StillRunningError

LARGEST_ANSWER_BYTES = 1024 * 1024
LONGEST_WAIT_SECONDS = 3.0
FIRST_PAUSE_SECONDS = 0.05
RENEW_SECONDS = 15.0
NOT_KEPT_HEADERS = frozenset({"content-length", "connection"})

log = structlog.get_logger(__name__)


@dataclass
class _Hold:
    """By which instant a running call is held; None once another server has taken it over."""

    begun_at: datetime | None


def read_key(request: Request) -> str | None:
    """Return the key of a request, None without one. Raises InvalidRequestError for what cannot be a key."""
    key = request.headers.get("idempotency-key")
    if key is not None and not (1 <= len(key) <= LONGEST_KEY and key.isascii() and key.isprintable()):
        raise InvalidRequestError([Problem("Idempotency-Key", f"must be 1 to {LONGEST_KEY} printable characters")])
    return key


async def answer_once(
    db: Database, request: Request, *, key: str, body_digest: bytes, run: Callable[[], Awaitable[Response]]
) -> Response:
    """Run a call and keep its answer, or return the answer that the first call with this key got.

    Failures of the server and answers over a megabyte are not kept: the same call again runs again. Raises
    KeyReusedError for another request under the same key, StillRunningError while the first one runs.
    """
    head = f"{request.method} {request.url.path}?{request.url.query}\n".encode()
    digest = hashlib.sha256(head + body_digest).digest()
    call = IdempotentCall(request.state.who.user_id, key, digest)
    begun = await _begin_patiently(db, call)
    if isinstance(begun, Answer):
        return Response(begun.body, begun.status, dict(begun.headers))
    async with _held(db, call, begun) as hold:
        try:
            reply = await run()
        except ClientDisconnect:
            # Nothing was done: the same call again is not to hear of this one.
            if hold.begun_at is not None:
                await forget_call(db, call, begun_at=hold.begun_at)
            raise
    if hold.begun_at is not None:
        await _settle(db, call, reply, begun_at=hold.begun_at)
    return reply


async def _begin_patiently(db: Database, call: IdempotentCall) -> datetime | Answer:
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
        if time.monotonic() >= deadline:
            raise StillRunningError(key=call.key)
        await asyncio.sleep(pause)
        pause = min(2 * pause, 0.5)


@asynccontextmanager
async def _held(db: Database, call: IdempotentCall, begun_at: datetime) -> AsyncIterator[_Hold]:
    """Say from time to time that the call is at work, so that no other server takes it for left behind."""
    hold = _Hold(begun_at)

    async def renew() -> None:
        while hold.begun_at is not None:
            await asyncio.sleep(RENEW_SECONDS)
            try:
                hold.begun_at = await renew_call(db, call, begun_at=hold.begun_at)
            except SutlerError as error:  # the database is away: there is time for a few more tries
                log.warning("call_not_renewed", reason=error.sentence)

    renewing = asyncio.create_task(renew(), name="idempotent call")
    try:
        yield hold
    finally:
        renewing.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await renewing


async def _settle(db: Database, call: IdempotentCall, reply: Response, *, begun_at: datetime) -> None:
    """Keep the answer, or let the call be made again. What cannot be written down is no reason to hide the answer."""
    body = getattr(reply, "body", None)
    try:
        if body is None or len(body) > LARGEST_ANSWER_BYTES or reply.status_code >= 500:
            await forget_call(db, call, begun_at=begun_at)
        else:
            headers = {name: text for name, text in reply.headers.items() if name not in NOT_KEPT_HEADERS}
            await keep_answer(db, call, Answer(reply.status_code, headers, bytes(body)), begun_at=begun_at)
    except SutlerError as error:
        log.warning("answer_not_kept", reason=error.sentence)
