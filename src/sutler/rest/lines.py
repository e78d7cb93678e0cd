"""Bodies of documents, one a line, read piece by piece: at no time is more than a piece in memory."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import msgspec

from sutler.base.errors import Problem
from sutler.rest.errors import InvalidRequestError

MEDIA_TYPE = "application/x-ndjson"
PIECE_BYTES = 256 * 1024
LONGEST_LINE_BYTES = 1024 * 1024
SHOWN_PROBLEMS = 20
UNREADABLE = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError, ValueError)

Shape = TypeVar("Shape")


@dataclass(frozen=True)
class Piece:
    """Some whole lines, the first of which has this number, counted from 1."""

    text: bytes
    first: int

    def count_lines(self) -> int:
        """Return how many lines there are; the last need not end."""
        return self.text.count(b"\n") + (not self.text.endswith(b"\n"))


async def cut_lines(body: AsyncIterator[bytes]) -> AsyncGenerator[Piece, None]:
    """Yield the first line of a body by itself, then pieces of many. Raises InvalidRequestError for a line too long."""
    waiting, number, least = bytearray(), 1, 0
    async for part in body:
        waiting += part
        while (end := waiting.find(b"\n", least)) >= 0:
            _check_length(waiting, end, least, number)
            piece = Piece(bytes(waiting[: end + 1]), number)
            del waiting[: end + 1]
            number, least = number + piece.count_lines(), PIECE_BYTES
            yield piece
        _check_length(waiting, len(waiting), least, number)
    if waiting:
        yield Piece(bytes(waiting), number)


def _check_length(waiting: bytearray, end: int, least: int, number: int) -> None:
    """Raise InvalidRequestError if the last line up to the end, which begins before `least`, is too long."""
    if end > LONGEST_LINE_BYTES + least:
        number += waiting.count(b"\n", 0, end)
        raise InvalidRequestError([Problem(f"line {number}", f"is longer than {LONGEST_LINE_BYTES} bytes")])


def decode_lines(decoder: msgspec.json.Decoder[Shape], piece: Piece) -> list[Shape]:
    """Return the documents of lines. Raises InvalidRequestError, which names the lines that hold none, and why."""
    try:
        documents = decoder.decode_lines(piece.text)
    except UNREADABLE:
        documents = []
    if len(documents) == piece.count_lines():
        return documents
    return _decode_each(decoder, piece)


def decode_line(decode: Callable[[Any], Shape], line: bytes | bytearray, where: str) -> Shape:
    """Return the document of a text. Raises InvalidRequestError, which says what is wrong with it."""
    if not line or line.isspace():
        raise InvalidRequestError([Problem(where, "is empty")])
    try:
        return decode(line)
    except UNREADABLE as error:
        raise InvalidRequestError([Problem(where, f"cannot be read: {error}")]) from error


def decode_parts(decode: Callable[[Any], Shape], texts: Sequence[msgspec.Raw], name: str, first: int) -> list[Shape]:
    """Return the documents of a list, the first of which has this index. Raises InvalidRequestError."""
    try:
        return [decode(text) for text in texts]
    except UNREADABLE:
        pass
    return [decode_line(decode, bytes(text), f"{name}[{index}]") for index, text in enumerate(texts, start=first)]


def _decode_each(decoder: msgspec.json.Decoder[Shape], piece: Piece) -> list[Shape]:
    lines = piece.text.removesuffix(b"\n").split(b"\n")
    documents: list[Shape] = []
    problems: list[Problem] = []
    for number, line in enumerate(lines, start=piece.first):
        try:
            documents.append(decode_line(decoder.decode, line, f"line {number}"))
        except InvalidRequestError as error:
            problems += error.problems
        if len(problems) == SHOWN_PROBLEMS:
            break
    if problems:
        raise InvalidRequestError(problems)
    return documents
