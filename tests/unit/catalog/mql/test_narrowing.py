"""What indexes on keys are asked: no less than the condition says."""

from __future__ import annotations

from decimal import Decimal

import pytest

from sutler.catalog.model import KeyKind
from sutler.catalog.mql import Scope, compile_files, parse

KEYS = frozenset({("c.n", KeyKind.NUMBER), ("c.t", KeyKind.TEXT)})
NAN = Decimal("NaN")
LAST = "\U0010ffff"


def asked(condition: str) -> list[object]:
    """The values beside the condition itself, without the end that stands for what has to be looked at."""
    scope = Scope(None, None, include_retired=True, indexed_keys=KEYS)
    statement, values = compile_files(parse(f"files where {condition}"), scope).render()
    assert ("number_at" in statement or "text_at" in statement) == (len(values) > 1)
    return [item for item in values[1:] if item != LAST and not (isinstance(item, Decimal) and item.is_nan())]


@pytest.mark.parametrize(
    ("condition", "values"),
    [
        ("c.n > 5", ["c.n", 5]),
        ("c.n >= 5 and c.n < 7", ["c.n", 5, "c.n", 7, "c.n"]),
        ("c.n >= 5 and c.n < 7 and c.n > 6", ["c.n", 6, "c.n", 7, "c.n"]),
        ("c.n in 5:7", ["c.n", 5, "c.n", 7, "c.n"]),
        ("c.n[any] = 5", ["c.n", 5, "c.n", 5, "c.n"]),
        ('c.n < date("1970-01-02")', ["c.n", 86400, "c.n"]),
        ('c.n <= date("1970-01-02")', ["c.n", 172800, "c.n"]),
        ('c.t ~ "^v09_1[0-3]"', ["c.t", "v09_1", "c.t", "v09_2", "c.t"]),
        ('c.t ~ "^v09*"', ["c.t", "v0", "c.t", "v1", "c.t"]),
        ("c.t >= abc", ["c.t", "abc"]),
        ("c.n = 1 or c.t = x", ["c.n", 1, "c.n", 1, "c.n", "c.t", "x", "c.t", "x", "c.t"]),
    ],
)
def test_a_condition_narrows_what_an_index_is_asked(condition: str, values: list[object]) -> None:
    assert asked(condition) == values


@pytest.mark.parametrize(
    "condition",
    [
        "c.n != 5",
        "!(c.n > 5)",
        "c.n not in 5:7",
        "c.n[all] > 5",
        "c.n > abc",
        "c.t > 5",
        "c.other > 5",
        "c.n > 5 or c.other = 1",
        'c.t ~ "v09"',
        'c.t ~* "^v09"',
        'c.t !~ "^v09"',
        'c.t ~ "^v09|^w"',
        'c.t ~ "^v?"',
        'c.t ~ "^[a-c]"',
        'c.n ~ "^1"',
    ],
)
def test_nothing_is_asked_where_nothing_follows(condition: str) -> None:
    assert asked(condition) == []


def test_of_a_long_text_only_the_beginning_is_asked() -> None:
    assert asked(f"c.t = {'x' * 300}") == ["c.t", "x" * 200, "c.t", "x" * 200, "c.t"]
    assert asked(f'c.t ~ "^{"x" * 300}"')[1] == "x" * 200
