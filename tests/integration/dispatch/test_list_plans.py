"""The plans of lists at a million handles: what a page reads must not depend on what stands before it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, cast

import asyncpg
import pytest
from tests.conftest import NOON
from tests.integration.dispatch.large_project import (
    CUSTOM,
    GENERIC,
    PROJECTS,
    SIZE,
    Asked,
    LargeProject,
    open_large_project,
)
from tests.server import ServerUnderTest

from sutler.database import Tx, load_statements
from sutler.database.named_sql import Statement
from sutler.database.sql import Fragment
from sutler.dispatch import HandleState, ProjectState, listings
from sutler.dispatch.search import compile_condition, parse
from sutler.dispatch.store import list_positions

FAILED, RESERVED, DONE, INITIAL = (HandleState[name] for name in ("FAILED", "RESERVED", "DONE", "INITIAL"))
DONE_FROM = 997_900
"""Behind 800,000 handles that wait, some are done after all."""

# A tenth of the project failed once and was put back. All leases are of batch jobs. Thousands of closed shares of the
# second project have lost all that they had, and a ledger has given out most of what is done.
_FILL_ENDS = f"""
SET session_replication_role = replica;
DELETE FROM dispatch.ready WHERE project_id = 1 AND position BETWEEN {DONE_FROM} AND 997999;
UPDATE dispatch.handles SET state = 'done', attempts = 1, attempt_id = 1000000 + position
WHERE project_id = 1 AND position BETWEEN {DONE_FROM} AND 997999;
INSERT INTO dispatch.attempts (
    id, project_id, position, share_id, experiment_id, attempt, worker_id, reserved_at, ended_at, outcome, handle_state,
    is_put_back
)
    SELECT 1000000 + n, 1, n, 1, 1, 1, 'w', {{noon}}, {{noon}}, CASE WHEN n < {DONE_FROM} THEN 'failed' ELSE 'done' END,
           CASE WHEN n < {DONE_FROM} THEN 'failed' ELSE 'done' END, n < {DONE_FROM}
    FROM generate_series(700000, 997999) AS n
    WHERE n < 800000 OR n >= {DONE_FROM};
UPDATE dispatch.leases SET batch_job_id = '1234.' || position;
INSERT INTO dispatch.shares (id, project_id, experiment_id, total_count, initial_count, gone_initial_count, created_at)
    OVERRIDING SYSTEM VALUE
    SELECT 20000 + n, 2, 1, 1, 1, 1, {{noon}} FROM generate_series(1, 5000) AS n;
INSERT INTO dispatch.closed_shares (share_id, closed_at) SELECT 20000 + n, {{noon}} FROM generate_series(1, 5000) AS n;
INSERT INTO catalog.ledgers (id, experiment_id, created_at) OVERRIDING SYSTEM VALUE VALUES (1, 1, {{noon}});
INSERT INTO catalog.ledger_entries (ledger_id, file_key)
    SELECT 1, 'test:raw_' || lpad(n::text, 7, '0') || '.root' FROM generate_series(50000, 199800) AS n;
SET session_replication_role = DEFAULT;
ANALYZE;
"""


@pytest.fixture(scope="module")
async def large(postgres: ServerUnderTest) -> AsyncIterator[LargeProject]:
    """A database of its own with a project of a million handles, rare ones at its end."""
    async with open_large_project(postgres) as filled:
        await filled.connections[CUSTOM].execute(_FILL_ENDS.format(noon=f"timestamptz '{NOON.isoformat()}'"))
        yield filled


@dataclass
class _Recorder:
    """Stands where a transaction would: runs named statements, and keeps all that it is asked."""

    connection: asyncpg.Connection
    asked: list[Asked] = field(default_factory=list)

    async def rows(self, statement: Statement, **given: object) -> list[Mapping[str, Any]]:
        values = statement.arguments(given)
        self.asked.append(Asked(statement.text, values))
        return list(await self.connection.fetch(statement.text, *values))

    async def row(self, statement: Statement, **given: object) -> Mapping[str, Any] | None:
        return next(iter(await self.rows(statement, **given)), None)

    async def composed(self, fragment: Fragment) -> list[Mapping[str, Any]]:
        text, values = fragment.render()
        self.asked.append(Asked(text, values))
        return []


@dataclass(frozen=True)
class Case:
    """A page, and how much it may read."""

    name: str
    load: Callable[[Tx], Awaitable[object]]
    most_rows: int
    most_pages: int

    def __str__(self) -> str:
        return self.name


def handles(note: str, most_rows: int, most_pages: int, **given: Any) -> Case:  # noqa: ANN401
    filters: dict[str, Any] = {"project_id": 1, "share_id": None, "states": [], "namespace": None, "name": None}
    asked = {**filters, "after": None, "limit": 100, **given}
    return Case(f"handles {note}", lambda tx: listings.list_handles(tx, **asked), most_rows, most_pages)


def projects(note: str, most_rows: int, most_pages: int, query: str = "", **given: Any) -> Case:  # noqa: ANN401
    condition = compile_condition(parse(query)) if query else None
    filters: dict[str, Any] = {"experiment_ids": [1], "state": None, "owner": None, "condition": condition}
    asked = {**filters, "after": None, "limit": 100, **given}
    return Case(f"projects {note}", lambda tx: listings.list_projects(tx, **asked), most_rows, most_pages)


def places(note: str, most_rows: int, most_pages: int, *states: HandleState, after: int = -1) -> Case:
    return Case(
        f"places {note}",
        lambda tx: list_positions(tx, project_id=1, share_id=None, after=after, states=states, count=101),
        most_rows,
        most_pages,
    )


def statement(name: str, most_rows: int, most_pages: int, file: str, **given: object) -> Case:
    [found] = [one for one in load_statements("sutler.dispatch.store", f"{file}.sql") if one.name == name]
    return Case(name, lambda tx: tx.rows(found, **given), most_rows, most_pages)


SHARE: Mapping[str, Any] = {"project_id": None, "share_id": 2}
CHOSEN: Mapping[str, Any] = {"project_id": 1, "share_ids": [1, 2], "positions": list(range(0, 1_000_000, 1000))}

CASES = [
    handles("at the beginning", 300, 1500),
    handles("somewhere", 300, 1500, after="NDAwMDAw"),
    handles("of a share", 300, 1500, **SHARE),
    handles("that failed", 500, 1500, states=[FAILED]),
    handles("that failed, behind many that were put back", 300, 1500, states=[FAILED], after="NzAwMDAw"),
    handles("that are reserved", 300, 1500, states=[RESERVED]),
    handles("that are done", 500, 1500, states=[DONE]),
    handles("that are done far away", 500, 1500, states=[DONE], after="MjAwMDAw"),
    handles("that are initial", 1500, 1500, states=[INITIAL]),
    handles("that are initial, at the end", 1500, 1500, states=[INITIAL], after="OTk3ODAw"),
    handles("that are final", 1000, 2500, states=[DONE, FAILED]),
    handles("that are not done", 2000, 2500, states=[INITIAL, RESERVED, FAILED]),
    handles("of a share that are done", 500, 1500, **SHARE, states=[DONE]),
    handles("of a share that are initial", 50, 200, **SHARE, states=[INITIAL]),
    handles("of a share that failed", 50, 200, **SHARE, states=[FAILED]),
    handles("of one file", 10, 50, name="test:raw_0900000.root"),
    handles("of one file that is done", 10, 50, name="test:raw_0997950.root", states=[DONE]),
    handles("that failed, by a part of the name", 2500, 4000, states=[FAILED], name="nothing"),
    places("of done ones far away", 300, 700, DONE, after=200_000),
    places("of done ones behind the last", 10, 50, DONE, after=998_000),
    places("of initial ones", 1500, 700, INITIAL),
    places("in every state", 2500, 1500, *HandleState),
    # No index serves these: they read on in the order of the project until the page is full, each handle once.
    handles("by namespace that is not there", SIZE, 40_000, namespace="other"),
    handles("by a part of the name", SIZE, 40_000, name="raw_0900000"),
    projects("of everything", 300, 1500, experiment_ids=None),
    projects("of an experiment", 300, 1500),
    projects("by state", 300, 1500, state=ProjectState.ACTIVE),
    projects("by owner", 150, 500, owner="user7"),
    projects("by owner in all experiments", 150, 500, owner="user7", experiment_ids=None),
    projects("by owner nobody knows", 10, 50, owner="nobody"),
    projects("by an attribute", PROJECTS, 1500, query="campaign == 7"),
    projects("by an attribute that few have", PROJECTS, 1500, query="kind == 'large'"),
    statement("find_pace", 500, 1000, "reading", project_id=1),
    statement("lock_leases_of_jobs", 20, 100, "leases", batch_job_ids=["1234.7", "1234.40000", "1.1"], share_id=None),
    statement("count_owned", 50, 100, "shares", project_id=1),
    statement("list_claimable", 5000, 2500, "shares", project_id=1, count=100),
    # The shares are all looked at, but not what each of them has left.
    statement("list_claimable", 12_000, 1500, "shares", project_id=2, count=100),
    statement("lock_places", 500, 4000, "shares", project_id=1, positions=list(range(200_000, 200_100))),
    statement("list_gone_positions", 10, 50, "shares", share_id=1, states=["done"], after=-1, count=100),
    statement(
        "list_share_files",
        600,
        1500,
        "shares",
        share_ids=[1, 2],
        states=None,
        after_project_id=1,
        after_position=400_000,
        count=100,
    ),
    statement(
        "move_handles",
        5000,
        20_000,
        "shares",
        project_id=1,
        positions=list(range(997_001, 997_050)),
        share_id=2,
        now=NOON,
    ),
    statement("list_handles_of_shares", 20_100, 25_000, "shares", project_id=1, share_ids=[2], states=["done"]),
    statement("list_chosen_handles", 1100, 6000, "shares", **CHOSEN, states=["done"]),
    statement("lock_handles_at", 1100, 8000, "shares", project_id=1, positions=CHOSEN["positions"]),
    statement("lock_chosen_leases", 1100, 8000, "shares", **CHOSEN),
    statement("list_done_files", 500, 2500, "shares", project_id=1, ledger_id=1, after=199_700, count=100),
    statement("note_put_back", 500, 4000, "leases", project_id=1, positions=list(range(60_000, 60_100))),
]


@pytest.mark.parametrize("way", [CUSTOM, GENERIC])
@pytest.mark.parametrize("one", CASES, ids=str)
async def test_what_a_page_reads_is_bounded(large: LargeProject, one: Case, way: str) -> None:
    recorder = _Recorder(large.connections[way])
    transaction = recorder.connection.transaction()
    await transaction.start()
    await one.load(cast("Tx", recorder))
    await transaction.rollback()
    costs = [await large.explain(way, asked) for asked in recorder.asked]
    assert set().union(*(cost.scanned for cost in costs)) == set()
    assert sum(cost.row_count for cost in costs) <= one.most_rows
    assert sum(cost.page_count for cost in costs) <= one.most_pages


async def test_rare_handles_at_the_end_of_a_large_project_are_listed_at_once(large: LargeProject) -> None:
    tx = cast("Tx", _Recorder(large.connections[CUSTOM]))
    done = await list_positions(tx, project_id=1, share_id=None, after=200_000, states=[DONE], count=200)
    assert done == list(range(DONE_FROM, 998_000))
    failed = await list_positions(tx, project_id=1, share_id=None, after=-1, states=[FAILED], count=1000)
    assert failed == list(range(60_000, 60_500))
    initial = await list_positions(tx, project_id=1, share_id=None, after=997_000, states=[INITIAL], count=5000)
    assert initial == [*range(997_001, DONE_FROM), *range(998_000, SIZE)]


@pytest.mark.parametrize("way", [CUSTOM, GENERIC])
async def test_all_done_files_are_compared_with_a_ledger_in_one_go(large: LargeProject, way: str) -> None:
    recorder = _Recorder(large.connections[way])
    one = statement("list_left_done_files", 0, 0, "shares", project_id=1, ledger_id=1, count=100)
    rows = await one.load(cast("Tx", recorder))
    assert [row["position"] for row in cast("list[Mapping[str, Any]]", rows)] == list(range(199_801, 199_901))
    [cost] = [await large.explain(way, asked) for asked in recorder.asked]
    # Every handle once; comparing each of 150,000 with each of as many would take minutes.
    assert cost.row_count <= SIZE + 200
    assert cost.milliseconds < 20_000
