"""Named statements: each has its function, is valid on a freshly migrated database, and keeps to its own schema."""

from __future__ import annotations

import ast
from collections.abc import AsyncIterator, Iterable, Iterator
from typing import Any

import asyncpg
import pytest
from tests.architecture.rooms import parse, rooms_below, store_modules, subject_rooms
from tests.architecture.statements import RoomStatement, all_statements, named_statements

from sutler.database import Database

SHARED_FUNCTIONS = {("database", "append_event")}


@pytest.fixture
async def connection(session_db: Database) -> AsyncIterator[asyncpg.Connection]:
    """A connection on which an unqualified name of ours means nothing."""
    async with session_db.connection() as bare:
        transaction = bare.transaction()
        await transaction.start()
        await bare.execute("SET LOCAL search_path = ''")
        yield bare
        await transaction.rollback()


async def explain(connection: asyncpg.Connection, statement: RoomStatement) -> list[dict[str, Any]]:
    """Return the nodes of the plan that serves any parameters; none for commands that have no plan."""
    if not statement.has_plan:
        return []
    count = len((await connection.prepare(statement.text)).get_parameters())
    arguments = f"({', '.join(['NULL'] * count)})" if count else ""
    await connection.execute(f"SET LOCAL plan_cache_mode = force_generic_plan; PREPARE explained AS {statement.text}")
    plans = await connection.fetchval(f"EXPLAIN (VERBOSE, FORMAT JSON) EXECUTE explained{arguments}")
    await connection.execute("DEALLOCATE explained")
    return list(nodes_of(plans[0]["Plan"]))


def nodes_of(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield a plan and everything below it."""
    yield plan
    for part in plan.get("Plans", ()):
        yield from nodes_of(part)


@pytest.mark.parametrize("room", subject_rooms())
def test_statements_and_functions_of_a_store_have_the_same_names(room: str) -> None:
    used: dict[str, set[str]] = {}
    for node in [node for path in store_modules(room) for node in parse(path).body]:
        if isinstance(node, ast.AsyncFunctionDef | ast.FunctionDef):
            names = {
                part.attr
                for part in ast.walk(node)
                if isinstance(part, ast.Attribute) and isinstance(part.value, ast.Name) and part.value.id == "_SQL"
            }
            used |= {node.name: names} if names else {}
    named = {statement.name for statement in named_statements() if statement.room == room}
    assert {function: names for function, names in used.items() if names != {function}} == {}
    assert set(used) == named


async def test_statements_are_valid_and_qualify_every_relation(connection: asyncpg.Connection) -> None:
    refused = {}
    for statement in all_statements():
        try:
            async with connection.transaction():
                await connection.prepare(statement.text)
        except asyncpg.PostgresError as error:
            refused[str(statement)] = str(error)
    assert refused == {}


async def test_statements_write_only_the_schema_of_their_room(connection: asyncpg.Connection) -> None:
    elsewhere = {
        (str(statement), node["Operation"], node["Schema"], node["Relation Name"])
        for statement in all_statements()
        for node in await explain(connection, statement)
        if node["Node Type"] == "ModifyTable" and node["Schema"] != statement.room
    }
    assert elsewhere == set()


async def test_statements_read_other_rooms_only_through_their_published_views(connection: asyncpg.Connection) -> None:
    schemas = frozenset({*subject_rooms(), "database"})
    published = await list_views(connection, schemas)
    past_the_views = {
        (str(statement), f"{schema}.{name}")
        for statement in all_statements()
        for schema, name in statement.qualified_names(schemas)
        if schema != statement.room and (schema, name) not in SHARED_FUNCTIONS
        if (schema, name) not in published or schema not in rooms_below(statement.room)
    }
    assert past_the_views == set()


async def test_hot_statements_can_find_their_rows_by_an_index(connection: asyncpg.Connection) -> None:
    await connection.execute("SET LOCAL enable_seqscan = off")
    without_index = {
        (str(statement), node["Relation Name"])
        for statement in named_statements()
        if statement.is_hot
        for node in await explain(connection, statement)
        if node["Node Type"] == "Seq Scan"
    }
    assert without_index == set()


async def list_views(connection: asyncpg.Connection, schemas: Iterable[str]) -> set[tuple[str, str]]:
    """Return the views of these schemas."""
    rows = await connection.fetch(
        """
        SELECT namespace.nspname AS schema, relation.relname AS name
        FROM pg_class AS relation JOIN pg_namespace AS namespace ON namespace.oid = relation.relnamespace
        WHERE relation.relkind = 'v' AND namespace.nspname = ANY($1)
        """,
        list(schemas),
    )
    return {(row["schema"], row["name"]) for row in rows}
