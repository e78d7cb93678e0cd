"""A project of a million handles, and what statements read of it."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import asyncpg
import pytest
from tests.conftest import NOON
from tests.server import ServerUnderTest

from sutler.database import Database
from sutler.database.migrate import upgrade
from sutler.database.pool import SESSION_SETTINGS
from sutler.database.session import HOT_SETTINGS

SIZE = 1_000_000
PROJECTS = 5000
LARGE = {"handles", "ready", "leases", "attempts", "replicas"}
COUNTED = {*LARGE, "unlocated", "resting", "projects", "closed_shares"}
TOMORROW = NOON + timedelta(days=1)

# By place: 50,000 out (the first 10,000 in a share of their own), 150,000 done or failed, 50,000 tried once before,
# then fresh ones, at the end those that pause and those without a usable copy. The share of its own has nothing left.
_FILL = """
INSERT INTO auth.experiments (id, name, created_at) OVERRIDING SYSTEM VALUE VALUES (1, 'local', {noon});
INSERT INTO auth.users (id, username, created_at) OVERRIDING SYSTEM VALUE
    SELECT n, 'user' || n, {noon} FROM generate_series(1, 50) AS n;
INSERT INTO replicas.rses (id, experiment_id, name, is_available, created_at) OVERRIDING SYSTEM VALUE
    VALUES (1, 1, 'NEAR', true, {noon}), (2, 1, 'FAR', true, {noon}), (3, 1, 'DOWN', false, {noon});
INSERT INTO dispatch.locations (id, rse_ids) OVERRIDING SYSTEM VALUE VALUES (1, '{{1}}'), (2, '{{2}}'), (3, '{{3}}');
INSERT INTO dispatch.projects (
    id, experiment_id, owner_id, owner_role, state, attributes, worker_timeout, total_count, initial_count,
    unlocated_count, resting_count, reserved_count, done_count, failed_count, created_at, active_at
) OVERRIDING SYSTEM VALUE
    SELECT n, 1, 1 + n % 50, 'production', CASE n % 3 WHEN 0 THEN 'done' ELSE 'active' END,
           jsonb_build_object('campaign', n % 100, 'kind', 'small'), NULL::interval, 0, 0, 0, 0, 0, 0, 0, {noon}, {noon}
    FROM generate_series(2, 5000) AS n
    UNION ALL
    SELECT 1, 1, 1, 'production', 'active', '{{"kind": "large"}}', '1 day', 1000000, 800000, 1000, 1000, 50000, 149500,
           500, {noon}, {noon};
INSERT INTO dispatch.shares (
    id, project_id, experiment_id, total_count, initial_count, unlocated_count, resting_count, reserved_count,
    done_count, failed_count, created_at
) OVERRIDING SYSTEM VALUE
    VALUES (1, 1, 1, 980000, 800000, 1000, 1000, 40000, 139500, 500, {noon}),
           (2, 1, 1, 20000, 0, 0, 0, 10000, 10000, 0, {noon});
INSERT INTO dispatch.shares (id, project_id, experiment_id, created_at) OVERRIDING SYSTEM VALUE
    SELECT 10000 + n, n, 1, {noon} FROM generate_series(2, 5000) AS n;
INSERT INTO dispatch.closed_shares (share_id, closed_at)
    SELECT 1, {noon} UNION ALL SELECT 10000 + n, {noon} FROM generate_series(2, 5000) AS n;
INSERT INTO dispatch.pools (project_id, location_id) VALUES (1, 1), (1, 2), (1, 3);
INSERT INTO dispatch.handles (
    project_id, position, share_id, namespace, name, state, attempts, attempt_id, worker_id, reserved_at, location_id
)
    SELECT 1, n, 1 + (n < 10000 OR n BETWEEN 50000 AND 59999)::integer, 'test',
           'raw_' || lpad(n::text, 7, '0') || '.root',
           CASE WHEN n < 50000 THEN 'reserved' WHEN n < 60500 AND n >= 60000 THEN 'failed' WHEN n < 200000 THEN 'done'
                ELSE 'initial' END,
           (n < 250000)::integer, CASE WHEN n < 250000 THEN n + 1 END,
           CASE WHEN n < 50000 THEN 'w' || n % 5000 END, CASE WHEN n < 250000 THEN {noon} END,
           CASE WHEN n < 999000 THEN 1 + n % 2 END
    FROM generate_series(0, 999999) AS n;
INSERT INTO dispatch.ready (project_id, location_id, attempts, position, share_id)
    SELECT 1, 1 + n % 2, (n < 250000)::integer, n, 1 FROM generate_series(200000, 997999) AS n;
INSERT INTO dispatch.resting (project_id, position, share_id, until)
    SELECT 1, n, 1, {noon} + make_interval(secs => n - 998500) FROM generate_series(998000, 998999) AS n;
INSERT INTO dispatch.unlocated (project_id, position, share_id, namespace, name, since)
    SELECT 1, n, 1, 'test', 'raw_' || lpad(n::text, 7, '0') || '.root', {noon}
    FROM generate_series(999000, 999999) AS n;
INSERT INTO replicas.replicas (namespace, name, rse_id, experiment_id, url, created_at)
    SELECT 'test', 'raw_' || lpad(n::text, 7, '0') || '.root', CASE WHEN n < 999000 THEN 1 + n % 2 ELSE 3 END, 1,
           'root://' || n, {noon}
    FROM generate_series(0, 999999) AS n
    WHERE n BETWEEN 200000 AND 300000 OR n >= 998000;
INSERT INTO dispatch.leases (
    attempt_id, project_id, position, share_id, experiment_id, attempt, worker_id, request_id, request_rank, lease_for,
    reserved_at, expires_at
)
    SELECT n + 1, 1, n, 1 + (n < 10000)::integer, 1, 1, 'w' || n % 5000, lpad(to_hex(n), 32, '0')::uuid, 0, '1 hour',
           {noon}, {noon} + CASE WHEN n % 25 = 0 THEN -interval '1 minute' ELSE interval '1 hour' END
    FROM generate_series(0, 49999) AS n;
INSERT INTO dispatch.attempts (
    id, project_id, position, share_id, experiment_id, attempt, worker_id, reserved_at, ended_at, outcome, handle_state
)
    SELECT n + 1, 1, n, 1 + (n < 60000)::integer, 1, 1, 'w' || n % 5000, {noon} - interval '1 hour',
           {noon}, CASE WHEN n < 60000 OR n BETWEEN 60500 AND 199999 THEN 'done' ELSE 'failed' END,
           CASE WHEN n BETWEEN 60000 AND 60499 THEN 'failed' WHEN n < 200000 THEN 'done' ELSE 'initial' END
    FROM generate_series(50000, 249999) AS n;
SELECT setval('dispatch.attempt_ids', 1000000);
"""


@dataclass(frozen=True)
class Asked:
    """A statement with its values, in order."""

    text: str
    values: Sequence[object]


@dataclass(frozen=True)
class Cost:
    """What a statement read: rows of tables, pages, and by table the indexes that were used."""

    row_count: float
    page_count: int
    milliseconds: float
    reads: Mapping[str, frozenset[str]]

    @property
    def scanned(self) -> set[str]:
        """The large tables that were read without an index."""
        return {table for table, ways in self.reads.items() if "Seq Scan" in ways and table in LARGE}


@dataclass
class LargeProject:
    """Connections to the database with the project, by how they plan."""

    connections: dict[str, asyncpg.Connection]
    _early: dict[tuple[str, str], Cost] = field(default_factory=dict)
    _names: dict[tuple[str, str], str] = field(default_factory=dict)

    def get_early(self, asked: Asked) -> Cost:
        """Return what a statement read by a plan from the time when the tables were empty."""
        return self._early[asked.text, str(asked.values)]

    async def explain_early(self, asked: Asked) -> None:
        """Run a statement by the plan of when the tables were empty; statistics would make the plan anew."""
        self._early[asked.text, str(asked.values)] = await self.explain(HOT_FROM_EMPTY, asked)

    async def prepare(self, way: str, asked: Asked) -> str:
        """Prepare a statement once for each way, and return its name."""
        key = (way, asked.text)
        if key not in self._names:
            self._names[key] = f"asked_{len(self._names)}"
            await self.connections[way].execute(f"PREPARE {self._names[key]} AS {asked.text}")
        return self._names[key]

    async def explain(self, way: str, asked: Asked) -> Cost:
        """Run a statement, undo it, and return what it read."""
        name = await self.prepare(way, asked)
        connection = self.connections[way]
        arguments = f"({', '.join(map(_quote, asked.values))})" if asked.values else ""
        transaction = connection.transaction()
        await transaction.start()
        try:
            text = await connection.fetchval(f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) EXECUTE {name}{arguments}")
        finally:
            await transaction.rollback()
        [explained] = json.loads(text)
        nodes = list(_walk(explained["Plan"]))
        reads: dict[str, set[str]] = {}
        scans = [
            node
            for node in nodes
            if "Scan" in node["Node Type"] and node.get("Relation Name") in COUNTED and node["Actual Loops"]
        ]
        for node in scans:
            below = node.get("Plans") if node["Node Type"] == "Bitmap Heap Scan" else [node]
            ways = {part.get("Index Name", part["Node Type"]) for part in below or []}
            reads.setdefault(node["Relation Name"], set()).update(ways)
        return Cost(
            sum(map(_count_rows, scans)),
            explained["Plan"]["Shared Hit Blocks"] + explained["Plan"]["Shared Read Blocks"],
            explained["Execution Time"],
            {table: frozenset(ways) for table, ways in reads.items()},
        )


HOT, HOT_FROM_EMPTY, CUSTOM, GENERIC = "hot", "hot, planned when empty", "pool", "pool, planned once"
_SETTINGS = {
    HOT: HOT_SETTINGS,
    HOT_FROM_EMPTY: HOT_SETTINGS,
    CUSTOM: {"plan_cache_mode": "force_custom_plan"},
    GENERIC: {"plan_cache_mode": "force_generic_plan"},
}


@asynccontextmanager
async def fill_large_project(connect: Mapping[str, object], hot: Sequence[Asked]) -> AsyncIterator[LargeProject]:
    """Fill an empty database; the statements in `hot` are planned before."""
    connections = {}
    try:
        for way, settings in _SETTINGS.items():
            connections[way] = await asyncpg.connect(**connect, server_settings={**SESSION_SETTINGS, **settings})
        large = LargeProject(connections)
        connection = connections[CUSTOM]
        # Statistics that come by themselves would make the plan anew.
        tables = await connection.fetch("SELECT relid::regclass::text AS name FROM pg_stat_user_tables")
        for table in tables:
            if not table["name"].startswith("database.events"):
                await connection.execute(f"ALTER TABLE {table['name']} SET (autovacuum_enabled = false)")
        for asked in hot:
            await large.explain(HOT_FROM_EMPTY, asked)
        await connection.execute("SET session_replication_role = replica; SET synchronous_commit = off")
        await connection.execute(_FILL.format(noon=f"timestamptz '{NOON.isoformat()}'"), timeout=200)
        await connection.execute("SET session_replication_role = DEFAULT")
        for asked in hot:
            await large.explain_early(asked)
        await connection.execute("ANALYZE")
        yield large
    finally:
        for opened in connections.values():
            await opened.close()


JUDGED_SERVER = 18
"""Older planners choose otherwise for some lists of pages; what they choose is not a matter of our statements."""


@asynccontextmanager
async def open_large_project(postgres: ServerUnderTest, hot: Sequence[Asked] = ()) -> AsyncIterator[LargeProject]:
    """Make a database with a project of a million handles, and skip the tests on a server that is not judged."""
    async with postgres.new_database("sutler_test_large") as fresh:
        db = await Database.open(fresh.connect, size=1)
        try:
            async with db.connection() as connection:
                major = connection.get_server_version().major
            if major < JUDGED_SERVER:
                pytest.skip(f"plans are judged on PostgreSQL {JUDGED_SERVER}, which comes with Sutler; this is {major}")
            await upgrade(db)
        finally:
            await db.close()
        async with fill_large_project(fresh.connect, hot) as filled:
            yield filled


def _count_rows(node: dict[str, Any]) -> float:
    rows = node["Actual Rows"] * node["Actual Loops"]
    removed = sum(count for name, count in node.items() if name.startswith("Rows Removed by"))
    return float(rows + removed * max(1, node["Actual Loops"]))


def _walk(node: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield node
    for child in node.get("Plans", []):
        yield from _walk(child)


def _quote(item: object) -> str:
    """Write a value as SQL; the server reads it as what the statement takes there."""
    if item is None:
        return "NULL"
    return "'" + _write(item).replace("'", "''") + "'"


def _write(item: object) -> str:
    if isinstance(item, list | tuple):
        return "{" + ",".join("NULL" if part is None else json.dumps(_write(part)) for part in item) + "}"
    if isinstance(item, datetime):
        return item.isoformat()
    if isinstance(item, timedelta):
        return f"{item.total_seconds()} seconds"
    return json.dumps(item) if isinstance(item, dict) else str(item)
