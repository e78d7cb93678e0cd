"""How near storage is to a worker, and which of it may be read."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from sutler.replicas import UNKNOWN_DISTANCE, Neighbourhood, Rse

_RSE = Rse(0, 1, "", "", "", True, True, False, 0, datetime(2026, 3, 1, tzinfo=UTC))
NEAR, FAR, DOWN, DISABLED, NEVER, UNNAMED, SECOND = (
    replace(_RSE, id=number, name=name, is_available=name != "DOWN", is_enabled=name != "DISABLED", preference=-number)
    for number, name in enumerate(["NEAR", "FAR", "DOWN", "DISABLED", "NEVER", "UNNAMED", "SECOND"], start=1)
)
AROUND = Neighbourhood(
    {rse.id: rse for rse in (NEAR, FAR, DOWN, DISABLED, NEVER, UNNAMED, SECOND)},
    {"A": {"NEAR": 1, "SECOND": 1, "FAR": 50, "DOWN": 0, "DISABLED": 0, "NEVER": -1}, "DEFAULT": {"DEFAULT": 100}},
)


@pytest.mark.parametrize(
    ("site", "rses", "expected"),
    [
        ("A", [FAR, NEAR], 1),
        ("A", [FAR], 50),
        ("A", [NEVER], None),
        ("A", [NEVER, FAR], 50),
        ("A", [DOWN], None),
        ("A", [DISABLED, DOWN], None),
        ("A", [DOWN, FAR], 50),
        ("A", [UNNAMED], UNKNOWN_DISTANCE),
        ("A", [], None),
        ("B", [NEVER], 100),
        (None, [NEAR], 100),
    ],
)
def test_the_nearest_that_can_be_read_counts(site: str | None, rses: list[Rse], expected: int | None) -> None:
    assert AROUND.measure(site, [rse.id for rse in rses]) == expected


def test_storage_that_nobody_knows_is_not_near() -> None:
    assert AROUND.measure("A", [99]) is None
    assert AROUND.arrange("A", [(99, "file:///x")]) == []


def test_copies_come_by_distance_then_preference_then_name() -> None:
    copies = [(rse.id, rse.name.lower()) for rse in (UNNAMED, FAR, NEVER, NEAR, SECOND)]
    assert AROUND.arrange("A", copies) == [
        (SECOND, "second", 1),
        (NEAR, "near", 1),
        (FAR, "far", 50),
        (UNNAMED, "unnamed", None),
    ]
    equal = Neighbourhood({rse.id: replace(rse, preference=0) for rse in AROUND.rses.values()}, {})
    assert [rse.name for rse, _, _ in equal.arrange("A", copies)] == ["FAR", "NEAR", "NEVER", "SECOND", "UNNAMED"]


def test_without_a_map_every_distance_is_unknown() -> None:
    around = Neighbourhood(AROUND.rses, {})
    assert around.measure("A", [NEVER.id]) == UNKNOWN_DISTANCE
    assert around.arrange(None, [(NEAR.id, "near")]) == [(NEAR, "near", None)]
