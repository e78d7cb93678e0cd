"""Slices of the built-in catalogue: filters, groups, parts and amounts, and where the next one begins."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from tests.integration.catalog.world import RECO, World

from sutler import catalog
from sutler.base.clock import MovableClock
from sutler.base.errors import InvalidInputError
from sutler.catalog import (
    Budget,
    CreatedWithin,
    GroupBy,
    LedgerNotFoundError,
    LedgerPartsError,
    Measure,
    NewFile,
    Part,
    Selection,
    ValueWithin,
)

RUNS = GroupBy("core.runs")


async def open_ledger(world: World) -> int:
    async with world.db.write() as tx:
        return await catalog.create_ledger_in(tx, experiment_id=world.experiment_id)


def wish(world: World, query: str = "files from demo:reco") -> Selection:
    return Selection(query, world.experiment_id)


async def take(world: World, selection: Selection, ledger_id: int | None) -> list[str]:
    async with world.db.write() as tx:
        return [file.name for file in await catalog.take_in(tx, selection=selection, ledger_id=ledger_id)]


async def declare(world: World, clock: MovableClock, metadata: Mapping[str, Mapping[str, object]]) -> None:
    """Declare files one second after the other, so that they are in this order."""
    for name, document in metadata.items():
        await world.declare(name, metadata=document)
        clock.advance(timedelta(seconds=1))


async def declare_sized(world: World, clock: MovableClock, sizes: Sequence[int]) -> None:
    for number, size in enumerate(sizes):
        async with world.db.write() as tx:
            files = [NewFile("demo", f"f{number}", size_bytes=size)]
            await catalog.declare_files_in(tx, files=files, dataset=RECO, username="alice")
        clock.advance(timedelta(seconds=1))


async def test_a_window_is_open_at_its_beginning_and_exact_to_the_microsecond(world: World) -> None:
    at = datetime(2026, 2, 1, 12, tzinfo=UTC)
    instants = [at, at + timedelta(microseconds=1), at + timedelta(microseconds=2), at + timedelta(microseconds=3)]
    await world.declare("a", "b", "c", "d")
    for name, instant in zip("abcd", instants, strict=True):
        await world.ask("UPDATE catalog.files SET created_at = $2 WHERE name = $1", name, instant)
    window = CreatedWithin(instants[0], instants[2])
    assert await take(world, replace(wish(world), filters=(window,)), None) == ["b", "c"]
    assert await take(world, replace(wish(world), filters=(CreatedWithin(until=instants[1]),)), None) == ["a", "b"]


async def test_a_range_has_both_of_its_ends_and_passes_over_what_has_no_number(world: World) -> None:
    numbers: dict[str, object] = {"a": 1, "b": 2, "c": 4, "d": 5, "e": None, "f": "3"}
    for name, number in numbers.items():
        await world.declare(name, metadata={"r.n": number})
    await world.declare("g")
    selection = replace(wish(world), filters=(ValueWithin("r.n", 2, 4),))
    assert sorted(await take(world, selection, await open_ledger(world))) == ["b", "c"]


async def test_filters_of_a_cut_query_look_at_what_the_cut_leaves(world: World, clock: MovableClock) -> None:
    await declare(world, clock, {name: {"r.n": number} for number, name in enumerate("abcd")})
    selection = replace(wish(world, "files from demo:reco limit 3"), filters=(ValueWithin("r.n", 2, 9),))
    assert await take(world, selection, await open_ledger(world)) == ["c"]


async def test_a_group_is_all_files_that_share_the_value_of_the_first(world: World, clock: MovableClock) -> None:
    runs = {"b": [[7, 1, "phys"]], "c": [3], "d": 7, "e": [[3, 1, "phys"], [7, 2, "phys"]]}
    await declare(world, clock, {"a": {}, **{name: {"core.runs": run} for name, run in runs.items()}})
    selection, ledger_id = replace(wish(world), group_by=RUNS), await open_ledger(world)
    assert [await take(world, selection, ledger_id) for _ in range(3)] == [["b", "d", "e"], ["c"], []]
    async with world.db.read() as tx:
        assert await catalog.count_passed_over_in(tx, selection=selection, ledger_id=ledger_id) == 1
        assert await catalog.count_in(tx, selection=selection, ledger_id=ledger_id) == (1, 1)
        assert await catalog.get_taken_counts_in(tx, ledger_id=ledger_id) == 4


async def test_ascending_groups_come_by_their_numbers_and_texts_after_them(world: World, clock: MovableClock) -> None:
    runs = {"a": 10, "b": 9, "c": "x", "d": 9.0, "e": [11, 8], "f": {"n": 1}, "g": True, "h": None}
    await declare(world, clock, {name: {"core.runs": run} for name, run in runs.items()})
    selection, ledger_id = (
        replace(wish(world), group_by=GroupBy("core.runs", is_ascending=True)),
        await open_ledger(world),
    )
    slices = [await take(world, selection, ledger_id) for _ in range(5)]
    assert slices == [["e"], ["b", "d"], ["a"], ["c"], []]


async def test_texts_with_quotes_are_groups_like_others(world: World, clock: MovableClock) -> None:
    await declare(
        world, clock, {"a": {"core.runs": 'x" || true'}, "b": {"core.runs": "y'\\"}, "c": {"core.runs": "y'\\"}}
    )
    selection, ledger_id = replace(wish(world), group_by=RUNS), await open_ledger(world)
    assert [await take(world, selection, ledger_id) for _ in range(2)] == [["a"], ["b", "c"]]


async def test_parts_are_made_once_and_later_files_are_in_none(world: World, clock: MovableClock) -> None:
    await declare(world, clock, {name: {} for name in "abcde"})
    ledger_id = await open_ledger(world)
    first, second = (replace(wish(world), part=Part(number, 2)) for number in (0, 1))
    assert await take(world, first, ledger_id) == ["a", "c", "e"]
    await world.declare("z")
    async with world.db.read() as tx:
        assert await catalog.count_in(tx, selection=second, ledger_id=ledger_id) == (2, 2)
    assert await take(world, second, ledger_id) == ["b", "d"]
    assert await take(world, first, ledger_id) == []
    with pytest.raises(LedgerPartsError, match="cut into 2 parts, not into 3"):
        await take(world, replace(wish(world), part=Part(2, 3)), ledger_id)


async def test_a_part_without_a_ledger_is_made_each_time(world: World, clock: MovableClock) -> None:
    await declare(world, clock, {name: {} for name in "abcde"})
    assert await take(world, replace(wish(world), part=Part(1, 3)), None) == ["b", "e"]
    assert await world.count("SELECT count(*) FROM catalog.ledger_parts") == 0


async def test_files_retired_since_a_pass_began_are_not_taken(world: World, clock: MovableClock) -> None:
    await declare(world, clock, {name: {} for name in "abcd"})
    ledger_id = await open_ledger(world)
    await take(world, replace(wish(world), part=Part(0, 2)), ledger_id)
    await world.ask("UPDATE catalog.files SET retired_at = now(), retired_by = 'alice' WHERE name = 'b'")
    assert await take(world, replace(wish(world), part=Part(1, 2)), ledger_id) == ["d"]


async def test_an_amount_is_filled_in_order_and_one_too_large_file_goes_alone(
    world: World, clock: MovableClock
) -> None:
    await declare_sized(world, clock, [4, 5, 1, 0, 20, 0, 3, 8])
    selection, ledger_id = replace(wish(world), budget=Budget(Measure.BYTES, 10)), await open_ledger(world)
    slices = [await take(world, selection, ledger_id) for _ in range(5)]
    assert slices == [["f0", "f1", "f2", "f3"], ["f4"], ["f5", "f6"], ["f7"], []]


async def test_events_are_counted_by_the_metadata(world: World, clock: MovableClock) -> None:
    events = {"a": 60, "b": None, "c": 40, "d": "many", "e": 1}
    await declare(world, clock, {name: {"core.event_count": number} for name, number in events.items()})
    selection, ledger_id = replace(wish(world), budget=Budget(Measure.EVENTS, 100)), await open_ledger(world)
    assert [await take(world, selection, ledger_id) for _ in range(2)] == [["a", "b", "c", "d"], ["e"]]


async def test_an_amount_of_many_files_is_read_in_several_steps(world: World) -> None:
    async with world.db.write() as tx:
        files = [NewFile("demo", f"f{number:05}", size_bytes=1) for number in range(2500)]
        await catalog.declare_files_in(tx, files=files, dataset=RECO, username="alice")
    selection, ledger_id = replace(wish(world), budget=Budget(Measure.BYTES, 1800)), await open_ledger(world)
    slices = [await take(world, selection, ledger_id) for _ in range(3)]
    assert [len(names) for names in slices] == [1800, 700, 0]
    assert len({name for names in slices for name in names}) == 2500


async def test_files_that_came_in_before_where_the_ledger_stands_are_taken_at_the_end(
    world: World, clock: MovableClock
) -> None:
    clock.advance(timedelta(days=1))
    await declare(world, clock, {name: {} for name in "abcdef"})
    ledger_id = await open_ledger(world)
    selection = replace(wish(world), limit=2)
    assert await take(world, selection, ledger_id) == ["a", "b"]
    await world.declare("early")
    await world.ask("UPDATE catalog.files SET created_at = '2020-01-01Z' WHERE name = 'early'")
    await world.ask(
        "UPDATE catalog.dataset_files SET created_at = '2020-01-01Z' FROM catalog.files f "
        "WHERE f.id = file_id AND f.name = 'early'"
    )
    assert [await take(world, selection, ledger_id) for _ in range(4)] == [["c", "d"], ["e", "f"], ["early"], []]


async def test_another_query_begins_at_the_beginning(world: World, clock: MovableClock) -> None:
    await declare(world, clock, {name: {"r.n": number % 2} for number, name in enumerate("abcdef")})
    ledger_id = await open_ledger(world)
    odd = wish(world, "files from demo:reco where r.n = 1")
    assert await take(world, replace(odd, limit=2), ledger_id) == ["b", "d"]
    assert await take(world, replace(wish(world), limit=2), ledger_id) == ["a", "c"]
    assert await take(world, replace(wish(world), filters=(ValueWithin("r.n", 0, 0),), limit=5), ledger_id) == ["e"]
    assert await take(world, replace(odd, limit=2), ledger_id) == ["f"]


async def test_a_slice_that_is_rolled_back_moves_nothing(world: World, clock: MovableClock) -> None:
    await declare(world, clock, {name: {} for name in "abcd"})
    ledger_id = await open_ledger(world)
    kinds = [
        replace(wish(world), limit=2),
        replace(wish(world), budget=Budget(Measure.BYTES, 2)),
        replace(wish(world), part=Part(0, 2)),
    ]

    async def look(selection: Selection) -> None:
        async with world.db.write() as tx:
            assert len(await catalog.take_in(tx, selection=selection, ledger_id=ledger_id)) == 2
            raise ZeroDivisionError

    for selection in kinds:
        with pytest.raises(ZeroDivisionError):
            await look(selection)
    assert await take(world, kinds[0], ledger_id) == ["a", "b"]
    assert await take(world, kinds[1], ledger_id) == ["c", "d"]
    assert await world.count("SELECT part_count FROM catalog.ledgers WHERE id = $1", ledger_id) is None


@pytest.mark.parametrize(
    "change",
    [
        {"budget": Budget(Measure.BYTES, 7)},
        {"limit": 7},
        {"group_by": GroupBy("core.runs", is_ascending=True)},
    ],
)
async def test_slices_at_once_share_no_file(world: World, change: Mapping[str, object]) -> None:
    for run in range(6):
        await world.declare(*(f"f{run}.{number}" for number in range(10)), metadata={"core.runs": [[run, 1, "phys"]]})
    ledger_id = await open_ledger(world)
    selection = replace(wish(world), **change)  # type: ignore[arg-type]
    slices = await asyncio.gather(*(take(world, selection, ledger_id) for _ in range(10)))
    names = [name for one in slices for name in one]
    assert len(names) == len(set(names)) == 60


async def test_parts_at_once_are_of_one_pass(world: World) -> None:
    await world.declare(*(f"f{number}" for number in range(50)))
    ledger_id = await open_ledger(world)
    parts = await asyncio.gather(*(take(world, replace(wish(world), part=Part(n, 5)), ledger_id) for n in range(5)))
    assert [len(names) for names in parts] == [10] * 5
    assert len({name for names in parts for name in names}) == 50


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"budget": Budget(Measure.BYTES, 0)}, "at least 1"),
        ({"part": Part(2, 2)}, "one of 2, counted from 0"),
        ({"part": Part(-1, 2)}, "counted from 0"),
        ({"group_by": GroupBy("")}, "metadata key"),
        ({"filters": (ValueWithin("size", 1, 2),)}, "no metadata key"),
        ({"filters": (CreatedWithin(datetime(2026, 1, 1)),)}, "no time zone"),  # noqa: DTZ001 - what is refused
    ],
)
async def test_what_cannot_be_cut_is_refused(world: World, change: Mapping[str, object], said: str) -> None:
    with pytest.raises(InvalidInputError, match=said):
        await take(world, replace(wish(world), **change), None)  # type: ignore[arg-type]


async def test_ledgers_of_others_are_not_looked_at(world: World) -> None:
    async with world.db.write() as tx:
        foreign = await catalog.create_ledger_in(tx, experiment_id=world.other_experiment_id)
    async with world.db.read() as tx:
        with pytest.raises(LedgerNotFoundError):
            await catalog.count_in(tx, selection=wish(world), ledger_id=foreign)
        with pytest.raises(LedgerNotFoundError):
            await catalog.count_passed_over_in(tx, selection=wish(world), ledger_id=foreign)
