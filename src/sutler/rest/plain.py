"""Plain documents: JSON that nobody could find fault with, told from the rest by a quick look.

What is not plain is left to `bodies.read_document`, which looks closely and says what is wrong with it.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from sutler.rest.context import Context

JSON = "application/json"

_DOUBTFUL = (b"\\u0000", b"\\ud", b"\\uD", b" :", b"\t:", b"\n:", b"\r:")
"""What may be a character that cannot be stored, or a name that does not stand right before its colon."""


@dataclass(frozen=True)
class Quick:
    """How a route reads and answers plain documents without the framework. It is an attribute of its endpoint.

    `decode` gives None for a document that the ordinary way has to judge, `answer` the body of the reply.
    """

    decode: Callable[[bytes], Awaitable[Any]]
    answer: Callable[[Context, Any], Awaitable[bytes]]
    status: int = 200


def is_plain(text: bytes, *, member_count: int) -> bool:
    """Whether a text, which was decoded to objects with so many members in all, can be taken as it was decoded.

    A text with more members than that has a name twice. Marks of members that stand in texts count as well, so what is
    plain may be taken for doubtful, never the other way round.
    """
    return text.count(b'":') == member_count and not any(mark in text for mark in _DOUBTFUL)


def count_members(document: dict[str, Any]) -> int:
    """Return how many members an object has, with those of the objects in it."""
    count = len(document)
    for item in document.values():
        if isinstance(item, dict):
            count += count_members(item)
        elif isinstance(item, list):
            count += _count_in_list(item)
    return count


def _count_in_list(items: list[Any]) -> int:
    count = 0
    for item in items:
        if isinstance(item, dict):
            count += count_members(item)
        elif isinstance(item, list):
            count += _count_in_list(item)
    return count
