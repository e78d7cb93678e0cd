"""One call of the API: the request, patience with a server that is busy, the reply or the error."""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from types import TracebackType
from typing import Any, Self, TypeVar
from urllib.parse import quote

import httpx

from sutler.client.errors import UnexpectedAnswerError, UnreachableError, make_api_error
from sutler.client.profile import choose
from sutler.wire.convert import ShapeError, from_json, to_json
from sutler.wire.page import Page
from sutler.wire.problems import ProblemDocument

PREFIX = "/api/v1"
TRIES = 4
LONGEST_PAUSE_SECONDS = 10.0
LINES_AT_ONCE = 500
STILL_RUNNING = "rest.still_running"

Reply = TypeVar("Reply")
Item = TypeVar("Item")
Listing = Callable[..., Awaitable[Page[Item]]]


def path_of(*parts: object) -> str:
    """Return a path of parts, each quoted; slashes inside of a part stay."""
    return PREFIX + "".join(f"/{quote(str(part), safe='/')}" for part in parts)


class AsyncCaller:
    """Where the server is, who asks, and how a call is made."""

    def __init__(
        self,
        url: str | None = None,
        *,
        token: str | None = None,
        timeout_seconds: float = 60.0,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        """Without `url` and `token` they are taken from the environment or the profile. Raises ProfileError."""
        self.url, self.token = choose(url, token)
        self._http = httpx.AsyncClient(base_url=self.url, timeout=timeout_seconds, transport=transport)

    async def __aenter__(self) -> Self:
        """Begin to use the client."""
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the connections."""
        await self.aclose()

    async def aclose(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def iterate(self, listing: Listing[Item], **filters: Any) -> AsyncIterator[Item]:  # noqa: ANN401 - as listing
        """Go through all items of a listing, page by page: `iterate(client.list_projects, state="active")`."""
        cursor: str | None = None
        while True:
            page = await listing(**filters, cursor=cursor)
            for item in page.items:
                yield item
            cursor = page.next_cursor
            if cursor is None:
                return

    async def get(self, shape: type[Reply], path: str, **filters: object) -> Reply:
        """Ask for something; filters that are None are left out. Raises ClientError."""
        return _read(shape, await self._insist("GET", path, params=_to_params(filters)))

    async def read_lines(
        self, shape: type[Reply], path: str, *, body: object | None = None, **filters: object
    ) -> AsyncIterator[Reply]:
        """Ask for a list of documents, one a line, and yield each as it comes. Raises ClientError.

        What is asked stands in the filters, or, where it is long, in a body that is posted.
        """
        content = None if body is None else json.dumps(to_json(body)).encode()
        headers = self._make_headers() | ({"Content-Type": "application/json"} if content is not None else {})
        method = "GET" if content is None else "POST"
        request = self._http.build_request(method, path, headers=headers, params=_to_params(filters), content=content)
        try:
            reply = await self._http.send(request, stream=True)
            try:
                if reply.status_code >= 400:
                    await reply.aread()
                    raise make_api_error(_read_problem(reply))
                async for line in reply.aiter_lines():
                    yield from_json(shape, json.loads(line))
            finally:
                await reply.aclose()
        except (ShapeError, ValueError) as error:
            raise UnexpectedAnswerError(f"{path} gave an answer that cannot be understood: {error}") from error
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise UnreachableError(self.url, str(error) or type(error).__name__) from error

    async def read_bytes(self, path: str, *, body: object) -> AsyncIterator[bytes]:
        """Post a question and yield the answer as it comes. Raises ClientError, also for one that breaks off."""
        headers = self._make_headers() | {"Content-Type": "application/json"}
        request = self._http.build_request("POST", path, headers=headers, content=json.dumps(to_json(body)).encode())
        try:
            reply = await self._http.send(request, stream=True)
            try:
                if reply.status_code >= 400:
                    await reply.aread()
                    raise make_api_error(_read_problem(reply))
                async for part in reply.aiter_bytes():
                    yield part
            finally:
                await reply.aclose()
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise UnreachableError(self.url, str(error) or type(error).__name__) from error

    async def send(
        self,
        shape: type[Reply],
        method: str,
        path: str,
        body: object | None = None,
        *,
        key: str | None = None,
        revision: int | None = None,
        filters: Mapping[str, object] | None = None,
    ) -> Reply:
        """Change something.

        With a `key` of at most 128 characters the call is safe to repeat, for a day: so a busy server is asked again,
        and whoever got no answer may make the same call with the same key once more. With a `revision` only what nobody
        has changed since is changed; 0 stands for whatever is there.
        """
        content = None if body is None else json.dumps(to_json(body)).encode()
        headers = {"Content-Type": "application/json"} if content is not None else {}
        if revision is not None:
            headers["If-Match"] = f'"{revision}"' if revision else "*"
        request: dict[str, Any] = {"content": content, "headers": headers}
        if filters:
            request["params"] = _to_params(filters)
        if key is None:
            return _read(shape, await self._ask(method, path, **request))
        headers["Idempotency-Key"] = key
        return _read(shape, await self._insist(method, path, **request))

    async def get_text(self, path: str, **filters: object) -> str:
        """Ask for a text; filters that are None are left out. Raises ClientError."""
        reply = await self._insist("GET", path, params=_to_params(filters))
        if reply.status_code >= 400:
            raise make_api_error(_read_problem(reply))
        return reply.text

    async def send_lines(
        self, shape: type[Reply], path: str, documents: Iterable[object], *, key: str | None = None
    ) -> Reply:
        """Post documents of JSON, one a line, as they come. There is no telling how long the answer takes then."""
        headers = {"Content-Type": "application/x-ndjson"} | ({"Idempotency-Key": key} if key is not None else {})
        limits = self._http.timeout
        timeout = httpx.Timeout(connect=limits.connect, read=None, write=limits.write, pool=limits.pool)
        return _read(shape, await self._ask("POST", path, content=_join(documents), headers=headers, timeout=timeout))

    async def _insist(self, method: str, path: str, **request: Any) -> httpx.Response:  # noqa: ANN401 - as httpx
        """Ask up to four times while the server is busy, or busy with the same call, after the pause that it names."""
        for left in reversed(range(TRIES)):
            reply = await self._ask(method, path, **request)
            if not _is_passing(reply) or not left:
                break
            await asyncio.sleep(_find_pause_seconds(reply))
        return reply

    async def _ask(self, method: str, path: str, **request: Any) -> httpx.Response:  # noqa: ANN401 - as httpx
        headers = self._make_headers() | request.pop("headers", {})
        try:
            return await self._http.request(method, path, headers=headers, **request)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise UnreachableError(self.url, str(error) or type(error).__name__) from error

    def _make_headers(self) -> dict[str, str]:
        return {"Accept": "application/json", **({"Authorization": f"Bearer {self.token}"} if self.token else {})}


async def _join(documents: Iterable[object]) -> AsyncIterator[bytes]:
    lines: list[str] = []
    for document in documents:
        lines.append(json.dumps(document, ensure_ascii=False, separators=(",", ":")))
        if len(lines) == LINES_AT_ONCE:
            yield ("\n".join(lines) + "\n").encode()
            lines.clear()
    if lines:
        yield ("\n".join(lines) + "\n").encode()


def _to_params(filters: Mapping[str, object]) -> dict[str, Any]:
    return {name: to_json(item) for name, item in filters.items() if item is not None}


def _is_passing(reply: httpx.Response) -> bool:
    return reply.status_code == 503 or (reply.status_code == 409 and _read_problem(reply).code == STILL_RUNNING)


def _find_pause_seconds(reply: httpx.Response) -> float:
    named = reply.headers.get("Retry-After", "")
    seconds = float(named) if named.isdecimal() else 1.0
    return min(seconds, LONGEST_PAUSE_SECONDS) * random.uniform(1.0, 1.25)  # noqa: S311 - jitter, not a secret


def _read(shape: type[Reply], reply: httpx.Response) -> Reply:
    if reply.status_code >= 400:
        raise make_api_error(_read_problem(reply))
    try:
        return from_json(shape, reply.json() if reply.content else None)
    except (ShapeError, ValueError) as error:
        raise UnexpectedAnswerError(f"{reply.url} gave an answer that cannot be understood: {error}") from error


def _read_problem(reply: httpx.Response) -> ProblemDocument:
    """Read what the server said; what a proxy in between says is wrapped."""
    try:
        return from_json(ProblemDocument, reply.json())
    except ValueError:
        sentence = f"{reply.url} answered {reply.status_code} {reply.reason_phrase}."
        return ProblemDocument("about:blank", reply.reason_phrase, reply.status_code, sentence, "client.no_document")
