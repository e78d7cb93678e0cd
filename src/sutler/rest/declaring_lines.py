"""Streams about files, one a line: declaring any number of them, and changing the metadata of each."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import aclosing
from datetime import datetime
from typing import Any, Literal, TypeVar

import msgspec
from msgspec import UNSET, UnsetType
from starlette.requests import Request
from starlette.responses import Response

from sutler import catalog
from sutler.base.did import Did, InvalidNameError
from sutler.base.errors import Problem
from sutler.rest.bodies import read_document
from sutler.rest.checks import SHOWN_PROBLEMS
from sutler.rest.context import Context
from sutler.rest.errors import InvalidRequestError
from sutler.rest.lines import MEDIA_TYPE, Piece, cut_lines, decode_lines
from sutler.rest.plain import JSON, count_members, is_plain
from sutler.wire import files as wire

LARGEST_BYTES = 8 * 1024**3
"""Of a stream: what it takes of the disk is about as much. These are twelve million files of sixteen parameters."""

ADDRESS_NAMES = frozenset({"dataset", "check_only"})
Made = TypeVar("Made")


class NewFileLine(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    """A file of a stream, where what was not given can be told from what was."""

    namespace: str
    name: str | UnsetType = UNSET
    size_bytes: int | UnsetType | None = UNSET
    checksums: dict[str, str] | UnsetType = UNSET
    metadata: dict[str, Any] | UnsetType = UNSET
    parents: list[str] | UnsetType = UNSET
    fid: str | UnsetType | None = UNSET
    auto_name: str | UnsetType | None = UNSET
    parent_fids: tuple[str, ...] | UnsetType = UNSET
    created_at: datetime | UnsetType | None = UNSET
    created_by: str | UnsetType | None = UNSET


class MetadataLine(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    """New metadata for one file."""

    metadata: dict[str, Any]
    did: str | UnsetType | None = UNSET
    fid: str | UnsetType | None = UNSET
    mode: Literal["merge", "replace"] | UnsetType = UNSET


def is_of_lines(request: Request) -> bool:
    """Whether the body of a request is a stream of lines."""
    return request.headers.get("content-type", "").partition(";")[0].strip().lower() == MEDIA_TYPE


async def declare_lines(here: Context, request: Request) -> Response:
    """Declare the files of a stream, each line one; the address says into which dataset."""
    dataset, check_only = _read_address(request.query_params.multi_items())
    async with aclosing(_read_lines(request, _file_decoder, make_file)) as parts:
        counts = await catalog.declare_streamed_files(
            here.db, here.who, parts=parts, dataset=dataset, check_only=check_only, call=_call_line
        )
    return _reply(wire.DeclaredFiles(counts.count, counts.known, counts.added), 201)


async def change_metadata_of_lines(here: Context, request: Request) -> Response:
    """Change the metadata of files, each line of a stream naming one."""
    async with aclosing(_read_lines(request, _metadata_decoder, _make_change)) as parts:
        count = await catalog.update_streamed_metadata(here.db, here.who, parts=parts, call=_call_line)
    return _reply(wire.ChangedFiles(count), 200)


def list_given(part: msgspec.Struct) -> dict[str, Any]:
    """Return what was given of a document, by name."""
    items = zip(part.__struct_fields__, msgspec.structs.astuple(part), strict=True)
    return {name: item for name, item in items if item is not UNSET}


def count_given(given: Mapping[str, Any]) -> int:
    """Return how many members the text has that a file or its metadata was read from."""
    return len(given) + len(given.get("checksums", ())) + count_members(given.get("metadata", {}))


def make_file(given: dict[str, Any]) -> catalog.NewFile:
    """Return a file as it is to be declared. Raises InvalidNameError for a parent that is no DID."""
    if "parents" in given:
        given["parents"] = tuple(map(Did.parse, given["parents"]))
    return catalog.NewFile(**given)


async def _read_lines(
    request: Request, decoder: msgspec.json.Decoder[Any], make: Callable[[dict[str, Any]], Made]
) -> AsyncGenerator[list[Made], None]:
    async with aclosing(cut_lines(request.stream())) as pieces:
        async for piece in pieces:
            yield await asyncio.to_thread(_read_piece, piece, decoder, make)


def _read_address(given: Sequence[tuple[str, str]]) -> tuple[Did | None, bool]:
    asked = dict(given)
    problems = [Problem(name, "is not known for a stream of files") for name in sorted(asked.keys() - ADDRESS_NAMES)]
    if len(asked) < len(given):
        problems.append(Problem("query", "holds a name twice"))
    if asked.get("check_only", "false") not in ("true", "false"):
        problems.append(Problem("check_only", "must be true or false"))
    if problems:
        raise InvalidRequestError(problems)
    return Did.parse(asked["dataset"]) if "dataset" in asked else None, asked.get("check_only") == "true"


def _make_change(given: dict[str, Any]) -> catalog.MetadataChange:
    did, fid = given.get("did"), given.get("fid")
    if (did is None) == (fid is None):
        raise InvalidNameError([Problem("did or fid", "is needed, one of the two, to name the file")])
    key: catalog.FileKey = given["fid"] if did is None else Did.parse(did)
    return catalog.MetadataChange(key, given["metadata"], given.get("mode", "merge"))


def _read_piece(piece: Piece, decoder: msgspec.json.Decoder[Any], make: Callable[[dict[str, Any]], Made]) -> list[Made]:
    given = [list_given(line) for line in decode_lines(decoder, piece)]
    if not is_plain(piece.text, member_count=sum(map(count_given, given))):
        _check_closely(piece)
    made: list[Made] = []
    problems: list[Problem] = []
    for number, one in enumerate(given, start=piece.first):
        try:
            made.append(make(one))
        except InvalidNameError as error:
            problems += [Problem(f"line {number}", f"{problem.where} {problem.what}") for problem in error.problems]
    if problems:
        raise InvalidRequestError(problems[:SHOWN_PROBLEMS])
    return made


def _check_closely(piece: Piece) -> None:
    """Raise InvalidRequestError for lines that hold a name twice, or what cannot be stored."""
    problems: list[Problem] = []
    for number, line in enumerate(piece.text.removesuffix(b"\n").split(b"\n"), start=piece.first):
        try:
            read_document(line, JSON)
        except InvalidRequestError as error:
            problems += [
                Problem(f"line {number}", f"{problem.where.removeprefix('body').lstrip('.')} {problem.what}".strip())
                for problem in error.problems
            ]
    if problems:
        raise InvalidRequestError(problems[:SHOWN_PROBLEMS])


def _call_line(number: int) -> str:
    return f"line {number}"


def _reply(document: object, status: int) -> Response:
    return Response(msgspec.json.encode(document), status, media_type=JSON)


_file_decoder = msgspec.json.Decoder(NewFileLine)
_metadata_decoder = msgspec.json.Decoder(MetadataLine)
