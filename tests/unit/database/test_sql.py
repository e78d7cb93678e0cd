from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from sutler.database.sql import Fragment, ident, sql, value


def test_values_never_reach_the_text() -> None:
    fragment = sql("SELECT * FROM ") + ident("room", 'od"d') + sql(" WHERE a = ") + value("'; DROP", "text") + sql(";")
    assert fragment.render() == ('SELECT * FROM "room"."od""d" WHERE a = $1::text;', ["'; DROP"])


@given(st.lists(st.integers(), max_size=30))
def test_joining_keeps_values_in_order(items: list[int]) -> None:
    text, values = Fragment.join(", ", [value(item) for item in items]).render()
    assert values == items
    assert text == ", ".join(f"${n}" for n in range(1, len(items) + 1))


def test_adding_is_associative() -> None:
    a, b, c = value(1), sql(" + "), value(2)
    assert (a + b) + c == a + (b + c)
    assert Fragment().is_empty
    assert not a.is_empty
