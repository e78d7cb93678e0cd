"""Indexes on metadata keys: asked for by administrators, built by a loop, and never seen in what queries find."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from tests.integration.catalog.world import World

from sutler.base.errors import InvalidInputError, NotPermittedError
from sutler.catalog import (
    KeyIndexNotFoundError,
    KeyIndexState,
    KeyKind,
    build_key_indexes,
    drop_key_index,
    index_key,
    list_indexed_keys,
    query_files,
)

KEY = "core.run"
NAMES = "SELECT indexname FROM pg_indexes WHERE indexname LIKE 'files\\_key\\_%'"
VALUES: dict[str, dict[str, object]] = {
    "small": {KEY: 5},
    "large": {KEY: 10**70},
    "list": {KEY: [1, 99]},
    "text": {KEY: "v09_13"},
    "texts": {KEY: ["v08", "v09_2"]},
    "long": {KEY: "v" * 5000},
    "null": {KEY: None},
    "none": {},
}
QUERIES = {
    "files where core.run > 4": {"small", "large", "list"},
    "files where core.run >= 5 and core.run < 50": {"small", "list"},
    "files where core.run in 6:100": {"list"},
    'files where core.run ~ "^v09"': {"text", "texts"},
    'files where core.run >= "v09_13" and core.run <= "w"': {"text", "texts", "long"},
    'files where core.run > 90 or core.run ~ "^vv"': {"large", "list", "long"},
}


@pytest.fixture
async def indexed(world: World) -> AsyncIterator[World]:
    """The world, without indexes on keys afterwards: all tests share the tables."""
    yield world
    for one in await list_indexed_keys(world.db, world["root"]):
        await drop_key_index(world.db, world["root"], key=one.key, kind=one.kind)
    await build_all(world)
    assert await world.ask(NAMES) == []


async def build_all(world: World) -> int:
    steps = 0
    while await build_key_indexes(world.db):
        steps += 1
    return steps


async def ask_for_both(world: World) -> None:
    for kind in KeyKind:
        await index_key(world.db, world["root"], key=KEY, kind=kind)


async def find(world: World, query: str) -> set[str]:
    return {file.name for file in await query_files(world.db, world["root"], query=query, experiment=None)}


async def test_an_index_is_built_after_it_was_asked_for(indexed: World) -> None:
    asked = await index_key(indexed.db, indexed["root"], key=KEY, kind=KeyKind.NUMBER)
    assert asked.state is KeyIndexState.BUILDING
    assert await build_all(indexed) == 1
    (found,) = await list_indexed_keys(indexed.db, indexed["root"])
    assert (found.key, found.kind, found.state) == (KEY, KeyKind.NUMBER, KeyIndexState.READY)
    again = await index_key(indexed.db, indexed["root"], key=KEY, kind=KeyKind.NUMBER)
    assert again == found


async def test_queries_find_the_same_with_an_index_and_without(indexed: World) -> None:
    for name, metadata in VALUES.items():
        await indexed.declare(name, metadata=metadata)
    assert {query: await find(indexed, query) for query in QUERIES} == QUERIES
    await ask_for_both(indexed)
    await build_all(indexed)
    assert {query: await find(indexed, query) for query in QUERIES} == QUERIES


async def test_what_a_crash_left_half_made_is_made_anew(indexed: World) -> None:
    await indexed.declare("one", "two")
    asked = await index_key(indexed.db, indexed["root"], key=KEY, kind=KeyKind.NUMBER)
    name = f"files_key_{asked.id}_idx"
    async with indexed.db.connection() as connection:
        with pytest.raises(Exception, match="could not create unique index"):
            await connection.execute(f"CREATE UNIQUE INDEX CONCURRENTLY {name} ON catalog.files (namespace)")
    assert (
        await indexed.count("SELECT indisvalid FROM pg_index WHERE indexrelid = $1::text::regclass", f"catalog.{name}")
        is False
    )
    await build_all(indexed)
    assert (
        await indexed.count("SELECT indisvalid FROM pg_index WHERE indexrelid = $1::text::regclass", f"catalog.{name}")
        is True
    )
    text = await indexed.count("SELECT indexdef FROM pg_indexes WHERE indexname = $1", name)
    assert "number_at" in str(text)


async def test_an_index_that_was_dropped_is_gone_and_can_be_asked_for_again(indexed: World) -> None:
    await index_key(indexed.db, indexed["root"], key=KEY, kind=KeyKind.TEXT)
    await build_all(indexed)
    dropped = await drop_key_index(indexed.db, indexed["root"], key=KEY, kind=KeyKind.TEXT)
    assert dropped.state is KeyIndexState.DROPPING
    again = await index_key(indexed.db, indexed["root"], key=KEY, kind=KeyKind.TEXT)
    assert again.state is KeyIndexState.BUILDING
    await drop_key_index(indexed.db, indexed["root"], key=KEY, kind=KeyKind.TEXT)
    await build_all(indexed)
    assert await list_indexed_keys(indexed.db, indexed["root"]) == []
    with pytest.raises(KeyIndexNotFoundError):
        await drop_key_index(indexed.db, indexed["root"], key=KEY, kind=KeyKind.TEXT)


async def test_only_administrators_ask_for_indexes(indexed: World) -> None:
    for name in ("alice", "petra"):
        with pytest.raises(NotPermittedError):
            await index_key(indexed.db, indexed[name], key=KEY, kind=KeyKind.NUMBER)
        with pytest.raises(NotPermittedError):
            await list_indexed_keys(indexed.db, indexed[name])
        with pytest.raises(NotPermittedError):
            await drop_key_index(indexed.db, indexed[name], key=KEY, kind=KeyKind.NUMBER)


@pytest.mark.parametrize("key", ["run", "core.", "core.run'", "core run.x", "a." + "b" * 300])
async def test_a_key_that_no_query_can_name_is_refused(indexed: World, key: str) -> None:
    with pytest.raises(InvalidInputError):
        await index_key(indexed.db, indexed["root"], key=key, kind=KeyKind.NUMBER)
