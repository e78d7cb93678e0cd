"""The ASGI application: every door mounted on one FastAPI, and the hot calls in front of it."""

from __future__ import annotations

from fastapi import FastAPI
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp

from sutler import __version__, compat, pages, rest
from sutler.loops import Loops
from sutler.server.front import put_in_front
from sutler.server.health import create_health
from sutler.server.parts import Parts


def create_app(parts: Parts, loops: Loops | None = None) -> ASGIApp:
    """Put the doors together. `loops` is what `/health` tells about; None in a process without loops."""
    app = FastAPI(title="Sutler", version=__version__, openapi_url=None, docs_url=None, redoc_url=None)
    app.include_router(create_health(parts.db, loops))
    app.include_router(rest.create_router(parts))
    app.router.routes.extend(compat.create_routes(parts))
    app.include_router(pages.create_pages(parts, api_description=rest.describe_api()))
    pages.mount_static(app)
    app.add_exception_handler(HTTPException, pages.create_error_pages(parts))
    return put_in_front(app, rest.HotCalls(parts, app).find, compat.HotCalls(parts).find)
