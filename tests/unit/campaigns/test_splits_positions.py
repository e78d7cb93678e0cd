"""Positions of splits: what a person may set, and how they are told."""

from __future__ import annotations

import pytest

from sutler.campaigns.errors import SplitTypeError
from sutler.campaigns.splits import BUILT_IN, Listed, Mod, MultiParam, New, SplitType, parse_split_type


@pytest.mark.row(80)
@pytest.mark.parametrize(
    ("split", "given", "kept", "told"),
    [
        (Listed(), {"index": 3}, {"index": 3}, "3 entries of the list are behind"),
        (Listed(), {"index": " 3 "}, {"index": 3}, "3 entries of the list are behind"),
        (MultiParam(), {"index": 0}, {"index": 0}, "0 combinations given out"),
        (Mod(4), {"part": "2"}, {"part": 2}, "2 of 4 parts given out"),
        (
            New(),
            {"until": "2026-03-01 14:00+02:00"},
            {"until": "2026-03-01T12:00:00Z"},
            "given out until 2026-03-01T12:00:00Z",
        ),
        (New(), {"until": 1772366400}, {"until": "2026-03-01T12:00:00Z"}, "given out until 2026-03-01T12:00:00Z"),
    ],
)
def test_a_position_that_is_set_is_kept_in_one_form(
    split: SplitType, given: dict[str, object], kept: dict[str, object], told: str
) -> None:
    assert split.check_position(given) == kept
    assert split.check_position(kept) == kept
    assert split.describe_position(kept) == told


@pytest.mark.row(80)
@pytest.mark.parametrize("kind", BUILT_IN.values(), ids=list(BUILT_IN))
def test_every_split_can_be_put_to_its_beginning(kind: type[SplitType]) -> None:
    split = parse_split_type(kind.example)
    assert split.check_position({}) == {}
    expected = {
        (False, False): "every slice is the same",
        (True, False): "its ledger knows what was given out",
    }.get((kind.uses_ledger, kind.position_parameter is not None), "at its beginning")
    assert split.describe_position({}) == expected


@pytest.mark.row(80)
@pytest.mark.parametrize("text", ["None", "nfiles(3)", "byrun", "draining"])
def test_a_split_without_a_position_says_so(text: str) -> None:
    split = parse_split_type(text)
    for ask in (split.check_position, split.describe_position):
        with pytest.raises(SplitTypeError, match="has no position that could be set: "):
            ask({"index": 3})


@pytest.mark.row(80)
@pytest.mark.parametrize(
    ("split", "position", "sentence"),
    [
        (Listed(), {"part": 3}, "The position of list is one value, index: How many entries are behind. It takes a"),
        (Listed(), {"index": 3, "part": 3}, "is one value, index"),
        (Listed(), {"index": None}, "is one value, index"),
        (Listed(), {"index": True}, "is one value, index"),
        (Listed(), {"index": 3.0}, "is one value, index"),
        (Listed(), {"index": -1}, "The position of list: index takes a whole number, not '-1'."),
        (Mod(2), {"part": "x"}, "The position of mod(2): part takes a whole number, not 'x'."),
        (New(), {"until": "soon"}, "The position of new: until takes an instant such as 2026-03-01T12:00:00Z"),
    ],
)
def test_a_position_that_cannot_be_set_says_what_can(
    split: SplitType, position: dict[str, object], sentence: str
) -> None:
    with pytest.raises(SplitTypeError) as refused:
        split.check_position(position)
    assert sentence in refused.value.sentence
