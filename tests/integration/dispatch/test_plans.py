"""The plans of statements at a million handles: what a call reads must not depend on how many there are."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, cast
from uuid import UUID

import pytest
from tests.conftest import NOON
from tests.integration.dispatch.large_project import (
    CUSTOM,
    GENERIC,
    HOT,
    HOT_FROM_EMPTY,
    SIZE,
    Asked,
    LargeProject,
    open_large_project,
)
from tests.server import ServerUnderTest

from sutler.database import load_statements

POOL = (CUSTOM, GENERIC)
EVERY_WAY = (HOT, HOT_FROM_EMPTY, CUSTOM, GENERIC)
LATER = NOON + timedelta(seconds=1)
_STATEMENTS = {
    statement.name: statement
    for file in ("projects", "handles", "leases", "reading")
    for statement in load_statements("sutler.dispatch.store", f"{file}.sql")
}


@dataclass(frozen=True)
class Case:
    """A statement with values, how much it may read, and the only ways in which it may read some tables."""

    name: str
    asked: Asked
    most_rows: int
    most_pages: int
    indexes: Mapping[str, set[str]] = field(default_factory=dict)
    ways: Sequence[str] = POOL

    def __str__(self) -> str:
        return self.name


def case(
    name: str,
    most_rows: int,
    most_pages: int,
    /,
    *,
    note: str = "",
    ways: Sequence[str] = POOL,
    indexes: Mapping[str, set[str]] | None = None,
    **given: object,
) -> Case:
    statement = _STATEMENTS[name]
    asked = Asked(statement.text, statement.arguments(given))
    return Case(f"{name} {note}".strip(), asked, most_rows, most_pages, indexes or {}, ways)


def claim(note: str, count: int, *, most_rows: int, most_pages: int, **given: Any) -> Case:  # noqa: ANN401
    places = given.pop("places", {1: (0, 0), 2: (0, 0)})
    share_id = given.pop("share_id", None)
    return case(
        "claim_handles",
        most_rows,
        most_pages,
        note=note,
        ways=EVERY_WAY,
        indexes={
            "ready": {"ready_pkey", "ready_share_idx"},
            "handles": {"handles_pkey"},
            "replicas": {"replicas_pkey"},
            "leases": {"leases_request_key"},
            "closed_shares": {"closed_shares_pkey"},
        },
        project_id=1,
        share_id=share_id,
        reachable=[1, 2, 3],
        worker_ids=[f"new{number}" for number in range(count)],
        request_ids=[UUID(int=2**64 + number) for number in range(count)],
        request_ranks=[0] * count,
        sites=[None] * count,
        batch_job_ids=[None] * count,
        lease_fors=[timedelta(minutes=5)] * count,
        actors=["ada"] * count,
        own_attempt_ids=[],
        location_ids=list(places),
        from_attempts=[place[0] for place in places.values()],
        from_positions=[place[1] for place in places.values()],
        count=count,
        now=NOON,
    )


def end(note: str, state: str, count: int, *, most_rows: int, most_pages: int) -> Case:
    numbers = [1 + 700 * number for number in range(count)]
    return case(
        "end_leases",
        most_rows,
        most_pages,
        note=note,
        ways=EVERY_WAY,
        indexes={"leases": {"leases_pkey"}, "handles": {"handles_pkey"}},
        project_id=1,
        attempt_ids=numbers,
        worker_ids=[f"w{(number - 1) % 5000}" for number in numbers],
        outcomes=["done" if state == "done" else "failed"] * count,
        next_states=[state] * count,
        rest_until=[None] * count,
        reasons=[""] * count,
        measures=["{}"] * count,
        log_tails=[""] * count,
        actors=["ada"] * count,
        count=count,
        now=NOON,
    )


OF_PROJECT: Mapping[str, Any] = {"project_id": 1, "share_id": None}
OF_SHARE: Mapping[str, Any] = {"project_id": 1, "share_id": 2}
ONE, MANY = [700], [1 + 700 * number for number in range(64)]
FAR_AWAY = 400_000
PUT_ASIDE, READY = (
    cast(
        "Mapping[str, Any]",
        {"namespaces": ["test"] * 64, "names": [f"raw_{n:07}.root" for n in range(start, start + 64)]},
    )
    for start in (999_100, FAR_AWAY)
)

CASES = [
    claim("of one", 1, most_rows=20, most_pages=500),
    claim("of 64", 64, most_rows=600, most_pages=4000),
    claim("of 64 from one place", 64, most_rows=600, most_pages=4000, places={1: (0, 0)}),
    claim("of 64 behind a mark", 64, most_rows=600, most_pages=4000, places={1: (0, 260_000), 2: (0, 260_000)}),
    claim("of 64 for a share", 64, most_rows=600, most_pages=4000, share_id=1),
    claim("of 1000", 1000, most_rows=8000, most_pages=40_000),
    claim("for a share that has none", 64, most_rows=600, most_pages=4000, share_id=2),
    end("of one", "done", 1, most_rows=20, most_pages=500),
    end("of 64", "done", 64, most_rows=600, most_pages=4000),
    end("of 64 that go back", "initial", 64, most_rows=600, most_pages=4000),
    case(
        "renew_leases",
        200,
        1000,
        ways=EVERY_WAY,
        indexes={"leases": {"leases_pkey"}},
        attempt_ids=MANY,
        worker_id="w0",
        now=NOON,
    ),
    case("list_attempt_places", 200, 1000, note="of leases", ways=EVERY_WAY, attempt_ids=MANY),
    case("list_attempt_places", 200, 1000, note="of ended ones", ways=EVERY_WAY, attempt_ids=[100_000, 200_000]),
    case(
        "list_held_places",
        300,
        1500,
        ways=EVERY_WAY,
        indexes={"handles": {"handles_did_key"}, "leases": {"leases_handle_key"}},
        project_ids=[1] * 64,
        namespaces=["test"] * 64,
        names=[f"raw_{700 * number:07}.root" for number in range(64)],
    ),
    case("has_ready", 10, 50, note="at two places", **OF_PROJECT, location_ids=[1, 2]),
    case("has_ready", 10, 50, note="at a place without any", **OF_PROJECT, location_ids=[3]),
    case("has_ready", 10, 60, note="for a share that has none", **OF_SHARE, location_ids=[1, 2]),
    case("list_leases_of_request", 10, 50, request_id=UUID(int=77)),
    case("find_header", 10, 50, project_id=1, share_id=2),
    case("list_pools", 10, 50, project_id=1),
    case("find_share", 10, 50, share_id=2),
    case("find_holders", 2500, 4000, **OF_PROJECT, limit=1000),
    case("find_holders", 2500, 4000, note="of a share", **OF_SHARE, limit=1000),
    case("find_pace", 500, 1000, project_id=1),
    case("count_unlocated_copies", 4000, 10_000, **OF_PROJECT, limit=1000),
    case("count_unlocated_copies", 4000, 10_000, note="of a share that has none", **OF_SHARE, limit=1000),
    case("count_ready_at", 1100, 1000, **OF_PROJECT, location_ids=[1, 2], limit=1000),
    case("count_ready_at", 10, 50, note="at a place without any", **OF_PROJECT, location_ids=[3], limit=1000),
    case("count_ready_at", 1100, 1000, note="for a share that has none", **OF_SHARE, location_ids=[1, 2], limit=1000),
    case("list_overdue_projects", 1100, 2000, now=NOON, count=1000),
    case("lock_overdue_leases", 3000, 10_000, project_id=1, now=NOON, count=1000),
    case("lock_overdue_leases", 10, 50, note="when none are", project_id=1, now=NOON - timedelta(hours=1), count=1000),
    case("list_rested_projects", 1100, 1000, now=NOON, count=1000),
    case(
        "wake_handles",
        5000,
        20_000,
        project_id=1,
        until=NOON,
        is_all=False,
        namespaces=[],
        names=[],
        positions=[],
        count=1000,
    ),
    case(
        "list_locatable_handles",
        320,
        2000,
        note="of a part",
        indexes={"unlocated": {"unlocated_pkey"}, "replicas": {"replicas_pkey"}, "projects": {"projects_pkey"}},
        after_project_id=1,
        after_position=999_300,
        count=100,
    ),
    case("list_locatable_handles", 10, 50, note="at the end", after_project_id=1, after_position=SIZE, count=100),
    case("list_turned_up_handles", 300, 2000, note="that are put aside", experiment_id=1, **PUT_ASIDE),
    case("list_turned_up_handles", 300, 2000, note="that are ready", experiment_id=1, **READY),
    case("locate_handles", 300, 2000, project_id=1, experiment_id=1, positions=list(range(999_000, 999_064))),
    case("list_projects_holding", 300, 2000, experiment_id=1, **READY),
    case("list_attempts", 10, 50, project_id=1, position=FAR_AWAY),
    case(
        "find_held_handle",
        10,
        60,
        project_id=1,
        namespace="test",
        name=f"raw_{FAR_AWAY:07}.root",
        worker_id="w1",
    ),
    case("find_handle", 10, 60, note="by place", project_id=1, position=FAR_AWAY, namespace=None, name=None),
    case("find_handle", 10, 60, note="by file", project_id=1, position=None, namespace="test", name="raw_0400000.root"),
    case("list_next_handles", 1100, 6000, project_id=1, after=FAR_AWAY, count=1000),
    case("list_fates", 300, 1500, attempt_ids=[*MANY, 100_000]),
]


@pytest.fixture(scope="module")
async def large(postgres: ServerUnderTest) -> AsyncIterator[LargeProject]:
    """A database of its own with a project of a million handles."""
    async with open_large_project(postgres, [one.asked for one in CASES if HOT in one.ways]) as filled:
        yield filled


@pytest.mark.parametrize("one", CASES, ids=str)
async def test_what_a_statement_reads_is_bounded(large: LargeProject, one: Case) -> None:
    for way in one.ways:
        cost = large.get_early(one.asked) if way == HOT_FROM_EMPTY else await large.explain(way, one.asked)
        assert cost.scanned == set(), way
        assert cost.row_count <= one.most_rows, way
        assert cost.page_count <= one.most_pages, way
        for table, right in one.indexes.items():
            assert cost.reads.get(table, right) <= right, way


def test_every_hot_statement_has_its_case() -> None:
    covered = {one.name.split()[0] for one in CASES if HOT_FROM_EMPTY in one.ways}
    assert {name for name, statement in _STATEMENTS.items() if statement.is_hot} <= covered
