"""Datasets: making, changing and removing them, and putting them below each other."""

from __future__ import annotations

from starlette.responses import Response

from sutler import catalog
from sutler.base.did import Did
from sutler.compat.call import SignedCall
from sutler.compat.errors import BadCallError
from sutler.compat.metacat.reading import (
    Document,
    read_dataset,
    read_mapping,
    read_mode,
    read_name,
    read_object,
    read_switch,
)
from sutler.compat.metacat.replies import reply_json
from sutler.compat.metacat.shapes import show_dataset
from sutler.compat.reading import read_text
from sutler.compat.replies import reply_text


async def create_dataset(call: SignedCall) -> Response:
    """Make a dataset, with the files and subsets of queries where there are any, and reply with it."""
    body = await read_object(call)
    dataset = await catalog.create_dataset(
        call.db,
        call.who,
        did=Did(read_name(body.get("namespace"), "namespace"), read_name(body.get("name"), "name")),
        description=read_text(body.get("description"), "description") or "",
        metadata=read_mapping(body.get("metadata"), "metadata") or {},
        frozen=bool(read_switch(body.get("frozen"), "frozen")),
        monotonic=bool(read_switch(body.get("monotonic"), "monotonic")),
        requirements=_read_requirements(body),
        files_query=read_text(body.get("files_query"), "files_query") or None,
        subsets_query=read_text(body.get("subsets_query"), "subsets_query") or None,
    )
    return reply_json(show_dataset(dataset))


async def update_dataset(call: SignedCall) -> Response:
    """Change what the body names of a dataset and reply with it."""
    body = await read_object(call)
    dataset = await catalog.update_dataset(
        call.db,
        call.who,
        did=read_dataset(call),
        description=read_text(body.get("description"), "description"),
        frozen=read_switch(body.get("frozen"), "frozen"),
        monotonic=read_switch(body.get("monotonic"), "monotonic"),
        metadata=read_mapping(body.get("metadata"), "metadata"),
        mode=read_mode(body.get("mode")),
        requirements=_read_requirements(body),
    )
    return reply_json(show_dataset(dataset))


async def add_child_dataset(call: SignedCall) -> Response:
    """Put a dataset below another one. Doing it again has no effect."""
    parent, child = read_dataset(call, "parent"), read_dataset(call, "child")
    await catalog.add_child_dataset(call.db, call.who, parent=parent, child=child)
    return reply_text("OK")


async def remove_dataset(call: SignedCall) -> Response:
    """Remove a dataset; its files stay."""
    await catalog.remove_dataset(call.db, call.who, did=read_dataset(call))
    return reply_text("OK")


def _read_requirements(body: Document) -> dict[str, object] | None:
    """Return the requirements, which the clients call otherwise than the original server read them."""
    names = ("file_meta_requirements", "metadata_requirements")
    given = [name for name in names if body.get(name) is not None]
    if len(given) > 1 and body[given[0]] != body[given[1]]:
        raise BadCallError(f"{' and '.join(given)} are two names of the same thing: give one of them")
    return read_mapping(body[given[0]], given[0]) if given else None
