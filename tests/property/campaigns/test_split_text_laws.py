"""Laws of the texts of split types: what is printed reads back, and no text breaks the reader."""

from __future__ import annotations

import contextlib
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sutler.campaigns.errors import SplitTypeError
from sutler.campaigns.splits import BUILT_IN, SplitType, parse_split_type

INSTANTS = st.datetimes(datetime(1970, 1, 1), datetime(2999, 12, 31), timezones=st.just(UTC))  # noqa: DTZ001
VALUES: dict[str, st.SearchStrategy[object]] = {
    "count": st.integers(1, 10**18 - 1),
    "number": st.integers(0, 10**18 - 1),
    "size": st.integers(1, 10**6) | st.integers(1, 10**6).map(lambda size: size * 1024**2) | st.integers(1, 2**63 - 1),
    "duration": st.builds(
        lambda count, unit: count * timedelta(seconds=unit),
        st.integers(1, 5000),
        st.sampled_from([1, 60, 3600, 86_400, 604_800]),
    ),
    "instant": st.none() | INSTANTS,
    "switch": st.booleans(),
}
PIECES = st.sampled_from([*BUILT_IN, "new_local", "(", ")", ",", "=", "_", "n", "low", "window", "5", "1h", "now", " "])
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
    max_leaves=4,
)


@st.composite
def any_split(draw: st.DrawFn) -> SplitType:
    """A split type of any kind, with any arguments that it takes."""
    kind = draw(st.sampled_from(list(BUILT_IN.values())))
    values = {asked.name: draw(VALUES[asked.kind.name]) for asked in kind.parameters()}
    try:
        return kind(**values)
    except SplitTypeError:
        return parse_split_type(kind.example)


@settings(max_examples=300)
@given(any_split())
def test_a_split_type_reads_back_what_it_prints(split: SplitType) -> None:
    text = str(split)
    assert parse_split_type(text) == split
    assert str(parse_split_type(text)) == text


@given(any_split(), st.sampled_from([" ", "\t", "\n  "]))
def test_white_space_around_signs_means_nothing(split: SplitType, blank: str) -> None:
    text = str(split)
    for sign in "(),=":
        text = text.replace(sign, f"{blank}{sign}{blank}")
    assert parse_split_type(f"{blank}{text}{blank}") == split


@settings(max_examples=300)
@given(st.text(max_size=20) | st.lists(PIECES, max_size=8).map("".join))
def test_any_text_is_a_split_type_or_is_refused_with_words(text: str) -> None:
    with contextlib.suppress(SplitTypeError):
        split = parse_split_type(text, BUILT_IN)
        assert parse_split_type(str(split)) == split


@pytest.mark.row(74, 76)
@settings(max_examples=200)
@given(any_split(), st.text(max_size=20) | JSON.map(repr) | st.text("[]()'\", a:\\5", max_size=20))
def test_any_base_is_taken_or_is_refused_with_words(split: SplitType, base: str) -> None:
    try:
        split.check_base(base)
    except SplitTypeError as error:
        assert error.sentence  # noqa: PT017 - both outcomes are looked at
        return
    assert all(isinstance(query, str) for query in split.list_queries(base))


@pytest.mark.row(80)
@settings(max_examples=200)
@given(
    any_split(),
    st.dictionaries(st.sampled_from(["index", "part", "until", "x"]), JSON | INSTANTS.map(str), max_size=2),
)
def test_any_position_is_kept_or_is_refused_with_words(split: SplitType, position: dict[str, object]) -> None:
    with contextlib.suppress(SplitTypeError):
        kept = split.check_position(position)
        assert split.check_position(kept) == kept
        assert split.describe_position(kept) == split.describe_position(position)
