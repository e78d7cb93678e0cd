"""Documents to dataclasses and back."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, timezone
from enum import StrEnum
from typing import Any, Literal
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sutler.wire.convert import ShapeError, from_json, to_json
from sutler.wire.page import Page


class Colour(StrEnum):
    RED = "red"


@dataclass(frozen=True)
class Part:
    name: str
    at: datetime
    size: float | None = None


@dataclass(frozen=True)
class Whole:
    parts: tuple[Part, ...]
    pairs: tuple[tuple[str, str], ...] = ()
    colour: Colour = Colour.RED
    word: Literal["a", "b"] = "a"
    facts: dict[str, Any] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=dict)
    names: list[str] = field(default_factory=list)
    is_on: bool = False
    id: UUID | None = None


NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)

instants = st.datetimes(timezones=st.just(UTC))
parts = st.builds(Part, st.text(), instants, st.none() | st.floats(allow_nan=False))
wholes = st.builds(
    Whole,
    st.lists(parts).map(tuple),
    st.lists(st.tuples(st.text(), st.text())).map(tuple),
    st.sampled_from(Colour),
    st.sampled_from(["a", "b"]),
    st.dictionaries(st.text(), st.none() | st.integers() | st.lists(st.text())),
    st.dictionaries(st.text(), st.integers()),
    st.lists(st.text()),
    st.booleans(),
    st.none() | st.uuids(),
)


@given(wholes)
def test_what_was_written_is_read_again(whole: Whole) -> None:
    assert from_json(Whole, to_json(whole)) == whole


@given(st.lists(parts).map(tuple), st.none() | st.text())
def test_pages_of_any_shape_are_read_again(items: tuple[Part, ...], cursor: str | None) -> None:
    page = Page(items, cursor)
    assert from_json(Page[Part], to_json(page)) == page


def test_instants_are_written_in_utc_with_a_z() -> None:
    east = NOON.astimezone(timezone(timedelta(hours=2)))
    assert to_json(east) == "2026-03-01T12:00:00Z"
    assert from_json(datetime, "2026-03-01T14:00:00+02:00") == NOON


def test_an_instant_without_a_zone_is_neither_written_nor_read() -> None:
    with pytest.raises(ValueError, match="zone"):
        to_json(NOON.replace(tzinfo=None))
    with pytest.raises(ShapeError, match="zone"):
        from_json(datetime, "2026-03-01T12:00:00")


def test_what_json_cannot_hold_is_refused() -> None:
    with pytest.raises(TypeError, match="timedelta"):
        to_json({"for": timedelta(1)})


def test_unknown_fields_are_ignored_unless_refused() -> None:
    document = {"name": "a", "at": "2026-03-01T12:00:00Z", "new": 1}
    assert from_json(Part, document) == Part("a", NOON)
    with pytest.raises(ShapeError, match=r"file.parts\[0\] has the unknown field new; known: name, at, size"):
        from_json(Whole, {"parts": [document]}, where="file", refuses_unknown=True)


@pytest.mark.parametrize(
    ("document", "says"),
    [
        ([], "the document should be an object"),
        ({}, "lacks "),
        ({"parts": {}}, "the document.parts should be a list"),
        ({"parts": [{"name": 1, "at": "2026-03-01T12:00:00Z"}]}, r"parts\[0\].name should be a text, not 1"),
        ({"parts": [{"name": "a", "at": 7}]}, r"parts\[0\].at is not an instant"),
        ({"parts": [], "pairs": [["a"]]}, r"pairs\[0\] should be a list of 2"),
        ({"parts": [], "colour": "blue"}, "colour is no Colour: 'blue'"),
        ({"parts": [], "word": "c"}, "word should be one of a, b"),
        ({"parts": [], "is_on": 1}, "is_on should be true or false"),
        ({"parts": [], "counts": {"a": True}}, "counts.a should be a whole number"),
        ({"parts": [], "id": 7}, "id is no UUID"),
    ],
)
def test_a_wrong_shape_is_named_with_its_place(document: object, says: str) -> None:
    with pytest.raises(ShapeError, match=says):
        from_json(Whole, document)


def test_a_whole_number_is_a_number() -> None:
    size = from_json(Part, {"name": "a", "at": "2026-03-01T12:00:00Z", "size": 3}).size
    assert isinstance(size, float)
    assert size == 3
