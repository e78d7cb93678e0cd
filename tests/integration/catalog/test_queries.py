"""Queries from text to files: order, limits, sight, and errors for people."""

from __future__ import annotations

import pytest
from tests.integration.catalog.world import World

from sutler.base.errors import InvalidInputError, NotPermittedError
from sutler.catalog import (
    MqlSyntaxError,
    NewFile,
    UnreadableQueryError,
    check_query,
    count_files,
    declare_files,
    query_files,
)
from sutler.catalog.operations.queries import LARGEST_FILE_LIMIT


async def declare_runs(world: World, count: int) -> None:
    for number in range(count):
        await world.declare(f"f{number}", metadata={"core.events": number, "core.name": f"n{number}"})


async def test_a_query_finds_the_first_files_in_order(world: World) -> None:
    await declare_runs(world, 6)
    query = "files from demo:reco where core.events > 0 limit 3"
    found = await query_files(world.db, world["bob"], query=query, experiment="demo_exp")
    rows = await world.ask(
        "SELECT name FROM catalog.files WHERE (metadata->>'core.events')::int > 0 ORDER BY created_at, fid LIMIT 3"
    )
    assert [file.name for file in found] == [row["name"] for row in rows]
    assert len(found) == 3
    assert all(file.metadata is None and file.size_bytes == 1 for file in found)
    assert await count_files(world.db, world["bob"], query=query, experiment=None) == 3


async def test_the_smaller_of_both_limits_holds(world: World) -> None:
    await declare_runs(world, 4)
    for query, limit, expected in (("files limit 3", 2, 2), ("files limit 2", 3, 2), ("files", 3, 3)):
        found = await query_files(world.db, world["bob"], query=query, experiment=None, limit=limit)
        assert len(found) == expected
    for limit in (0, -1, LARGEST_FILE_LIMIT + 1):
        with pytest.raises(InvalidInputError, match="limit"):
            await query_files(world.db, world["bob"], query="files", experiment=None, limit=limit)


async def test_metadata_come_when_asked_for(world: World) -> None:
    await declare_runs(world, 1)
    (file,) = await query_files(world.db, world["bob"], query="files", experiment=None, with_metadata=True)
    assert file.metadata == {"core.events": 0, "core.name": "n0"}


async def test_everybody_finds_files_of_their_experiments_only(world: World) -> None:
    await world.declare("a")
    await declare_files(world.db, world["zoe"], files=[NewFile("far", "x", 1)])
    query = "files where size >= 0"
    seen = {
        name: {file.name for file in await query_files(world.db, world[name], query=query, experiment=None)}
        for name in ("bob", "zoe", "root")
    }
    assert seen == {"bob": {"a"}, "zoe": {"x"}, "root": {"a", "x"}}
    assert await count_files(world.db, world["bob"], query="files far:x", experiment=None) == 0
    assert await count_files(world.db, world["root"], query=query, experiment="other_exp") == 1
    with pytest.raises(NotPermittedError):
        await query_files(world.db, world["bob"], query=query, experiment="other_exp")
    with pytest.raises(NotPermittedError):
        await count_files(world.db, world["bob"], query=query, experiment="other_exp")


async def test_what_the_database_cannot_read_is_told_as_such(world: World) -> None:
    await declare_runs(world, 1)
    with pytest.raises(UnreadableQueryError, match="regular expression"):
        await query_files(world.db, world["bob"], query='files where name ~ "a["', experiment=None)


@pytest.mark.parametrize("query", ["files where", "files fro demo:x", "", "files where name = 'a\x00'", "\ud800"])
async def test_unreadable_queries_are_refused_before_the_database(world: World, query: str) -> None:
    with pytest.raises(InvalidInputError):
        check_query(query)
    with pytest.raises(InvalidInputError):
        await query_files(world.db, world["bob"], query=query, experiment=None)


def test_a_good_query_passes_and_a_bad_one_tells_its_place() -> None:
    check_query("files from demo:reco where core.events > 0 limit 3")
    with pytest.raises(MqlSyntaxError, match="line 1"):
        check_query("files from demo:reco where core.events >")
