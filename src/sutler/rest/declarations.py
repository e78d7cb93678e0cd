"""Outputs that are declared to a catalogue elsewhere."""

from __future__ import annotations

from fastapi import APIRouter

from sutler import catalog
from sutler.rest.context import Here
from sutler.wire import submissions as wire


def add_routes(router: APIRouter) -> None:
    """Add the routes of declarations."""
    router.post("/experiments/{name}/declarations/retry")(retry_declarations)


async def retry_declarations(here: Here, name: str) -> wire.Retried:
    """Have outputs whose declaration was refused elsewhere declared once more, and those that wait, at once."""
    return wire.Retried(await catalog.retry_declarations(here.db, here.who, experiment=name))
