"""The first thing that sees a request: hot calls go straight to their answers, everything else to the application."""

from __future__ import annotations

from collections.abc import Callable

from starlette.types import ASGIApp, Receive, Scope, Send

Find = Callable[[Scope], ASGIApp | None]


def put_in_front(ordinary: ASGIApp, *finders: Find) -> ASGIApp:
    """Return an application that asks each finder for what answers a request, and `ordinary` if none knows."""

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            for find in finders:
                hot = find(scope)
                if hot is not None:
                    await hot(scope, receive, send)
                    return
        await ordinary(scope, receive, send)

    return answer
