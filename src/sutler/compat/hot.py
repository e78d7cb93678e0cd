"""`next_file` and `release` as plain ASGI functions: the answers of the ordinary calls for a fraction of their time.

Thousands of workers call nothing else. Addresses with anything odd about them go on to the ordinary calls.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Mapping
from functools import partial

from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from sutler.compat import worker
from sutler.compat.app import DISPATCHER, METHODS, OPEN_DISPATCHER, guard
from sutler.compat.call import Call, SignedCall, read_query
from sutler.compat.replies import JSON, encode
from sutler.compat.shapes import Shape
from sutler.compat.tokens import authenticate
from sutler.dispatch import Project, WorkerServices

BEGINNING = "/dd/"
KNOWN = DISPATCHER.keys() | OPEN_DISPATCHER.keys()

PROJECT_KEPT_SECONDS = 1.0
MOST_PROJECTS = 1000
MOST_DIGITS = 18

_CONTENT_TYPE = (b"content-type", f"{JSON}; charset=utf-8".encode())


class HotCalls:
    """The hot calls of one installation."""

    def __init__(self, services: WorkerServices) -> None:
        self._services = services
        self._answers: Mapping[str, Callable[[SignedCall], Awaitable[Shape]]] = {
            "next_file": partial(worker.take_file, get_project=ProjectMemory().get_project),
            "release": worker.give_back,
        }

    def find(self, scope: Scope) -> ASGIApp | None:
        """Return what answers a request, None if it is no hot call. Asked for every request, so it only looks."""
        path: str = scope["path"]
        if not path.startswith(BEGINNING) or scope["method"] not in METHODS:
            return None
        experiment, name = None, path[len(BEGINNING) :]
        if name not in self._answers:
            experiment, _, name = name.partition("/")
            if name not in self._answers or not experiment or experiment in KNOWN:
                return None
        query: bytes = scope["query_string"]
        if not query.isascii() or b"#" in query:
            return None
        return partial(self._answer, name, experiment)

    async def _answer(self, name: str, experiment: str | None, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        query = read_query(request.scope["query_string"].decode("ascii"))
        call = Call(self._services, request, experiment, (), query)
        reply = await guard(call, self._work(call, name), DISPATCHER[name])
        if not isinstance(reply, bytes):
            await reply(scope, receive, send)
            return
        length = (b"content-length", str(len(reply)).encode())
        await send({"type": "http.response.start", "status": 200, "headers": [length, _CONTENT_TYPE]})
        await send({"type": "http.response.body", "body": reply})

    async def _work(self, call: Call, name: str) -> bytes:
        """Do what was asked and return the reply."""
        who = await authenticate(call.request, self._services.authenticator, changes=True)
        signed = SignedCall(call.services, call.request, call.experiment, call.words, call.query, who)
        return encode(await self._answers[name](signed))


class ProjectMemory:
    """Remembers projects for a second: old clients want the attributes of the project with every file."""

    def __init__(self) -> None:
        self._kept: dict[int, tuple[float, Project]] = {}

    async def get_project(self, call: SignedCall, project_id: int) -> Project:
        """Return a project as it is, or was a moment ago; whether somebody may see it is asked only if it is read.

        When it has become old one caller reads it anew, and the others go on with what there is until that is done.
        Raises ProjectNotFoundError, NotPermittedError.
        """
        now = time.monotonic()
        until, kept = self._kept.get(project_id, (0.0, None))
        if kept is not None and now < until:
            return kept
        if kept is not None:
            self._kept[project_id] = (now + PROJECT_KEPT_SECONDS, kept)
        project = await worker.get_project(call, project_id)
        if len(self._kept) >= MOST_PROJECTS:
            self._kept.clear()
        self._kept[project_id] = (time.monotonic() + PROJECT_KEPT_SECONDS, project)
        return project
