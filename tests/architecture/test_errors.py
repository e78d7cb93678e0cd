"""Errors: each has a code of its own and says in its docstring what a person reads."""

from __future__ import annotations

import re
from collections import Counter

import pytest
from tests.architecture.rooms import import_everything, street

from sutler.base.errors import SutlerError

_CODE = re.compile(r"(?P<room>[a-z]+)\.[a-z]+(_[a-z]+)*")


def error_classes() -> list[type[SutlerError]]:
    """Return every error of the package, by code."""
    import_everything()
    found: set[type[SutlerError]] = {SutlerError}
    waiting = [SutlerError]
    while waiting:
        children = [child for child in waiting.pop().__subclasses__() if child.__module__.startswith("sutler.")]
        found.update(children)
        waiting += children
    return sorted(found, key=lambda error: (error.code, error.__name__))


def test_error_codes_are_unique() -> None:
    counted = Counter(error.code for error in error_classes())
    assert {code: count for code, count in counted.items() if count > 1} == {}


@pytest.mark.parametrize("error", error_classes(), ids=lambda error: error.__name__)
def test_an_error_has_its_own_code_that_names_room_and_situation(error: type[SutlerError]) -> None:
    assert "code" in vars(error)
    match = _CODE.fullmatch(error.code)
    assert match
    room = error.__module__.split(".")[1]
    rooms = {name for layer in street() for name in layer}
    assert match["room"] == room or (room == "base" and match["room"] in rooms)


@pytest.mark.parametrize("error", error_classes(), ids=lambda error: error.__name__)
def test_an_error_is_named_for_what_it_is_and_explains_itself_in_one_line(error: type[SutlerError]) -> None:
    assert error.__name__.endswith("Error") or error.__name__ == "TooMuchError"
    sentence = error.__doc__ or ""
    assert re.fullmatch(r"[A-Z][^\n]*[.?]", sentence), sentence
