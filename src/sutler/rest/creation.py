"""Making projects: of a document, or of a stream of files that may be as long as it likes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import aclosing
from functools import cache
from typing import Any, cast

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from sutler import catalog, dispatch
from sutler.base.errors import InvalidInputError, Problem
from sutler.rest.checks import check_line
from sutler.rest.context import Context, Once
from sutler.rest.decoding import make_struct
from sutler.rest.errors import BodyTooLargeError, InvalidRequestError
from sutler.rest.experiments import get_experiment_id
from sutler.rest.lines import MEDIA_TYPE, cut_lines, decode_line, decode_lines, decode_parts
from sutler.rest.showing import show, to_duration
from sutler.wire import dispatch as wire

LARGEST_PROJECT_QUERY = 100_000
SMALL_BODY_BYTES = 1024 * 1024
LARGEST_DOCUMENT_BYTES = 256 * 1024 * 1024
FILES_IN_PART = 2_000


async def create_project(here: Once, body: wire.NewProject) -> wire.CreatedProject:
    """Make a project of files that are named, or of the files of a query.

    Instead of one document the body may be a list of documents, one a line: the project without files, then each file.
    Such a list may be as long as one likes, and what is wrong with it is told by its line.
    """
    handles = tuple(dispatch.NewHandle(**vars(file)) for file in body.files)
    return await _create(here, body, handles)


async def create_large_project(here: Context, request: Request) -> Response:
    """Answer a request that is better not read at once."""
    create = _create_of_lines if _is_of_lines(request) else _create_of_document
    return Response(msgspec.json.encode(await create(here, request)), 201, media_type="application/json")


def is_large(request: Request) -> bool:
    """Whether a request is better not read at once: lines, or a document that is large or does not say how large."""
    length = request.headers.get("content-length", "")
    return _is_of_lines(request) or not (length.isdecimal() and int(length) <= SMALL_BODY_BYTES)


create_project.is_large = is_large  # type: ignore[attr-defined]  # both read by `route.ApiRoute`
create_project.answer_large = create_large_project  # type: ignore[attr-defined]


def _is_of_lines(request: Request) -> bool:
    return request.headers.get("content-type", "").partition(";")[0].strip().lower() == MEDIA_TYPE


async def _create(
    here: Context, asked: wire.NewProject, handles: tuple[dispatch.NewHandle, ...] = ()
) -> wire.CreatedProject:
    project = await _make_project(here, asked, handles or await _query_files(here, asked))
    return show(wire.CreatedProject, await dispatch.create_project(here.db, here.who, project=project))


async def _create_of_lines(here: Context, request: Request) -> wire.CreatedProject:
    async with aclosing(cut_lines(request.stream())) as pieces:
        first = await anext(pieces, None)
        if first is None:
            raise InvalidRequestError([Problem("line 1", "is missing: it is to be the project without its files")])
        check_line(first.text, "line 1")
        asked = decode_line(_head_decoder().decode, first.text, "line 1")
        if asked.files or asked.limit is not None:
            raise InvalidRequestError([Problem("line 1", "may hold no files and no limit: files follow, one a line")])

        async def read_files() -> AsyncIterator[Sequence[dispatch.NewHandle]]:
            async for piece in pieces:
                yield await asyncio.to_thread(decode_lines, _file_decoder(), piece)

        project = await _make_project(here, asked)
        return await _create_streamed(here, project, read_files(), call=lambda number: f"line {number + 1}")


async def _create_of_document(here: Context, request: Request) -> wire.CreatedProject:
    body = await _read_body(request)
    asked = await asyncio.to_thread(decode_line, _head_decoder().decode, body, "body")
    if not asked.files:
        return await _create(here, asked)

    async def read_files() -> AsyncIterator[Sequence[dispatch.NewHandle]]:
        for start in range(0, len(asked.files), FILES_IN_PART):
            texts = cast("Sequence[msgspec.Raw]", asked.files[start : start + FILES_IN_PART])
            yield await asyncio.to_thread(decode_parts, _file_decoder().decode, texts, "files", start)

    project = await _make_project(here, asked)
    return await _create_streamed(here, project, read_files(), call=lambda number: f"files[{number - 1}]")


async def _create_streamed(
    here: Context,
    project: dispatch.NewProject,
    parts: AsyncIterator[Sequence[dispatch.NewHandle]],
    *,
    call: Callable[[int], str],
) -> wire.CreatedProject:
    most = here.services.largest_project
    created = await dispatch.create_streamed_project(
        here.db, here.who, project=project, parts=parts, most=most, call=call
    )
    return show(wire.CreatedProject, created)


async def _make_project(
    here: Context, asked: wire.NewProject, handles: tuple[dispatch.NewHandle, ...] = ()
) -> dispatch.NewProject:
    return dispatch.NewProject(
        experiment_id=await get_experiment_id(here, asked.experiment),
        handles=handles,
        query=asked.query,
        attributes=asked.attributes,
        is_virtual=asked.is_virtual,
        max_attempts=asked.max_attempts,
        worker_timeout=to_duration(asked.worker_timeout_seconds, "worker_timeout_seconds"),
        idle_timeout=to_duration(asked.idle_timeout_seconds, "idle_timeout_seconds"),
        users=asked.users,
        groups=asked.groups,
        retry_on_timeout=asked.retry_on_timeout,
        retry_pause=to_duration(asked.retry_pause_seconds, "retry_pause_seconds"),
    )


async def _query_files(here: Context, asked: wire.NewProject) -> tuple[dispatch.NewHandle, ...]:
    if asked.query is None:
        return ()
    limit = asked.limit or LARGEST_PROJECT_QUERY
    files = await catalog.query_files(
        here.db, here.who, query=asked.query, experiment=asked.experiment, limit=min(limit, LARGEST_PROJECT_QUERY)
    )
    if asked.limit is None and len(files) == LARGEST_PROJECT_QUERY:
        raise InvalidInputError(
            [Problem("query", f"finds {LARGEST_PROJECT_QUERY} files or more: give a limit, or list them as files")]
        )
    return tuple(dispatch.NewHandle(file.namespace, file.name, file.fid, file.size_bytes) for file in files)


async def _read_body(request: Request) -> bytearray:
    body = bytearray()
    async for part in request.stream():
        body += part
        if len(body) > LARGEST_DOCUMENT_BYTES:
            raise BodyTooLargeError(
                f"The document of a project may have at most {LARGEST_DOCUMENT_BYTES} bytes. Send its files as lines, "
                f"with the content type {MEDIA_TYPE}.",
                limit_bytes=LARGEST_DOCUMENT_BYTES,
            )
    return body


@cache
def _file_decoder() -> msgspec.json.Decoder[dispatch.NewHandle]:
    # A struct with the same fields is as good as the shape for everybody who only reads it.
    return cast("msgspec.json.Decoder[dispatch.NewHandle]", msgspec.json.Decoder(make_struct(wire.NewHandle)))


@cache
def _head_decoder() -> msgspec.json.Decoder[wire.NewProject]:
    """Return what reads a project but leaves each of its files as the text that it is."""
    fields = [
        (field.name, tuple[msgspec.Raw, ...] if field.name == "files" else field.type, _find_default(field))
        for field in msgspec.structs.fields(make_struct(wire.NewProject))
    ]
    head = msgspec.defstruct("NewProject", fields, forbid_unknown_fields=True, frozen=True)
    return cast("msgspec.json.Decoder[wire.NewProject]", msgspec.json.Decoder(head))


def _find_default(field: msgspec.structs.FieldInfo) -> Any:  # noqa: ANN401 - types of fields
    if field.default_factory is not msgspec.NODEFAULT:
        return msgspec.field(default_factory=field.default_factory)
    return field.default
