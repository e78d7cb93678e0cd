"""Saying of what is wrong with a part of many files where it stands among all of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from sutler.base.errors import Problem
from sutler.catalog.errors import FileDeclaredOtherwiseError, InvalidFilesError

Call = Callable[[int], str]
"""Says where a file stands by its number from 1 on."""


def call_file(number: int) -> str:
    """Return where a file of a list stands."""
    return f"files[{number - 1}]"


@contextmanager
def called(names: Sequence[str], *, first: int, call: Call) -> Iterator[None]:
    """Let errors about files of these names tell the place of each, where the first of them has the number `first`.

    Raises InvalidFilesError and FileDeclaredOtherwiseError in the place of those that are raised inside.
    """
    try:
        yield
    except InvalidFilesError as error:
        places = _find_places(names, first, call)
        raise InvalidFilesError([_place(problem, places) for problem in error.problems]) from error
    except FileDeclaredOtherwiseError as error:
        places = _find_places(names, first, call)
        raise FileDeclaredOtherwiseError(
            [Problem(one.where, f"({places.get(one.where, one.where)}) {one.what}") for one in error.problems]
        ) from error


def _find_places(names: Sequence[str], first: int, call: Call) -> dict[str, str]:
    places = {f"files[{index}]": call(first + index) for index in range(len(names))}
    for index, name in enumerate(names):
        places[name] = call(first + index)  # of a file that is given twice the second is wrong
    return places


def _place(problem: Problem, places: dict[str, str]) -> Problem:
    word, _, rest = problem.where.partition(" ")
    if word not in places:
        return problem
    about = [] if word.startswith("files[") else [word]
    return Problem(places[word], " ".join([*about, *([rest] if rest else []), problem.what]))
