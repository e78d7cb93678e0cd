"""Bodies of requests in plain ASGI: counted while they come in, refused over their limit, read as strict JSON.

`LimitedBody` takes the place of `receive`, so anything that speaks ASGI can use it, routes of the framework or not.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import json
from collections.abc import Mapping
from email.message import Message as MimeHeaders
from typing import Any

from starlette.responses import Response
from starlette.types import Message, Receive, Scope, Send

from sutler.base.errors import Problem
from sutler.rest.checks import check_document
from sutler.rest.errors import BodyTooLargeError, InvalidRequestError, WrongMediaTypeError
from sutler.rest.security import PREFIX

MEGABYTE = 1024 * 1024
LARGEST_BODY_BYTES = MEGABYTE
LARGER_BODIES: Mapping[str, int] = {
    f"POST {PREFIX}/projects": 256 * MEGABYTE,
    f"POST {PREFIX}/files": 32 * MEGABYTE,
    f"POST {PREFIX}/datasets/files": 32 * MEGABYTE,
    f"POST {PREFIX}/datasets/files/remove": 32 * MEGABYTE,
    f"POST {PREFIX}/files/metadata": 32 * MEGABYTE,
    f"POST {PREFIX}/files/move": 32 * MEGABYTE,
    f"POST {PREFIX}/files/list": 32 * MEGABYTE,
    f"POST {PREFIX}/files/datasets": 32 * MEGABYTE,
}
"""Routes that take more than others, with what they take."""

DEEPEST_NESTING = 100
DISCARDED_BYTES = 64 * MEGABYTE
DISCARDING_SECONDS = 2.0


def find_limit(path: str, methods: set[str]) -> int:
    """Return how many bytes the body for a route may have, by its path and methods."""
    return max(LARGER_BODIES.get(f"{method} {path}", LARGEST_BODY_BYTES) for method in methods or {""})


class LimitedBody:
    """A `receive` that raises BodyTooLargeError as soon as a body is known to be over its limit.

    A length that is announced counts before the first byte is read. The digest of what was read is kept beside, unless
    nobody will ask for it.
    """

    def __init__(self, scope: Scope, receive: Receive, *, limit_bytes: int, has_digest: bool = True) -> None:
        self._receive = receive
        self._announced = _find_announced_length(scope)
        self._limit = limit_bytes
        self._count = 0
        self._digest = hashlib.sha256() if has_digest else None
        self._is_over = False

    async def __call__(self) -> Message:
        """Return the next message of the connection. Raises BodyTooLargeError."""
        if self._announced > self._limit:
            raise self._refuse()
        message = await self._receive()
        part = message.get("body", b"")
        self._is_over = not message.get("more_body", False)
        self._count += len(part)
        if self._count > self._limit:
            raise self._refuse()
        if self._digest is not None:
            self._digest.update(part)
        return message

    @property
    def digest(self) -> bytes:
        """The SHA-256 of what was read so far."""
        assert self._digest is not None
        return self._digest.digest()

    async def discard(self) -> None:
        """Read on and throw away until the body ends, but only so much and for so long."""
        discarded = 0
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(DISCARDING_SECONDS):
                while not self._is_over and discarded < DISCARDED_BYTES:
                    message = await self._receive()
                    self._is_over = not message.get("more_body", False)
                    discarded += len(message.get("body", b""))

    def _refuse(self) -> BodyTooLargeError:
        return BodyTooLargeError(
            f"The body of this request may have at most {self._limit} bytes. Send it in several parts.",
            limit_bytes=self._limit,
        )


class LastReply(Response):
    """The reply to a request whose body is not wanted any more: the connection ends with it.

    The reply goes out first, then what the client still sends is thrown away for a moment: clients that send everything
    before they read would otherwise find the connection broken instead of the reply.
    """

    def __init__(self, reply: Response, body: LimitedBody) -> None:
        super().__init__(reply.body, reply.status_code, dict(reply.headers) | {"Connection": "close"})
        self._unread = body

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002 - as ASGI has it
        """Send the reply and end the connection."""
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        await send({"type": "http.response.body", "body": self.body, "more_body": True})
        await self._unread.discard()
        await send({"type": "http.response.body", "body": b"", "more_body": False})


def read_document(body: bytes, media_type: str | None) -> Any:  # noqa: ANN401 - whatever JSON holds
    """Return what a body of JSON holds; None for an empty one.

    Stricter than a reader has to be, so that nothing is taken for something else: UTF-8 only, no name twice in one
    object, nothing that could not be stored. Raises WrongMediaTypeError, InvalidRequestError.
    """
    if not body:
        return None
    _check_media_type(media_type)
    try:
        document = json.loads(body.decode("utf-8"), object_pairs_hook=_make_object)
    except UnicodeDecodeError as error:
        raise _refuse(f"is not UTF-8: {error.reason} at byte {error.start}") from None
    except json.JSONDecodeError as error:
        raise _refuse(f"is not JSON: {error.msg} at character {error.pos}") from None
    except RecursionError:
        raise _refuse(f"is nested more than {DEEPEST_NESTING} levels deep") from None
    except ValueError:  # the reader's own limit for digits
        raise _refuse("holds a number with too many digits") from None
    _check_nesting(body, document)
    check_document(body, document)
    return document


def _check_media_type(given: str | None) -> None:
    header = MimeHeaders()
    header["Content-Type"] = given or "application/octet-stream"
    subtype = header.get_content_subtype()
    if header.get_content_maintype() != "application" or not (subtype == "json" or subtype.endswith("+json")):
        found = f", not {given!a}" if given else "; there is no Content-Type"
        raise WrongMediaTypeError(f"The body is to be sent as application/json{found}.", given=given)


def _make_object(pairs: list[tuple[str, object]]) -> dict[str, object]:
    made = dict(pairs)
    if len(made) != len(pairs):
        seen: set[str] = set()
        for name, _ in pairs:
            if name in seen:
                raise _refuse(f"has the name {name!a} twice in one object")
            seen.add(name)
    return made


def _check_nesting(body: bytes, document: object) -> None:
    """Only a body with that many brackets can be nested that deeply."""
    if body.count(b"[") + body.count(b"{") <= DEEPEST_NESTING:
        return
    level: list[object] = [document]
    for _ in range(DEEPEST_NESTING):
        level = [
            part
            for whole in level
            if isinstance(whole, dict | list)
            for part in (whole.values() if isinstance(whole, dict) else whole)
            if isinstance(part, dict | list)
        ]
        if not level:
            return
    raise _refuse(f"is nested more than {DEEPEST_NESTING} levels deep")


def _refuse(what: str) -> InvalidRequestError:
    return InvalidRequestError([Problem("body", what)])


def _find_announced_length(scope: Scope) -> int:
    """Return the announced length; 0 for none. The server has refused what is no number."""
    given = next((text for name, text in scope["headers"] if name == b"content-length"), b"0")
    return int(given) if given.isdigit() else 0
