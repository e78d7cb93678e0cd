"""One call of an old client, as the answers see it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote, unquote_plus

import msgspec
from starlette.requests import Request

from sutler.auth import Principal
from sutler.compat.errors import BadCallError, BodyTooLargeError
from sutler.database import Database
from sutler.dispatch import WorkerServices

LARGEST_BODY_BYTES = 1024 * 1024
LARGEST_LIST_BYTES = 32 * 1024 * 1024
LARGEST_PROJECT_BYTES = 256 * 1024 * 1024
LARGEST_ID = 2**63 - 1
MOST_DIGITS = 100
MANY_BYTES = 1024 * 1024


@dataclass(frozen=True)
class Call:
    """The parts of a request. `experiment` is that of the address, `words` what follows the name of the call."""

    services: WorkerServices
    request: Request
    experiment: str | None
    words: tuple[str, ...]
    query: Mapping[str, str]

    @property
    def db(self) -> Database:
        """The database."""
        return self.services.db

    @property
    def target(self) -> str:
        """The path and query that were asked for."""
        url = self.request.url
        return f"{url.path}?{url.query}" if url.query else url.path

    def is_yes(self, name: str, *, default: bool = False) -> bool:
        """Whether an argument is the word `yes`. Anything else is a no; only an argument that is missing is neither."""
        return self.query[name] == "yes" if name in self.query else default

    def get_project_id(self) -> int:
        """Return the argument `project_id`. Raises BadCallError."""
        text = self.query.get("project_id", "")
        if not text:
            raise BadCallError("Project id must be specified")
        return read_id(text)

    async def read_body(self, *, limit_bytes: int = LARGEST_BODY_BYTES) -> bytearray:
        """Return the body, which may be so large that it is never copied. Raises BodyTooLargeError."""
        body = bytearray()
        async for part in self.request.stream():
            body += part
            if len(body) > limit_bytes:
                sentence = f"The body of this call may have at most {limit_bytes} bytes."
                raise BodyTooLargeError(sentence, limit_bytes=limit_bytes)
        return body

    async def read_document(self, *, limit_bytes: int = LARGEST_BODY_BYTES) -> dict[str, Any]:
        """Return the JSON object of the body, whatever its type. Raises BadCallError, BodyTooLargeError."""
        body = await self.read_body(limit_bytes=limit_bytes)
        document = await (asyncio.to_thread(_decode, body) if len(body) > MANY_BYTES else _decode_here(body))
        if not isinstance(document, dict):
            raise BadCallError("The body of the call must be a JSON object")
        return document


@dataclass(frozen=True)
class SignedCall(Call):
    """A call of somebody who is known."""

    who: Principal


def read_query(raw: str, *, plus_is_blank: bool = False) -> dict[str, str]:
    """Return the arguments of an address; of several with one name the first.

    A plus stays a plus: old clients put names into addresses as they are and write a blank as %20. Those of the
    catalogue write a blank as a plus.
    """
    read = unquote_plus if plus_is_blank else unquote
    query: dict[str, str] = {}
    for part in raw.split("&"):
        name, _, text = part.partition("=")
        if name:
            query.setdefault(read(name), read(text))
    return query


def read_id(given: object) -> int:
    """Return a project id that came as a number or as text. Raises BadCallError."""
    text = str(given).strip()
    is_number = not isinstance(given, bool | float) and text.isascii() and text.isdecimal() and len(text) <= MOST_DIGITS
    if not is_number or int(text) > LARGEST_ID:
        raise BadCallError(f"Project id must be a whole number, not {text[:40]!r}")
    return int(text)


def _decode(body: bytearray) -> object:
    try:
        return msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BadCallError(f"The body of the call is not JSON: {error}") from error


async def _decode_here(body: bytearray) -> object:
    return _decode(body)
