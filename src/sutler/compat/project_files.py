"""The document of a new project, whose list of files may be very long: they are read a few thousand at a time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from sutler.compat.errors import BadCallError
from sutler.compat.reading import read_file
from sutler.dispatch import NewHandle

FILES_IN_PART = 2_000
LARGEST_REST_BYTES = 1024 * 1024
UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)

_split = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_split_list = msgspec.json.Decoder(list[msgspec.Raw]).decode


class Files:
    """A list of files, each of them still the text that it came as."""

    def __init__(self, texts: Sequence[msgspec.Raw]) -> None:
        self._texts = texts

    async def read(self) -> AsyncIterator[list[NewHandle]]:
        """Yield the files in order, some at a time. Raises BadCallError."""
        for start in range(0, len(self._texts), FILES_IN_PART):
            yield await asyncio.to_thread(_read_files, self._texts[start : start + FILES_IN_PART])

    async def find_namespaces(self) -> set[str]:
        """Return the namespaces of all files. Raises BadCallError."""
        return {handle.namespace async for part in self.read() for handle in part}


@dataclass(frozen=True)
class Document:
    """The files of a new project, and what else is said about it."""

    files: Files
    rest: dict[str, Any]


def split_document(body: bytearray) -> Document:
    """Take a document apart. Raises BadCallError."""
    try:
        parts = _split(body)
        if sum(len(bytes(text)) for name, text in parts.items() if name != "files") > LARGEST_REST_BYTES:
            raise BadCallError(f"What is said of the project beside its files may have {LARGEST_REST_BYTES} bytes")
        rest = {name: msgspec.json.decode(text) for name, text in parts.items() if name != "files"}
    except msgspec.ValidationError as error:
        raise BadCallError("The body of the call must be a JSON object") from error
    except UNREADABLE as error:
        raise BadCallError(f"The body of the call is not JSON: {error}") from error
    try:
        return Document(Files(_split_list(parts.get("files", b"null"))), rest)
    except msgspec.ValidationError as error:
        raise BadCallError("The list of files is missing: send it as `files`") from error


def _read_files(texts: Sequence[msgspec.Raw]) -> list[NewHandle]:
    try:
        return [read_file(msgspec.json.decode(text)) for text in texts]
    except UNREADABLE as error:
        raise BadCallError(f"The body of the call is not JSON: {error}") from error
