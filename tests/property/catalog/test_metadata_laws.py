"""Laws of constraints and patterns, for any document."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sutler.catalog.rules.constraints import TYPES, check_constraint, make_check
from sutler.catalog.rules.patterns import compile_pattern

SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text("abc.", max_size=4)
VALUES = st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("ab"), inner))
DOCUMENTS = st.fixed_dictionaries(
    {},
    optional={
        "type": st.sampled_from(TYPES) | st.sampled_from(["string", 1, None]),
        "values": st.lists(SCALARS, max_size=3) | SCALARS,
        "min": SCALARS,
        "max": SCALARS,
        "pattern": st.text("ab(*)[]$", max_size=5) | SCALARS,
        "required": st.booleans() | st.none() | st.just("yes"),
    },
)


@pytest.mark.parametrize(
    "text", ["(a+)+$", "(a|a)*b", "(a*)*b", "(.*)(.*)(.*)(.*)(.*)x", "(a|b|ab)*c", "(a?){50}a{50}$"]
)
def test_no_pattern_goes_through_all_ways_to_match(text: str) -> None:
    # An engine that tries one way after the other would not come back from any of these.
    pattern = compile_pattern(text)
    assert not pattern.matches("a" * 40_000 + "!")


@settings(max_examples=300)
@given(DOCUMENTS, st.lists(VALUES, max_size=4))
def test_a_constraint_that_is_accepted_judges_any_value(document: dict[str, object], values: list[object]) -> None:
    if check_constraint(document, "d"):
        return
    check = make_check(document)
    for value in values:
        reason = check(value)
        assert reason is None or "value" in reason


@given(st.integers() | st.floats(allow_nan=False, allow_infinity=False), st.integers(), st.integers())
def test_numbers_within_their_limits_pass_and_others_do_not(value: float, first: int, second: int) -> None:
    least, most = sorted((first, second))
    kind = "int" if isinstance(value, int) else "float"
    document = {"type": kind, "min": least, "max": most}
    assert check_constraint(document, "d") == []
    assert (make_check(document)(value) is None) == (least <= value <= most)
    elements = make_check({**document, "type": f"{kind}[]"})
    assert (elements([value, value]) is None) == (least <= value <= most)
    assert elements(value) is not None


@given(VALUES)
def test_null_is_of_no_type_but_any(value: object) -> None:
    for kind in TYPES:
        if kind != "any":
            assert make_check({"type": kind})(None) is not None
    assert make_check({"type": "any", "min": 3})(value) is None
