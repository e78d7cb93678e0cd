"""What no operation could keep, wherever it stands in a request: NUL, halves of characters, numbers that are none."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator
from urllib.parse import unquote_plus

from sutler.base.errors import Problem
from sutler.rest.errors import InvalidRequestError

SHOWN_PROBLEMS = 20

_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
_SUSPICIOUS = re.compile(rb"\\u(?:0000|[dD][89a-fA-F])|NaN|Infinity|[0-9][eE]\+?[0-9]{3}")


def check_texts(path: str, query: str, body: bytes) -> None:
    """Go on if the database could hold what was sent. Raises InvalidRequestError, which says where it could not.

    Bodies are looked at closely only when a quick search finds something that might be wrong.
    """
    problems = [
        Problem(where, "holds characters that cannot be stored")
        for where, text in (("path", path), ("query", query))
        if _UNSTORABLE.search(unquote_plus(text))
    ]
    if _SUSPICIOUS.search(body):
        problems += _look_closely(body)
    if problems:
        raise InvalidRequestError(problems[:SHOWN_PROBLEMS])


def _look_closely(body: bytes) -> list[Problem]:
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        return []  # said with its place by whoever reads the body next
    return list(_find_problems(document, "body"))


def _find_problems(part: object, where: str) -> Iterator[Problem]:
    if isinstance(part, dict):
        for key, inner in part.items():
            yield from _find_problems(key, f"the name of {where}.{key!a}")
            yield from _find_problems(inner, f"{where}.{key}")
    elif isinstance(part, list):
        for at, inner in enumerate(part):
            yield from _find_problems(inner, f"{where}[{at}]")
    elif isinstance(part, str) and _UNSTORABLE.search(part):
        yield Problem(where, "holds characters that cannot be stored")
    elif isinstance(part, float) and not math.isfinite(part):
        yield Problem(where, "is not a number that JSON knows")
