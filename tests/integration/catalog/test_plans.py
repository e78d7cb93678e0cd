"""The plans of queries beside a hundred thousand files: what is read must depend on what is found."""

from __future__ import annotations

import json
import secrets
from collections.abc import AsyncIterator, Iterator
from typing import Any

import asyncpg
import pytest
from benchmarks.catalog.cases import INDEXED_KEYS
from benchmarks.catalog.generator import Profile
from benchmarks.catalog.loading import load
from tests.server import ServerUnderTest

from sutler.auth import Principal
from sutler.catalog import KeyKind, build_key_indexes, index_key, mql, store
from sutler.catalog.mql import selection
from sutler.catalog.operations.working_out import goes_by_members_in
from sutler.database import Database, Tx
from sutler.database.migrate import upgrade
from sutler.database.sql import Fragment, sql

FILES = 100_000
OLDEST_TO_GUARD = 18
ADMINISTRATOR = Principal(1, "root", "root", is_admin=True, roles={}, experiments={})
EXPLAIN = sql("EXPLAIN (ANALYZE, BUFFERS, TIMING OFF, SUMMARY OFF, FORMAT JSON) ")

FEW_PAGES = {
    "files where core.run_number = 42": 1_000,
    "files from bench:d0 where core.run_number = 42": 1_000,
    "files where core.run_number in (1,2,3,4,5)": 4_000,
    "files where 42 in core.runs": 1_000,
    "files where core.nosuch = 1": 100,
    "files where core.run_number >= 10 and core.run_number < 12": 2_000,
    "files where core.run_number > 997": 2_000,
    "files from bench:d3 where core.start_time > 1600000000 and core.start_time < 1600001000": 3_000,
    'files where core.app_version ~ "^v09_13_0" and core.run_number = 77': 1_000,
    'files where name ~ "^f_00001230"': 500,
    r'files where name like "f\_00001230%"': 500,
    "files where name >= f_000012300 and name < f_000012310": 500,
    'files where created_timestamp >= "2024-01-01 00:02:00" and created_timestamp < "2024-01-01 00:02:10"': 6_000,
    "files from bench:d0 limit 100": 2_000,
    "files from bench:d0 where core.run_type = cosmics limit 100": 4_000,
    "files from bench:d0 skip 900 limit 100": 6_000,
    "files limit 100": 1_000,
    "children(files where core.run_number = 42 and core.data_tier = raw)": 3_000,
    "parents(files from bench:d9 where core.run_number = 42)": 3_000,
    "join(files from bench:d0, files where core.run_number in (42,43))": 3_000,
    "files from bench:parent with subsets where core.run_number = 42": 3_000,
    "files from matching bench:d* where core.run_number = 42": 3_000,
    "files from bench:unknown": 100,
}
"""How many pages a query may touch, those of indexes counted each time; the table alone has over 8,000."""


@pytest.fixture(scope="module")
async def filled(postgres: ServerUnderTest) -> AsyncIterator[Database]:
    """A database of its own with many files, and indexes on four keys."""
    async with postgres.new_database(f"sutler_test_{secrets.token_hex(4)}") as fresh:
        db = await Database.open(fresh.connect, size=2)
        try:
            async with db.connection() as connection:
                if connection.get_server_version().major < OLDEST_TO_GUARD:
                    pytest.skip("plans are guarded with the embedded server's version")
            await upgrade(db)
            await fill(fresh)
            for key, kind in INDEXED_KEYS:
                await index_key(db, ADMINISTRATOR, key=key, kind=KeyKind(kind))
            while await build_key_indexes(db):
                pass
            yield db
        finally:
            await db.close()


async def fill(fresh: ServerUnderTest) -> None:
    connection = await asyncpg.connect(**fresh.connect)
    try:
        experiment_id = await connection.fetchval(
            "INSERT INTO auth.experiments (name, created_at) VALUES ('bench', now()) RETURNING id"
        )
        await load(connection, experiment_id=experiment_id, files=FILES, profile=Profile.NARROW)
    finally:
        await connection.close()


async def begin(tx: Tx) -> mql.Scope:
    keys = await store.begin_query(tx)
    return mql.Scope(namespaces=None, experiment_ids=(1,), indexed_keys=keys)


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


def list_scanned(plan: dict[str, Any]) -> list[str]:
    return [node["Relation Name"] for node in nodes_of(plan) if node["Node Type"] == "Seq Scan"]


@pytest.mark.parametrize("query", FEW_PAGES)
async def test_a_query_reads_about_what_it_finds(filled: Database, query: str) -> None:
    async with filled.read() as tx:
        statement = selection.select_files(mql.parse(query), await begin(tx), limit=100_000)
        plan = await explain(tx, statement)
    assert "files" not in list_scanned(plan)
    assert count_pages(plan) < FEW_PAGES[query]


async def test_the_number_of_files_of_a_dataset_is_not_counted(filled: Database) -> None:
    async with filled.read() as tx:
        statement = selection.count_files(mql.parse("files from bench:d0"), await begin(tx))
        assert count_pages(await explain(tx, statement)) < 20
        (row,) = await tx.composed(statement)
    assert row["count"] == FILES // 10


@pytest.mark.parametrize(
    ("query", "pages"),
    [
        ("parents(files from bench:d9)", 60_000),
        ("children(files from bench:d8)", 40_000),
        ("files from bench:d0", 20_000),
    ],
)
async def test_many_files_that_are_all_wanted_are_gone_through_in_order(
    filled: Database, query: str, pages: int
) -> None:
    """One after the other each file would cost four pages, those of a dataset would be read to know their children."""
    async with filled.read() as tx:
        plan = await explain(tx, selection.gather_ids(mql.parse(query), await begin(tx)))
    assert "files" not in list_scanned(plan)
    assert count_pages(plan) < pages
    [found] = [node for node in nodes_of(plan) if node.get("Index Name") == "files_pkey"]
    assert (found["Actual Loops"], found["Index Cond"].count("ANY")) == (1, 1)


async def test_an_index_on_a_key_is_used_for_a_part_of_an_alternative_only_with_the_other(filled: Database) -> None:
    query = "files where core.run_number < 2 or core.start_time < 1600001000"
    async with filled.read() as tx:
        plan = await explain(tx, selection.select_files(mql.parse(query), await begin(tx), limit=100_000))
    names = {node["Index Name"] for node in nodes_of(plan) if "Index Name" in node}
    assert len({name for name in names if name.startswith("files_key_")}) == 2


@pytest.mark.parametrize(
    ("condition", "by_members", "pages"),
    [
        ("core.run_type = cosmics", True, 20_000),
        ("core.run_number = 42", False, 1_000),
        ("core.event_count > 99", False, 6_000),
        ("core.nosuch present", True, 20_000),
    ],
)
async def test_a_condition_is_asked_of_all_members_when_most_would_be_looked_up_anyway(
    filled: Database, condition: str, *, by_members: bool, pages: int
) -> None:
    tree = mql.parse(f"files from bench:d0 where {condition}")
    async with filled.read() as tx:
        scope = await begin(tx)
        found = await goes_by_members_in(tx, tree=tree, scope=scope)
        plan = await explain(tx, selection.summarize_files(tree, scope, by_members=found))
    assert found == by_members
    assert count_pages(plan) < pages
