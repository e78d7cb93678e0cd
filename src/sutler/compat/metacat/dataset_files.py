"""The files of a dataset: listing them, putting some in, taking some out."""

from __future__ import annotations

from starlette.responses import Response

from sutler import catalog
from sutler.base.did import Did
from sutler.catalog import FileKey
from sutler.compat.call import SignedCall
from sutler.compat.errors import BadCallError
from sutler.compat.metacat.reading import (
    Document,
    read_dataset,
    read_keys,
    read_name,
    read_object,
    read_query_text,
)
from sutler.compat.metacat.replies import reply_json, reply_lines
from sutler.compat.metacat.shapes import shape_file


async def list_files(call: SignedCall) -> Response:
    """Stream the files of a dataset; retired ones when they are asked for."""
    lines = catalog.list_dataset_files(
        call.db,
        call.who,
        did=read_dataset(call),
        include_retired=call.is_yes("include_retired_files"),
        shape=shape_file(with_metadata=call.is_yes("with_metadata")),
    )
    return await reply_lines(lines)


async def add_files(call: SignedCall) -> Response:
    """Put files into a dataset: listed ones, or those of a query. Files that are not known are left out."""
    did, body = read_dataset(call), await read_object(call)
    files, query = read_choice(body, "file_list")
    added = await catalog.add_to_dataset(
        call.db,
        call.who,
        did=did,
        files=files,
        query=query,
        default_namespace=read_namespace(body),
        skips_unknown=True,
    )
    return reply_json({"files_added": added})


async def remove_files(call: SignedCall) -> Response:
    """Take files out of a dataset: listed ones, or those of a query."""
    body = await read_object(call)
    did = Did(
        read_name(body.get("dataset_namespace"), "dataset_namespace"),
        read_name(body.get("dataset_name"), "dataset_name"),
    )
    files, query = read_choice(body, "file_list")
    removed = await catalog.remove_from_dataset(
        call.db, call.who, did=did, files=files, query=query, default_namespace=read_namespace(body)
    )
    return reply_json({"files_removed": removed})


def read_choice(body: Document, name: str) -> tuple[list[FileKey], str | None]:
    """Return the files of a body, either a list of them or the query that finds them. Raises BadCallError."""
    listed, query = body.get(name), body.get("query")
    if (listed is None) == (query is None):
        raise BadCallError(f"Either {name} or query must be specified, but not both")
    if listed is None:
        return [], read_query_text(query)
    return read_keys(listed, name, read_namespace(body)), None


def read_namespace(body: Document) -> str | None:
    """Return the namespace of names that come without one; None where there is none."""
    return read_name(body["namespace"], "namespace") if body.get("namespace") else None
