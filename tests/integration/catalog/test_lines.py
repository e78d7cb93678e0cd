"""Files as lines of JSON that the database writes: those that are found elsewhere, for those who may see them."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator

import pytest
from tests.integration.catalog.world import RECO, World
from tests.server import ServerUnderTest

from sutler.base.clock import MovableClock
from sutler.base.did import Did
from sutler.base.documents import Entry, Form, Shape
from sutler.base.errors import InvalidInputError, NotPermittedError
from sutler.catalog import (
    DatasetNotFoundError,
    NewFile,
    QueryTooSlowError,
    declare_files_in,
    list_dataset_files,
    retire_file,
    stream_files,
)
from sutler.catalog.operations import lines
from sutler.database import Database

NAMES = Shape((Entry("name", "name"),))
QUERIES = (
    "files",
    "files from demo:reco",
    "files from demo:reco where core.run >= 0",
    "children(files from demo:reco)",
    "files from demo:reco skip 2",
    "filter stride(1)(files from demo:reco)",
)
_IDLE = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND state LIKE 'idle in%'"


@pytest.fixture
async def filled(world: World) -> World:
    """Files demo:f0 to demo:f8 in demo:reco, each the child of itself's predecessor, all created at one instant."""
    for number in range(9):
        parents = (Did("demo", f"f{number - 1}"),) if number else ()
        new = NewFile("demo", f"f{number}", metadata={"core.run": number}, parents=parents, fid=f"id{number}")
        async with world.db.write() as tx:
            await declare_files_in(tx, files=[new], dataset=RECO, username="alice")
    return world


@pytest.fixture
def in_small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two files in each part."""
    monkeypatch.setattr(lines, "MOST_LINES", 2)


async def names_of(parts: AsyncIterator[bytes]) -> list[str]:
    return [json.loads(line)["name"] async for part in parts for line in part.splitlines()]


@pytest.mark.usefixtures("in_small_parts")
@pytest.mark.parametrize("query", QUERIES)
async def test_lines_are_those_of_the_files_in_order_though_all_are_of_one_instant(filled: World, query: str) -> None:
    batches = stream_files(filled.db, filled["bob"], query=query, experiment=None)
    expected = [file.name async for batch in batches for file in batch]
    assert len(expected) >= 7
    found = stream_files(filled.db, filled["bob"], query=query, experiment=None, shape=NAMES)
    assert await names_of(found) == expected
    for limit in (1, 2, 5, 100):
        found = stream_files(filled.db, filled["bob"], query=query, experiment=None, limit=limit, shape=NAMES)
        assert await names_of(found) == expected[:limit]
    found = stream_files(filled.db, filled["bob"], query=f"{query} limit 3", experiment=None, shape=NAMES)
    assert await names_of(found) == expected[:3]


@pytest.mark.usefixtures("in_small_parts")
async def test_retired_files_come_when_asked_for(filled: World) -> None:
    for name in ("f0", "f1", "f4", "f8"):
        await retire_file(filled.db, filled["alice"], key=Did("demo", name))
    live = ["f2", "f3", "f5", "f6", "f7"]
    for query in QUERIES[:2]:
        found = stream_files(filled.db, filled["bob"], query=query, experiment=None, shape=NAMES)
        assert await names_of(found) == live
        everything = stream_files(
            filled.db, filled["bob"], query=query, experiment=None, include_retired=True, shape=NAMES
        )
        assert len(await names_of(everything)) == 9
    # A retired file is no parent any more, and no child.
    found = stream_files(filled.db, filled["bob"], query="children(files from demo:reco)", experiment=None, shape=NAMES)
    assert await names_of(found) == ["f3", "f6", "f7"]
    members = list_dataset_files(filled.db, filled["bob"], did=RECO, shape=NAMES)
    assert await names_of(members) == live
    members = list_dataset_files(filled.db, filled["bob"], did=RECO, include_retired=True, shape=NAMES)
    assert await names_of(members) == [f"f{number}" for number in range(9)]


async def test_lines_are_for_those_who_may_see_the_files(filled: World) -> None:
    for query in QUERIES[:4]:
        assert await names_of(stream_files(filled.db, filled["zoe"], query=query, experiment=None, shape=NAMES)) == []
    with pytest.raises(NotPermittedError):
        await anext(stream_files(filled.db, filled["zoe"], query="files", experiment="demo_exp", shape=NAMES))
    with pytest.raises(NotPermittedError):
        await anext(list_dataset_files(filled.db, filled["zoe"], did=RECO, shape=NAMES))
    with pytest.raises(DatasetNotFoundError):
        await anext(list_dataset_files(filled.db, filled["bob"], did=Did("demo", "nosuch"), shape=NAMES))


async def test_an_administrator_sees_files_of_the_experiments_that_are_named(filled: World) -> None:
    entries = (Entry("name", "name"), Entry("experiment", "experiment"))
    for experiments, count in (({filled.experiment_id: 'a "b"'}, 9), ({filled.other_experiment_id: "x"}, 0)):
        shape = Shape(entries, experiments)
        parts = stream_files(filled.db, filled["root"], query="files", experiment=None, shape=shape)
        written = [json.loads(line) async for part in parts for line in part.splitlines()]
        assert [one["experiment"] for one in written] == ['a "b"'] * count


async def test_a_limit_is_between_one_and_a_hundred_thousand(filled: World) -> None:
    for limit in (0, 100_001):
        with pytest.raises(InvalidInputError, match="must be between 1 and 100000"):
            await anext(
                stream_files(filled.db, filled["bob"], query="files", experiment=None, limit=limit, shape=NAMES)
            )


async def test_keys_are_written_in_their_order_and_left_out_where_they_may_be(filled: World) -> None:
    shape = Shape(
        (
            Entry('Näme "x"', "name"),
            Entry("size", "size_bytes", may_be_left_out=True),
            Entry("size_bytes", "size_bytes"),
            Entry("is_retired", "retired_at", Form.PRESENCE),
            Entry("nothing", None),
        )
    )
    parts = stream_files(filled.db, filled["bob"], query="files demo:f0", experiment=None, shape=shape)
    [line] = [part async for part in parts]
    assert line == b'{"N\\u00e4me \\"x\\"":"f0","size_bytes":null,"is_retired":false,"nothing":null}\n'


@pytest.mark.usefixtures("in_small_parts")
async def test_who_stops_reading_or_is_slow_keeps_no_connection(
    filled: World, migrated: ServerUnderTest, clock: MovableClock
) -> None:
    narrow = await Database.open(migrated.connect, size=1, clock=clock)
    try:
        for query in QUERIES[:3]:
            slow = stream_files(narrow, filled["bob"], query=query, experiment=None, shape=NAMES)
            first = await anext(slow)
            second = await anext(slow)
            other = stream_files(narrow, filled["bob"], query=query, experiment=None, shape=NAMES)
            assert len(await asyncio.wait_for(names_of(other), 10)) == 9
            assert first != second
            await slow.aclose()  # type: ignore[attr-defined]  # it is a generator
            cut_off = stream_files(narrow, filled["bob"], query=query, experiment=None, shape=NAMES)
            reading = asyncio.create_task(names_of(cut_off))
            await asyncio.sleep(0)
            reading.cancel()
            await asyncio.wait([reading])
            assert reading.cancelled()
        async with narrow.connection() as connection:
            assert await connection.fetchval(_IDLE) == 0
            assert await connection.fetchval("SELECT count(*) FROM pg_cursors WHERE name <> ''") == 0
    finally:
        await narrow.close()


async def test_what_fails_later_is_told_to_the_one_who_reads() -> None:
    async def fail_later() -> AsyncIterator[bytes]:
        yield b"1"
        yield b"2"
        raise ValueError("broken")

    parts = lines.read_ahead(fail_later())
    assert [await anext(parts), await anext(parts)] == [b"1", b"2"]
    with pytest.raises(ValueError, match="broken"):
        await anext(parts)


async def test_a_query_that_takes_too_long_is_ended(
    filled: World, migrated: ServerUnderTest, clock: MovableClock
) -> None:
    new = [NewFile("demo", "x" * 301 + str(number)) for number in range(50)]
    async with filled.db.write() as tx:
        await declare_files_in(tx, files=new, dataset=None, username="alice")
    hasty = await Database.open(migrated.connect, size=1, clock=clock, settings={"sutler.query_timeout": "5ms"})
    slow = r"files where name ~ '^(x+)(x+)\1\2\1\2[0-9]+$'"
    try:
        with pytest.raises(QueryTooSlowError):
            await anext(stream_files(hasty, filled["bob"], query=slow, experiment=None, shape=NAMES))
    finally:
        await hasty.close()


def test_parts_grow_to_some_megabytes_and_shrink_for_long_lines() -> None:
    pace = lines.Pace()
    assert pace.count == 500
    pace.note(lines=500, size_bytes=100_000)
    assert pace.count == 6_000
    pace.note(lines=6_000, size_bytes=1_200_000)
    assert pace.count == 10_000
    pace.note(lines=10_000, size_bytes=1_000_000_000)
    assert pace.count == 20
    pace.note(lines=20, size_bytes=200_000_000)
    assert pace.count == 1
    pace.note(lines=0, size_bytes=0)
    assert pace.count == 1
