"""Asking in MQL: for files, for datasets, for sums; and putting what was found into a dataset."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import TypedDict
from urllib.parse import parse_qs

from starlette.responses import Response

from sutler import catalog
from sutler.catalog import Dataset, File
from sutler.compat.call import SignedCall
from sutler.compat.errors import BadCallError
from sutler.compat.metacat.reading import read_did
from sutler.compat.metacat.replies import reply_json, reply_lines, reply_stream
from sutler.compat.metacat.shapes import shape_file, show_dataset, show_file, show_relatives
from sutler.compat.shapes import Shape

FORM = "application/x-www-form-urlencoded"
SAVING_ARGUMENTS = ("save_as", "add_to")
SUMMARIES = ("count", "keys")


class _Asked(TypedDict):
    query: str
    experiment: str | None
    default_namespace: str | None
    include_retired: bool


def is_saving(query: Mapping[str, str]) -> bool:
    """Whether the arguments name a dataset to put the files into."""
    return any(query.get(name) for name in SAVING_ARGUMENTS)


async def answer_query(call: SignedCall) -> Response:
    """Stream the files or datasets of a query, or reply with a summary. The text is the body, whatever its type."""
    text = await read_text_of_query(call)
    summary = call.query.get("summary")
    if summary and summary not in SUMMARIES:
        raise BadCallError(f"summary must be count or keys, not {summary[:40]!r}")
    if not text.strip():
        return reply_json([])
    if summary:
        return await _summarize(call, text, summary)
    if catalog.find_query_kind(text) == "datasets":
        return await _stream_datasets(call, text)
    return await _stream_files(call, text)


async def save_selection(call: SignedCall) -> Response:
    """Make a dataset of the files of a query, or put them into one; reply with them."""
    text = await read_text_of_query(call)
    save_as, add_to = call.query.get("save_as"), call.query.get("add_to")
    if call.query.get("summary") or (save_as and add_to):
        raise BadCallError("Only one of save_as, add_to and summary can be used at a time")
    namespace = _read_namespace(call)
    if save_as:
        did = read_did(save_as, "save_as")
        await catalog.save_selection(call.db, call.who, query=text, did=did, default_namespace=namespace)
    else:
        did = read_did(add_to, "add_to")
        await catalog.add_to_dataset(call.db, call.who, did=did, query=text, default_namespace=namespace)
    return await _stream_files(call, text)


async def read_text_of_query(call: SignedCall) -> str:
    """Return the text of a query: the body, also as a form, else the argument `query`. Raises BadCallError."""
    body = await call.read_body()
    try:
        text = body.decode()
        is_form = call.request.headers.get("content-type", "").startswith(FORM) and text.startswith("query=")
        if is_form:
            text = parse_qs(text, errors="strict").get("query", [""])[0]
    except UnicodeDecodeError as error:
        raise BadCallError(f"The query is not UTF-8: {error.reason} at byte {error.start}") from error
    return text or call.query.get("query", "")


async def _summarize(call: SignedCall, text: str, summary: str) -> Response:
    namespace, include_retired = _read_namespace(call), call.is_yes("include_retired_files")
    if summary == "keys":
        keys = await catalog.list_metadata_keys(
            call.db,
            call.who,
            query=text,
            experiment=call.experiment,
            default_namespace=namespace,
            include_retired=include_retired,
        )
        return reply_json(keys)
    found = await catalog.summarize_files(
        call.db,
        call.who,
        query=text,
        experiment=call.experiment,
        default_namespace=namespace,
        include_retired=include_retired,
    )
    return reply_json({"count": found.count, "total_size": found.size_bytes})


async def _stream_files(call: SignedCall, text: str) -> Response:
    with_metadata = call.is_yes("with_meta")
    asked: _Asked = {
        "query": text,
        "experiment": call.experiment,
        "default_namespace": _read_namespace(call),
        "include_retired": call.is_yes("include_retired_files"),
    }
    if not call.is_yes("with_provenance"):
        lines = catalog.stream_files(call.db, call.who, **asked, shape=shape_file(with_metadata=with_metadata))
        return await reply_lines(lines)
    batches = catalog.stream_files(call.db, call.who, **asked, with_metadata=with_metadata, with_provenance=True)
    return await reply_stream(batches, partial(_show_found, with_metadata=with_metadata))


async def _stream_datasets(call: SignedCall, text: str) -> Response:
    with_relatives = call.is_yes("with_provenance")
    batches = catalog.stream_datasets(
        call.db, call.who, query=text, experiment=call.experiment, with_relatives=with_relatives
    )
    return await reply_stream(batches, _show_related if with_relatives else show_dataset)


def _show_found(file: File, *, with_metadata: bool) -> Shape:
    shape = show_file(file, with_metadata=with_metadata)
    shape["parents"], shape["children"] = show_relatives(file.parents or ()), show_relatives(file.children or ())
    return shape


def _show_related(dataset: Dataset) -> Shape:
    shape = show_dataset(dataset)
    shape["parents"] = [str(did) for did in dataset.parents or ()]
    shape["children"] = [str(did) for did in dataset.children or ()]
    return shape


def _read_namespace(call: SignedCall) -> str | None:
    return call.query.get("namespace") or None
