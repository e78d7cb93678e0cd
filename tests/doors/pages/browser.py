"""A browser without a screen: it keeps cookies, sends the forms of the pages it got, and listens to live changes."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from fastapi import FastAPI
from starlette.exceptions import HTTPException

from sutler import pages, rest
from sutler.auth import Authenticator, Sealer, TokenSigner
from sutler.campaigns import Launcher
from sutler.catalog import Catalogues
from sutler.database import Database
from sutler.dispatch import RefusalBook

PASSWORD = "correct horse"


@dataclass(frozen=True)
class ServicesUnderTest:
    """What the pages are given."""

    db: Database
    authenticator: Authenticator
    signer: TokenSigner
    launcher: Launcher
    storage: Path
    refusals: RefusalBook
    sealer: Sealer
    catalogues: Catalogues


def make_app(services: ServicesUnderTest, api_description: Mapping[str, object] | None = None) -> FastAPI:
    """The pages alone, put together as the server does it, with its API unless another one is described."""
    app = FastAPI(openapi_url=None, docs_url=None, redoc_url=None)
    app.include_router(pages.create_pages(services, api_description=api_description or rest.describe_api()))
    pages.mount_static(app)
    app.add_exception_handler(HTTPException, pages.create_error_pages(services))
    return app


class Browser:
    """One browser with its own cookies."""

    def __init__(self, app: FastAPI, *, root: str = "", scheme: str = "http") -> None:
        self.app = app
        transport = httpx.ASGITransport(app=app, root_path=root, raise_app_exceptions=False)
        self.client = httpx.AsyncClient(transport=transport, base_url=f"{scheme}://sutler.test{root}/")

    async def get(self, path: str, **headers: str) -> httpx.Response:
        """Ask for a page, without following where it leads."""
        return await self.client.get(path, headers=headers)

    async def post(self, path: str, page: httpx.Response | None = None, **fields: str) -> httpx.Response:
        """Send a form with the anti-forgery token that stands on a page."""
        token = {"csrf": find_field(page, "csrf")} if page is not None else {}
        return await self.client.post(path, data={**token, **fields})

    async def sign_in(self, username: str, password: str = PASSWORD, *, next_path: str = "") -> httpx.Response:
        """Fill in the sign-in form."""
        page = await self.client.get("sign-in", params={"next": next_path} if next_path else {})
        fields = {"username": username, "password": password, "next": find_field(page, "next")}
        return await self.post("sign-in", page, **fields)

    @asynccontextmanager
    async def listen(self, path: str) -> AsyncIterator[asyncio.Queue[str]]:
        """Open a stream and pass on its status, then what it sends, piece by piece, until the context ends."""
        heard: asyncio.Queue[str] = asyncio.Queue()
        cookies = "; ".join(f"{name}={text}" for name, text in self.client.cookies.items())
        target, _, query = path.partition("?")
        scope: dict[str, Any] = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": "GET",
            "scheme": "http",
            "path": target,
            "raw_path": target.encode(),
            "query_string": query.encode(),
            "root_path": "",
            "headers": [(b"host", b"sutler.test"), (b"cookie", cookies.encode()), (b"accept", b"text/event-stream")],
            "server": ("sutler.test", 80),
            "client": ("127.0.0.1", 1),
        }
        is_over = asyncio.Event()

        async def receive() -> dict[str, Any]:
            await is_over.wait()
            return {"type": "http.disconnect"}

        async def send(message: Any) -> None:  # noqa: ANN401 - the server protocol has no types
            if message["type"] == "http.response.start":
                await heard.put(str(message["status"]))
            elif message.get("body"):
                await heard.put(message["body"].decode())
            if message["type"] == "http.response.body" and not message.get("more_body"):
                await heard.put("end")

        answering = asyncio.create_task(self.app(scope, receive, send))
        try:
            yield heard
        finally:
            is_over.set()
            await asyncio.wait_for(answering, 5)


def find_field(page: httpx.Response, name: str) -> str:
    """Return the value of a hidden field."""
    found = re.search(rf'name="{name}" value="([^"]*)"', page.text)
    assert found is not None, f"{name} is not on the page: {page.status_code} {page.text[:400]}"
    return found[1].replace("&amp;", "&")
