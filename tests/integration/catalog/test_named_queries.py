"""Queries that are kept under a name."""

from __future__ import annotations

import asyncio

import pytest
from tests.integration.catalog.world import World

from sutler.base.errors import InvalidInputError, NotPermittedError
from sutler.catalog import (
    MqlError,
    NamedQuery,
    NamedQueryExistsError,
    NamedQueryNotFoundError,
    NamespaceNotFoundError,
    count_files,
    get_named_query,
    list_named_queries,
    remove_named_query,
    save_query,
)

SOURCE = "files from demo:reco where core.run = 1"
_EVENTS = "SELECT facts FROM database.events WHERE subject_kind = 'query' ORDER BY seq"


async def save(world: World, name: str = "good", source: str = SOURCE, **more: object) -> NamedQuery:
    return await save_query(world.db, world["alice"], namespace="demo", name=name, source=source, **more)  # type: ignore[arg-type]


async def test_a_query_is_kept_as_it_was_given_and_used_by_its_name(world: World) -> None:
    await world.declare("a", metadata={"core.run": 1})
    await world.declare("b", metadata={"core.run": 2})
    saved = await save(world, description="run 1", metadata={"q.use": "tests"}, parameters=["x"])
    kept = await get_named_query(world.db, world["bob"], namespace="demo", name="good")
    assert kept == saved
    assert (kept.source, kept.description, kept.metadata, kept.parameters) == (
        SOURCE,
        "run 1",
        {"q.use": "tests"},
        ["x"],
    )
    assert (kept.created_by, kept.updated_by) == ("alice", None)
    assert await count_files(world.db, world["bob"], query="files selected by demo:good", experiment=None) == 1


async def test_names_of_files_in_a_kept_query_are_of_its_namespace(world: World) -> None:
    await world.declare("a", "b")
    await save(world, source="files a, b")
    assert await count_files(world.db, world["bob"], query="files selected by demo:good", experiment=None) == 2


async def test_a_query_is_replaced_only_when_that_is_said(world: World) -> None:
    await save(world, description="first", metadata={"q.a": 1})
    with pytest.raises(NamedQueryExistsError):
        await save(world, source="files")
    assert (await get_named_query(world.db, world["bob"], namespace="demo", name="good")).source == SOURCE
    replaced = await save(world, source="files", replace=True)
    assert (replaced.source, replaced.description, replaced.metadata) == ("files", "first", {"q.a": 1})
    assert (replaced.created_by, replaced.updated_by, replaced.updated_at) == ("alice", "alice", world.db.clock.now())
    new = await save(world, name="new", replace=True)
    assert new.updated_at is None
    assert [row["facts"] for row in await world.ask(_EVENTS)] == [
        {"name": "demo:good", "is_new": True},
        {"name": "demo:good", "is_new": False},
        {"name": "demo:new", "is_new": True},
    ]


@pytest.mark.parametrize("source", ["", "files from", "datasets demo:x", "files where size > 'a'", "files \0"])
async def test_a_text_that_is_no_query_for_files_is_not_kept(world: World, source: str) -> None:
    with pytest.raises((MqlError, InvalidInputError)):
        await save(world, source=source)
    with pytest.raises(NamedQueryNotFoundError):
        await get_named_query(world.db, world["bob"], namespace="demo", name="good")


async def test_what_is_said_of_a_query_must_be_storable(world: World) -> None:
    with pytest.raises(InvalidInputError):
        await save(world, name="a b")
    with pytest.raises(InvalidInputError, match="with a dot"):
        await save(world, metadata={"nodot": 1})
    with pytest.raises(InvalidInputError):
        await save(world, parameters=[float("nan")])
    with pytest.raises(InvalidInputError):
        await save(world, description="\0")
    assert await world.count("SELECT count(*) FROM catalog.named_queries") == 0


async def test_only_owners_of_the_namespace_keep_and_forget_queries(world: World) -> None:
    await save(world)
    with pytest.raises(NotPermittedError):
        await save_query(world.db, world["bob"], namespace="demo", name="bobs", source=SOURCE)
    with pytest.raises(NotPermittedError):
        await save_query(world.db, world["bob"], namespace="demo", name="good", source="files", replace=True)
    with pytest.raises(NotPermittedError):
        await remove_named_query(world.db, world["bob"], namespace="demo", name="good")
    with pytest.raises(NamespaceNotFoundError):
        await save_query(world.db, world["alice"], namespace="nosuch", name="good", source=SOURCE)
    with pytest.raises(NotPermittedError):
        await get_named_query(world.db, world["zoe"], namespace="demo", name="good")
    assert (await get_named_query(world.db, world["bob"], namespace="demo", name="good")).source == SOURCE


async def test_queries_are_listed_in_pages_by_name_to_who_may_see_them(world: World) -> None:
    for name in ("c", "a", "b"):
        await save(world, name=name)
    await save_query(world.db, world["petra"], namespace="made", name="m", source="files")
    await save_query(world.db, world["zoe"], namespace="far", name="f", source="files")
    first = await list_named_queries(world.db, world["bob"], limit=2)
    rest = await list_named_queries(world.db, world["bob"], limit=2, after=first.next_cursor)
    assert [str(query.did) for query in (*first.items, *rest.items)] == ["demo:a", "demo:b", "demo:c", "made:m"]
    assert rest.next_cursor is None
    made = await list_named_queries(world.db, world["root"], namespace="made")
    assert [query.name for query in made.items] == ["m"]
    other = await list_named_queries(world.db, world["root"], experiment="other_exp")
    assert [query.name for query in other.items] == ["f"]


async def test_a_query_is_forgotten_once(world: World) -> None:
    await save(world)
    ended = await asyncio.gather(
        *(remove_named_query(world.db, world["alice"], namespace="demo", name="good") for _ in range(4)),
        return_exceptions=True,
    )
    assert ended.count(None) >= 1
    assert all(end is None or isinstance(end, NamedQueryNotFoundError) for end in ended)
    assert await world.count("SELECT count(*) FROM database.events WHERE kind = 'catalog.query_removed'") == 1


async def test_a_query_that_is_saved_at_once_is_new_once(world: World) -> None:
    ended = await asyncio.gather(*(save(world, source=f"files limit {n}") for n in range(1, 6)), return_exceptions=True)
    assert sum(isinstance(end, NamedQueryExistsError) for end in ended) == 4
    await asyncio.gather(*(save(world, source=f"files limit {n}", replace=True) for n in range(1, 6)))
    assert await world.count("SELECT count(*) FROM catalog.named_queries") == 1
