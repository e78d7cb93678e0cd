"""Requests to a MetaCat server and its answers: how long to wait, when to come again, what has been said."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TypeVar

import httpx

from sutler.catalog.errors import RemoteCatalogRefusedError, RemoteCatalogUnavailableError

FIRST_PAUSE_SECONDS = 1.0
PAUSE_GROWTH = 1.5
LARGEST_ANSWER_BYTES = 256 * 1024 * 1024
LONGEST_CONNECT_SECONDS = 15.0
COME_AGAIN_AFTER = timedelta(seconds=30)

PASSING_TROUBLE = frozenset({502, 503, 504, 521, 524})
"""What servers and what stands before them answer while they are being restarted: coming again helps."""

Result = TypeVar("Result")


@dataclass(frozen=True)
class Asked:
    """One request. `is_change`: it is not sent again by itself when its answer was lost."""

    url: str
    arguments: Mapping[str, str] = field(default_factory=dict)
    content: bytes | None = field(default=None, repr=False)
    content_type: str = "text/json"
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    is_change: bool = False


@dataclass(frozen=True)
class Answer:
    """An answer that was read whole."""

    url: str
    status: int
    headers: httpx.Headers
    content: bytes

    @property
    def text(self) -> str:
        """The body as text; what is no UTF-8 is replaced."""
        return self.content.decode("utf-8", "replace")


class Patience:
    """How long one call may go on, with all its requests, and how often it came again."""

    def __init__(self, timeout_for: timedelta) -> None:
        self._seconds = timeout_for.total_seconds()
        self._ends = asyncio.get_running_loop().time() + self._seconds
        self._pause = FIRST_PAUSE_SECONDS
        self._tries = 0

    @property
    def seconds_left(self) -> float:
        """How many seconds there are left, never less than none."""
        return max(0.0, self._ends - asyncio.get_running_loop().time())

    async def pause(self, error: RemoteCatalogUnavailableError) -> None:
        """Wait a little before the next try. Raises RemoteCatalogUnavailableError when there is no time for one."""
        self._tries += 1
        # Many callers that failed together shall not come again together; nothing secret hangs on it.
        seconds = self._pause * random.uniform(0.5, 1.0)  # noqa: S311
        if seconds >= self.seconds_left:
            times = "once" if self._tries == 1 else f"{self._tries} times"
            sentence = f"{error.sentence} Tried {times} within {self._seconds:g} seconds."
            raise RemoteCatalogUnavailableError(sentence, retry_after=COME_AGAIN_AFTER, **error.facts) from error
        await asyncio.sleep(seconds)
        self._pause *= PAUSE_GROWTH


class Wire:
    """Sends requests over one HTTP client. It follows no redirect, so that nothing is shown to another host."""

    def __init__(self, http: httpx.AsyncClient, *, timeout_for: timedelta) -> None:
        self._http = http
        self.timeout_for = timeout_for

    async def ask(self, asked: Asked, patience: Patience, *, auth: httpx.Auth | None = None) -> Answer:
        """Send a request once and return the answer, whatever its status is.

        Raises RemoteCatalogUnavailableError for passing trouble, RemoteCatalogRefusedError for what is too large.
        """
        async with self.open(asked, patience, auth=auth) as response, _watched(asked.url, patience.seconds_left):
            return await read_whole(response)

    @asynccontextmanager
    async def open(
        self, asked: Asked, patience: Patience, *, auth: httpx.Auth | None = None
    ) -> AsyncIterator[httpx.Response]:
        """Send a request once and give the answer unread. Raises RemoteCatalogUnavailableError for passing trouble."""
        async with _watched(asked.url, patience.seconds_left):
            response = await self._http.send(self._build(asked), auth=auth, stream=True)
        try:
            if response.status_code in PASSING_TROUBLE:
                raise _make_unavailable(
                    asked.url, f"is not available at the moment: it answered {response.status_code}"
                )
            yield response
        finally:
            await response.aclose()

    def _build(self, asked: Asked) -> httpx.Request:
        seconds = self.timeout_for.total_seconds()
        headers = dict(asked.headers)
        if asked.content is not None:
            headers["Content-Type"] = asked.content_type
        return self._http.build_request(
            "GET" if asked.content is None else "POST",
            asked.url,
            params=dict(asked.arguments),
            content=asked.content,
            headers=headers,
            timeout=httpx.Timeout(seconds, connect=min(seconds, LONGEST_CONNECT_SECONDS)),
        )


async def repeat(attempt: Callable[[], Awaitable[Result]], patience: Patience) -> Result:
    """Return what an attempt gives; it is made again after passing trouble. Raises RemoteCatalogUnavailableError."""
    while True:
        try:
            return await attempt()
        except RemoteCatalogUnavailableError as error:
            await patience.pause(error)


async def read_whole(response: httpx.Response) -> Answer:
    """Return an answer that is small enough to be held. Raises RemoteCatalogRefusedError for one that is not,
    RemoteCatalogUnavailableError when it breaks off.
    """
    url = str(response.url.copy_with(query=None))
    content = bytearray()
    async for part in read_parts(response):
        content += part
        if len(content) > LARGEST_ANSWER_BYTES:
            raise RemoteCatalogRefusedError(url, f"more than {LARGEST_ANSWER_BYTES} bytes")
    return Answer(url, response.status_code, response.headers, bytes(content))


async def read_parts(response: httpx.Response) -> AsyncIterator[bytes]:
    """Yield the body of an answer as it comes. Raises RemoteCatalogUnavailableError when it breaks off."""
    url = str(response.url.copy_with(query=None))
    try:
        async for part in response.aiter_bytes():
            yield part
    except httpx.TimeoutException as error:
        raise _make_unavailable(url, "stopped in the middle of its answer") from error
    except httpx.HTTPError as error:
        raise _make_unavailable(url, f"broke off in the middle of its answer: {_describe(error)}") from error


@asynccontextmanager
async def _watched(url: str, seconds: float) -> AsyncIterator[None]:
    try:
        async with asyncio.timeout(seconds):
            yield
    except (TimeoutError, httpx.TimeoutException) as error:
        raise _make_unavailable(url, "did not answer in time") from error
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise _make_unavailable(url, f"cannot be reached: {_describe(error)}") from error


def _make_unavailable(url: str, what: str) -> RemoteCatalogUnavailableError:
    return RemoteCatalogUnavailableError(f"{url} {what}.", retry_after=COME_AGAIN_AFTER, url=url)


def _describe(error: Exception) -> str:
    return " ".join(str(error).split())[:200] or type(error).__name__
