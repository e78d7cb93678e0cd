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

SUSPICIOUS = re.compile(rb"\\u(?:0000|[dD][89a-fA-F])|NaN|Infinity|[0-9][eE]\+?[0-9]{3}")
"""What a body has in it that may hold something of the kind: it is looked at closely."""

_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
_CONTROL = re.compile("[\x00-\x1f\x7f]")


def check_address(path: str, query: str) -> None:
    """Go on if an address names something that could be there. Raises InvalidRequestError.

    Names have no control characters; searches may have line breaks.
    """
    problems = []
    if _CONTROL.search(unquote_plus(path)):
        problems.append(Problem("path", "holds control characters"))
    if _UNSTORABLE.search(unquote_plus(query)):
        problems.append(Problem("query", "holds characters that cannot be stored"))
    if problems:
        raise InvalidRequestError(problems)


def check_document(body: bytes, document: object) -> None:
    """Go on if the database could hold what a body says. Raises InvalidRequestError, which says where it could not.

    Documents are looked at closely only when a quick search of the body finds something that might be wrong.
    """
    if SUSPICIOUS.search(body):
        problems = list(_find_problems(document, "body"))
        if problems:
            raise InvalidRequestError(problems[:SHOWN_PROBLEMS])


def check_line(text: bytes, where: str) -> None:
    """Do what `check_document` does, for one document of a body of lines; one that is no JSON is passed over."""
    if SUSPICIOUS.search(text):
        try:
            document = json.loads(text)
        except ValueError:
            return
        problems = list(_find_problems(document, where))
        if problems:
            raise InvalidRequestError(problems[:SHOWN_PROBLEMS])


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
