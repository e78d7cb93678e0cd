"""The plans of slices beside many files: the thousandth must read no more than the first."""

from __future__ import annotations

import json
import secrets
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
from tests.integration.catalog.world import World, make_world
from tests.server import ServerUnderTest

from sutler.catalog import Budget, Measure, Selection, create_ledger_in, mql, store, take_in
from sutler.catalog.mql import selection, slices
from sutler.catalog.mql.compile import find_horizon
from sutler.database import Database, Tx
from sutler.database.migrate import upgrade
from sutler.database.sql import Fragment, sql

FILES, SLICE = 30_000, 100
QUERIES = (
    "files from demo:reco",
    "files where r.kind = often",
    "files from demo:reco where r.kind = often",
)
EXPLAIN = sql("EXPLAIN (ANALYZE, BUFFERS, TIMING OFF, SUMMARY OFF, FORMAT JSON) ")
PAGES = 2_500
"""A slice touches a few pages for each file, those of indexes counted each time; the table has about a thousand."""

_FILL = """
WITH made AS (
    INSERT INTO catalog.files (fid, namespace, name, experiment_id, size_bytes, metadata, created_at, created_by)
    SELECT md5(number::text), 'demo', 'f' || number, $1, 10,
        jsonb_build_object('r.kind', CASE WHEN number % 2 = 0 THEN 'often' ELSE 'else' END, 'r.pad', repeat('x', 100)),
        '2026-01-01Z'::timestamptz + interval '1 s' * (number / 50), 'alice'
    FROM generate_series(1, $2::integer) AS number
    RETURNING id, created_at
)
INSERT INTO catalog.dataset_files (dataset_id, file_id, created_at)
SELECT (SELECT id FROM catalog.datasets WHERE namespace = 'demo' AND name = 'reco'), id, created_at FROM made
"""


@pytest.fixture(scope="module")
async def filled(postgres: ServerUnderTest) -> AsyncIterator[World]:
    """A database of its own with many files in one dataset."""
    async with postgres.new_database(f"sutler_test_{secrets.token_hex(4)}") as fresh:
        db = await Database.open(fresh.connect, size=2)
        try:
            await upgrade(db)
            world = await make_world(db)
            await world.ask(_FILL, world.experiment_id, FILES)
            for table in ("files", "dataset_files"):
                async with db.connection() as connection:
                    await connection.execute(f"VACUUM ANALYZE catalog.{table}")
            yield world
        finally:
            await db.close()


async def explain(tx: Tx, statement: Fragment) -> dict[str, Any]:
    (row,) = await tx.composed(EXPLAIN + statement)
    plan = next(iter(row.values()))
    return dict((json.loads(plan) if isinstance(plan, str) else plan)[0]["Plan"])


def nodes_of(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for part in plan.get("Plans", ()):
        yield from nodes_of(part)


def count_pages(plan: dict[str, Any]) -> int:
    return int(plan["Shared Hit Blocks"]) + int(plan["Shared Read Blocks"])


async def drain(world: World, query: str, count: int) -> int:
    """Take so many files of a query and return the ledger."""
    async with world.db.write() as tx:
        ledger_id = await create_ledger_in(tx, experiment_id=world.experiment_id)
        if count:
            wish = Selection(query, world.experiment_id, count)
            assert len(await take_in(tx, selection=wish, ledger_id=ledger_id)) == count
    return ledger_id


async def plan_slice(tx: Tx, world: World, query: str, ledger_id: int) -> int:
    """How many pages are touched by the statements of a slice, as it is taken."""
    ledger = await store.find_ledger(tx, ledger_id=ledger_id)
    assert ledger is not None
    after = (ledger.taken_created_at, ledger.taken_fid or "") if ledger.taken_created_at else None
    tree, scope = mql.parse(query), mql.Scope(namespaces=None, experiment_ids=(world.experiment_id,))
    pages, until = 0, None
    horizon = find_horizon(tree, scope, after=after[0] if after else None, count=20 * SLICE)
    if horizon is not None:
        pages += count_pages(await explain(tx, horizon))
        until = (await tx.composed(horizon))[0]["created_at"]
        await store.begin_walk(tx)
    for statement in (
        selection.take_files(tree, scope, ledger_id=ledger_id, limit=SLICE, after=after, until=until),
        slices.read_next(
            slices.pick_measured(
                slices.select_rows(tree, scope), ledger_id=ledger_id, measure=Measure.BYTES, after=after, until=until
            ),
            count=SLICE,
        ),
    ):
        plan = await explain(tx, statement)
        assert not [node for node in nodes_of(plan) if node["Node Type"] in {"Seq Scan", "Bitmap Heap Scan"}]
        pages = max(pages, count_pages(plan))
    return pages


@pytest.mark.parametrize("query", QUERIES)
async def test_a_late_slice_reads_no_more_than_the_first(filled: World, query: str) -> None:
    there = FILES if "where" not in query else FILES // 2
    first, late = await drain(filled, query, 0), await drain(filled, query, there * 8 // 10)
    pages = []
    for ledger_id in (first, late):
        async with filled.db.write() as tx:
            pages.append(await plan_slice(tx, filled, query, ledger_id))
    assert pages[1] <= 1.2 * pages[0]
    assert max(pages) < PAGES


@pytest.mark.parametrize("query", QUERIES)
async def test_what_no_way_through_the_files_finds_soon_is_found_all_the_same(filled: World, query: str) -> None:
    rare = query.replace("often", "rare") if "where" in query else f"{query} where r.kind = rare"
    await filled.ask(
        'UPDATE catalog.files SET metadata = metadata || \'{"r.kind": "rare"}\' WHERE name = ANY($1)',
        ["f1", "f9001", "f29999"],
    )
    for change in ({"limit": 2}, {"budget": Budget(Measure.BYTES, 20)}):
        ledger_id = await drain(filled, rare, 0)
        taken = []
        for _ in range(3):
            async with filled.db.write() as tx:
                wish = Selection(rare, filled.experiment_id, **change)
                taken.append([file.name for file in await take_in(tx, selection=wish, ledger_id=ledger_id)])
        assert taken == [["f1", "f9001"], ["f29999"], []]


async def test_the_session_reads_as_before_after_a_walk(filled: World) -> None:
    async with filled.db.write() as tx:
        wish = Selection(QUERIES[2], filled.experiment_id, 1)
        await take_in(tx, selection=wish, ledger_id=None)
        ledger_id = await create_ledger_in(tx, experiment_id=filled.experiment_id)
        assert len(await take_in(tx, selection=wish, ledger_id=ledger_id)) == 1
        (row,) = await tx.composed(sql("SELECT current_setting('enable_bitmapscan') AS setting"))
    assert row["setting"] == "on"
