"""Queries that are kept under a name."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence

from starlette.responses import Response

from sutler import catalog
from sutler.catalog import NamedQuery
from sutler.compat.call import SignedCall
from sutler.compat.errors import BadCallError
from sutler.compat.metacat.queries import read_text_of_query
from sutler.compat.metacat.reading import read_mapping, read_name, read_object, read_query_text
from sutler.compat.metacat.replies import reply_json, reply_list, reply_stream
from sutler.compat.metacat.shapes import show_named_query
from sutler.compat.reading import read_text

PAGE = 1000


async def list_queries(call: SignedCall) -> Response:
    """Reply with the named queries, or with those of a namespace, by namespace and name."""
    return await reply_list(_stream_queries(call, call.query.get("namespace") or None), show_named_query)


async def get_query(call: SignedCall) -> Response:
    """Reply with one named query."""
    namespace, name = read_name(call.query.get("namespace"), "namespace"), read_name(call.query.get("name"), "name")
    query = await catalog.get_named_query(call.db, call.who, namespace=namespace, name=name)
    return reply_json(show_named_query(query))


async def create_query(call: SignedCall) -> Response:
    """Keep a query under a name, in place of another one if that is asked for, and reply with it."""
    body = await read_object(call)
    parameters = body.get("parameters")
    if parameters is not None and not isinstance(parameters, list):
        raise BadCallError("parameters must be a list")
    query = await catalog.save_query(
        call.db,
        call.who,
        namespace=read_name(body.get("namespace"), "namespace"),
        name=read_name(body.get("name"), "name"),
        source=read_query_text(body.get("source")),
        description=read_text(body.get("description"), "description"),
        metadata=read_mapping(body.get("metadata"), "metadata"),
        parameters=parameters,
        replace=call.is_yes("update"),
    )
    return reply_json(show_named_query(query))


async def search_queries(call: SignedCall) -> Response:
    """Stream the named queries that a query for queries finds."""
    text = await read_text_of_query(call)
    return await reply_stream(_find_queries(call, text), show_named_query)


async def _stream_queries(call: SignedCall, namespace: str | None) -> AsyncIterator[Sequence[NamedQuery]]:
    after: str | None = None
    while True:
        page = await catalog.list_named_queries(
            call.db, call.who, experiment=call.experiment, namespace=namespace, after=after, limit=PAGE
        )
        yield page.items
        after = page.next_cursor
        if after is None:
            return


async def _find_queries(call: SignedCall, text: str) -> AsyncIterator[Sequence[NamedQuery]]:
    yield await catalog.search_queries(call.db, call.who, query=text, experiment=call.experiment)
