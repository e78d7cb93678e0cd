"""Indexes on metadata keys, for administrators: which there are, and wishes for more or fewer."""

from __future__ import annotations

from fastapi import APIRouter

from sutler import catalog
from sutler.catalog import KeyKind
from sutler.rest.context import Here, Once
from sutler.rest.showing import show, show_all
from sutler.wire import indexes as wire
from sutler.wire.page import Page


def add_routes(router: APIRouter) -> None:
    """Add the routes of indexes."""
    router.get("/key_indexes")(list_key_indexes)
    router.post("/key_indexes", status_code=202)(index_key)
    router.delete("/key_indexes/{key}/{kind}", status_code=202)(drop_key_index)


async def list_key_indexes(here: Here) -> Page[wire.KeyIndex]:
    """List the metadata keys for which an index was asked, by key, all of them. It takes an administrator."""
    return Page(show_all(wire.KeyIndex, await catalog.list_indexed_keys(here.db, here.who)))


async def index_key(here: Once, body: wire.NewKeyIndex) -> wire.KeyIndex:
    """Ask for an index on a metadata key. It is built soon, while work goes on; one that failed is tried again."""
    return show(wire.KeyIndex, await catalog.index_key(here.db, here.who, key=body.key, kind=KeyKind(body.kind)))


async def drop_key_index(here: Here, key: str, kind: wire.KeyKind) -> wire.KeyIndex:
    """Give up an index. It is not used from now on, and gone soon; queries find the same files without it."""
    return show(wire.KeyIndex, await catalog.drop_key_index(here.db, here.who, key=key, kind=KeyKind(kind)))
