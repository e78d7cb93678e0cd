"""Taking files by a ledger: each once, in order, until none is left."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest
from tests.integration.catalog.world import RECO, World

from sutler.base.clock import MovableClock
from sutler.base.errors import InvalidInputError
from sutler.catalog import (
    FileReference,
    LedgerNotFoundError,
    MqlSyntaxError,
    NewFile,
    Selection,
    create_ledger_in,
    declare_files_in,
    take_in,
)


async def declare(world: World, count: int, *, start: int = 0) -> None:
    files = [NewFile("demo", f"f{number:05}", number) for number in range(start, start + count)]
    async with world.db.write() as tx:
        await declare_files_in(tx, files=files, dataset=RECO, username="alice")


async def open_ledger(world: World) -> int:
    async with world.db.write() as tx:
        return await create_ledger_in(tx, experiment_id=world.experiment_id)


def wish(world: World, limit: int | None, query: str = "files from demo:reco") -> Selection:
    return Selection(query, world.experiment_id, limit)


async def take(
    world: World, ledger_id: int | None, limit: int | None, query: str = "files from demo:reco"
) -> list[FileReference]:
    async with world.db.write() as tx:
        return await take_in(tx, selection=wish(world, limit, query), ledger_id=ledger_id)


async def test_slices_cover_all_files_once_in_order_and_end(world: World, clock: MovableClock) -> None:
    for start in (20, 0, 10):
        await declare(world, 10, start=start)
        clock.advance(timedelta(seconds=1))
    ledger_id = await open_ledger(world)
    slices = [await take(world, ledger_id, 8) for _ in range(5)]
    assert [len(files) for files in slices] == [8, 8, 8, 6, 0]
    expected = await world.ask("SELECT id, fid, size_bytes FROM catalog.files ORDER BY created_at, fid")
    taken = [(file.id, file.fid, file.size_bytes) for files in slices for file in files]
    assert taken == [(row["id"], row["fid"], row["size_bytes"]) for row in expected]


async def test_files_that_appear_later_are_taken_later(world: World) -> None:
    await declare(world, 3)
    ledger_id = await open_ledger(world)
    assert len(await take(world, ledger_id, None)) == 3
    await declare(world, 2, start=3)
    assert [file.name for file in await take(world, ledger_id, 1, "files demo:f00004, demo:f00000")] == ["f00004"]
    assert [file.name for file in await take(world, ledger_id, None)] == ["f00003"]


async def test_a_limit_of_the_query_itself_is_counted_before_the_ledger(world: World) -> None:
    await declare(world, 5)
    ledger_id = await open_ledger(world)
    query = "files from demo:reco limit 3"
    assert [len(await take(world, ledger_id, 2, query)) for _ in range(3)] == [2, 1, 0]


async def test_ledgers_do_not_know_of_each_other(world: World) -> None:
    await declare(world, 3)
    first, second = await open_ledger(world), await open_ledger(world)
    assert await take(world, first, 2) == await take(world, second, 2)


async def test_without_a_ledger_the_same_files_come_each_time(world: World) -> None:
    await declare(world, 5)
    assert await take(world, None, 2) == await take(world, None, 2)
    assert len(await take(world, None, None)) == 5
    assert await world.count("SELECT count(*) FROM catalog.ledger_entries") == 0


async def test_files_of_other_experiments_are_never_taken(world: World) -> None:
    async with world.db.write() as tx:
        await declare_files_in(tx, files=[NewFile("far", "x")], dataset=None, username="zoe")
    assert await take(world, await open_ledger(world), None, "files far:x") == []


async def test_a_rolled_back_take_leaves_the_files_to_the_next(world: World) -> None:
    await declare(world, 3)
    ledger_id = await open_ledger(world)

    async def take_and_fail() -> None:
        async with world.db.write() as tx:
            assert len(await take_in(tx, selection=wish(world, 2), ledger_id=ledger_id)) == 2
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await take_and_fail()
    assert len(await take(world, ledger_id, None)) == 3


async def test_takes_at_once_fill_their_limits_and_share_no_file(world: World) -> None:
    await declare(world, 1000)
    ledger_id = await open_ledger(world)
    slices = await asyncio.gather(*(take(world, ledger_id, 90) for _ in range(12)))
    assert sorted(len(files) for files in slices) == [10] + [90] * 11
    assert len({file.fid for files in slices for file in files}) == 1000
    assert await world.count("SELECT count(*) FROM catalog.ledger_entries") == 1000


async def test_a_take_waits_for_one_that_is_not_committed_yet(world: World) -> None:
    await declare(world, 4)
    ledger_id = await open_ledger(world)
    async with world.db.write() as tx:
        first = await take_in(tx, selection=wish(world, 2), ledger_id=ledger_id)
        waiting = asyncio.create_task(take(world, ledger_id, 2))
        done, _ = await asyncio.wait([waiting], timeout=0.2)
        assert not done
    second = await waiting
    assert len({file.fid for file in (*first, *second)}) == 4


async def test_the_session_plans_as_before_after_a_take(world: World) -> None:
    ledger_id = await open_ledger(world)
    for _ in range(3):
        await take(world, ledger_id, 1)
    async with world.db.connection() as connection:
        assert await connection.fetchval("SHOW plan_cache_mode") == "auto"


async def test_unknown_and_foreign_ledgers_and_bad_selections_are_refused(world: World) -> None:
    with pytest.raises(LedgerNotFoundError):
        await take(world, 10**9, 1)
    async with world.db.write() as tx:
        foreign = await create_ledger_in(tx, experiment_id=world.other_experiment_id)
    with pytest.raises(LedgerNotFoundError):
        await take(world, foreign, 1)
    ledger_id = await open_ledger(world)
    with pytest.raises(InvalidInputError, match="negative"):
        await take(world, ledger_id, -1)
    with pytest.raises(MqlSyntaxError):
        await take(world, ledger_id, 1, "files from")
    assert await take(world, ledger_id, 0) == []
