"""The hot calls side by side with the ordinary routes, and alone, on a lane that only takes notes."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import httpx
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from tests.conftest import NOON

from sutler import dispatch
from sutler.auth import Principal
from sutler.dispatch import HandleState, Order
from sutler.rest import HotCalls, Services
from sutler.server.front import put_in_front

LEASE = dispatch.Lease(
    attempt_id=7,
    attempt=2,
    project_id=3,
    position=0,
    share_id=None,
    namespace="démo",
    name="a",
    fid=None,
    size_bytes=2**40,
    attributes={"n": [1, 2.5, None, True, 2**70], "é": "\u2028"},
    expires_at=datetime(2030, 1, 2, 3, 4, 5, 678901, UTC),
    replicas=(dispatch.ReplicaAt("DISK1", "root://x//a", 7),),
)
NEXT = {"worker_id": "w", "request_id": "7a1f6c0e-0000-4000-8000-000000000000"}
ENDED = {"worker_id": "w", "attempt_ids": [7, 8]}
OUTPUT = {"namespace": "demo", "name": "out", "size_bytes": 5, "checksums": {"adler32": "0a"}, "metadata": {"n": 1}}
CALLS: Mapping[str, Mapping[str, object]] = {
    "/projects/3/next": {**NEXT, "count": 2, "site": "FNAL", "wait_seconds": 5, "time_left_seconds": 60},
    "/attempts/renew": ENDED,
    "/attempts/done": {**ENDED, "measures": {"wall": 1.5}, "log_tail": "é\n", "outputs": [OUTPUT]},
    "/attempts/failed": {**ENDED, "reason": "exit code 1", "retry": False},
}
JSON = {"Content-Type": "application/json"}


@dataclass
class NotingLane:
    """Lane that give the same answers to everybody and remember what they were asked."""

    reply: dispatch.Reply = field(default_factory=lambda: dispatch.Reply((LEASE,)))
    trouble: Exception | None = None
    asked: list[Any] = field(default_factory=list)

    async def reserve_next(self, who: Principal, *, project_id: int, wish: dispatch.Wish) -> dispatch.Reply:
        self._note(who.username, project_id, wish)
        return self.reply

    async def report(self, who: Principal, *, report: dispatch.Report) -> list[dispatch.Answer]:
        self._note(who.username, report)
        return [
            dispatch.Answer(7, HandleState.DONE, is_accepted=True),
            dispatch.Answer(8, HandleState.FAILED, is_accepted=False, why="lost"),
        ]

    async def renew(
        self, _db: object, who: Principal, *, worker_id: str, attempt_ids: tuple[int, ...]
    ) -> list[dispatch.Renewal]:
        self._note(who.username, worker_id, tuple(attempt_ids))
        return [
            dispatch.Renewal(7, Order.CONTINUE, NOON.replace(microsecond=5)),
            dispatch.Renewal(8, Order.STOP_NOW, None, "lost"),
        ]

    def _note(self, *what: object) -> None:
        self.asked.append(what)
        if self.trouble:
            raise self.trouble


@dataclass(frozen=True)
class Both:
    """The hot calls and the ordinary routes, which must not be told apart."""

    hot: httpx.AsyncClient
    ordinary: httpx.AsyncClient
    lane: NotingLane

    async def post(self, path: str, *, content: bytes, headers: Mapping[str, str] = JSON) -> httpx.Response:
        """Send a request to both, see that nothing differs, and return the reply."""
        replies, asked = [], []
        for client in (self.hot, self.ordinary):
            self.lane.asked.clear()
            replies.append(await client.post(path, content=content, headers=dict(headers)))
            asked.append(list(self.lane.asked))
        hot, ordinary = replies
        assert (hot.status_code, hot.content) == (ordinary.status_code, ordinary.content), content
        assert hot.headers.raw == ordinary.headers.raw
        assert asked[0] == asked[1], content
        return hot


class Wire:
    """One request on a connection whose every message the test decides."""

    def __init__(self, path: str, token: str | None, *messages: Message) -> None:
        self.scope: Scope = {
            "type": "http",
            "method": "POST",
            "path": f"/api/v1{path}",
            "query_string": b"",
            "headers": [(b"authorization", f"Bearer {token}".encode()), (b"content-type", b"application/json")],
        }
        self.sent: list[Message] = []
        self.incoming: asyncio.Queue[Message] = asyncio.Queue()
        for message in messages:
            self.incoming.put_nowait(message)

    async def call(self, application: ASGIApp) -> None:
        async def send(message: Message) -> None:
            self.sent.append(message)

        await application(self.scope, self.incoming.get, send)


def make_parts(body: bytes, *, size: int) -> list[Message]:
    """The messages in which a body comes."""
    pieces = [body[at : at + size] for at in range(0, len(body), size)]
    return [
        {"type": "http.request", "body": piece, "more_body": number < len(pieces)}
        for number, piece in enumerate(pieces, start=1)
    ]


def connect(application: ASGIApp, token: str | None) -> httpx.AsyncClient:
    """A client with a token."""
    return httpx.AsyncClient(
        transport=httpx.ASGITransport(application),
        base_url="http://sutler.test/api/v1",
        headers={"Authorization": f"Bearer {token}"},
    )


def put_alone(services: Services) -> ASGIApp:
    """The hot calls with nothing behind them."""

    async def refuse(scope: Scope, _receive: Receive, _send: Send) -> None:
        raise AssertionError(f"{scope['path']} was left to the ordinary routes")

    return put_in_front(refuse, HotCalls(services, refuse).find)


async def until(condition: Callable[[], bool]) -> None:
    """Wait for a condition, not for ever."""
    deadline = time.monotonic() + 10
    while not condition() and time.monotonic() < deadline:  # noqa: ASYNC110 - nothing tells of it
        await asyncio.sleep(0.01)
    assert condition()
