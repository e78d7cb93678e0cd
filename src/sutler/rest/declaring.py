"""Declaring files: of a document, or of a stream of lines that may be as long as it likes."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import dataclass

import msgspec
from msgspec import UNSET, UnsetType

from sutler import catalog
from sutler.base.did import Did, InvalidNameError
from sutler.rest.context import Context, Once
from sutler.rest.declaring_lines import (
    LARGEST_BYTES,
    NewFileLine,
    count_given,
    declare_lines,
    is_of_lines,
    list_given,
    make_file,
)
from sutler.rest.lines import UNREADABLE
from sutler.rest.plain import Quick, is_plain
from sutler.rest.showing import show_all
from sutler.wire import catalog as wire
from sutler.wire.page import Page

SMALL_BODY_BYTES = 64 * 1024


class PlainFiles(msgspec.Struct, forbid_unknown_fields=True):
    """The document of a call."""

    files: list[NewFileLine]
    dataset: str | UnsetType | None = UNSET
    check_only: bool | UnsetType = UNSET


@dataclass(frozen=True)
class Declaration:
    """What a call asks for."""

    files: list[catalog.NewFile]
    dataset: Did | None
    check_only: bool


async def declare_files(here: Once, body: wire.NewFiles) -> Page[wire.FileReference]:
    """Declare files, all or none, or only say whether it would do. Declaring the same again changes nothing.

    Instead of one document the body may be a list of files, one a line, of any length; `dataset` and `check_only` stand
    in the address then, as in `?dataset=demo:raw`. What is wrong is told by its line, and the answer says only how many
    were declared.
    """
    dataset = Did.parse(body.dataset) if body.dataset else None
    new = [catalog.NewFile(**{**vars(file), "parents": tuple(map(Did.parse, file.parents))}) for file in body.files]
    declared = await catalog.declare_files(here.db, here.who, files=new, dataset=dataset, check_only=body.check_only)
    return Page(show_all(wire.FileReference, declared))


async def answer_declaration(here: Context, asked: Declaration) -> bytes:
    """Do what `declare_files` does with a plain document."""
    declared = await catalog.declare_files(
        here.db, here.who, files=asked.files, dataset=asked.dataset, check_only=asked.check_only
    )
    items = tuple(wire.FileReference(one.fid, one.namespace, one.name, one.size_bytes) for one in declared)
    return msgspec.json.encode(Page(items))


async def decode_declaration(body: bytes) -> Declaration | None:
    """Return what a plain document asks for, None for one that has to be looked at more closely."""
    return _decode(body) if len(body) <= SMALL_BODY_BYTES else await asyncio.to_thread(_decode, body)


declare_files.is_large = is_of_lines  # type: ignore[attr-defined]  # these are read by `route.ApiRoute`
declare_files.answer_large = declare_lines  # type: ignore[attr-defined]
declare_files.largest_bytes = LARGEST_BYTES  # type: ignore[attr-defined]
declare_files.quick = Quick(decode_declaration, answer_declaration, 201)  # type: ignore[attr-defined]

_decoder = msgspec.json.Decoder(PlainFiles)


def _decode(body: bytes) -> Declaration | None:
    with suppress(*UNREADABLE, InvalidNameError):
        document = _decoder.decode(body)
        given = [list_given(file) for file in document.files]
        count = sum(map(count_given, given)) + len(list_given(document))
        has_instants = any(one.get("created_at") for one in given)  # the ordinary way reads them in more forms
        if is_plain(body, member_count=count) and not has_instants:
            dataset = Did.parse(document.dataset) if document.dataset else None
            return Declaration([make_file(one) for one in given], dataset, document.check_only is True)
    return None
