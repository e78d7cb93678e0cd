"""Slices of a catalogue elsewhere, cut from the kept answer as those of the built-in one are."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

import pytest
from tests.integration.catalog.world import World
from tests.integration.elsewhere import Elsewhere

from sutler import catalog
from sutler.auth import Role
from sutler.base.did import Did
from sutler.base.errors import InvalidInputError
from sutler.catalog import (
    Budget,
    CreatedWithin,
    GroupBy,
    LedgerPartsError,
    Measure,
    Part,
    PreparedSelection,
    Selection,
    SourceFile,
)

AT = datetime(2026, 3, 1, tzinfo=UTC)


@dataclass
class Described(Elsewhere):
    """One that says what it was asked, and tells metadata to those who ask for them."""

    queries: list[str] = field(default_factory=list)
    with_metadata: bool = False

    def describe(self, name: str, *, size: int | None = 1, **metadata: object) -> None:
        """Let a file be there; a double underscore in the name of a value is a dot."""
        document = {key.replace("__", "."): item for key, item in metadata.items()}
        self.files[Did("far", name)] = SourceFile(f"fid{len(self.files)}", "far", name, size, metadata=document)

    async def select(
        self,
        query: str,
        *,
        skip: int = 0,
        limit: int | None = None,
        with_metadata: bool = False,
        with_provenance: bool = False,
    ) -> AsyncIterator[list[SourceFile]]:
        """All files, whatever is asked."""
        self.queries.append(query)
        self.with_metadata = with_metadata
        async for files in super().select(query, skip=skip, limit=limit, with_provenance=with_provenance):
            yield files if with_metadata else [replace(file, metadata={}) for file in files]


async def open_ledger(world: World) -> int:
    async with world.db.write() as tx:
        return await catalog.create_ledger_in(tx, experiment_id=world.experiment_id)


def wish(world: World) -> Selection:
    return Selection("files from far:all", world.experiment_id)


async def prepare(world: World, far: Elsewhere, selection: Selection, ledger_id: int | None) -> PreparedSelection:
    prepared = await catalog.prepare_selection(
        world.db, far, selection=selection, ledger_id=ledger_id, role=Role.PRODUCTION
    )
    assert prepared is not None
    return prepared


async def take_prepared(world: World, prepared: PreparedSelection, ledger_id: int | None) -> list[str]:
    async with world.db.write() as tx:
        taken = await catalog.take_prepared_in(
            tx,
            prepared=prepared,
            experiment_id=world.experiment_id,
            ledger_id=ledger_id,
            limit=prepared.selection.limit,
        )
    await catalog.discard_selection(world.db, selection_id=prepared.id)
    return [file.name for file in taken]


async def take(world: World, far: Elsewhere, selection: Selection, ledger_id: int | None) -> list[str]:
    return await take_prepared(world, await prepare(world, far, selection, ledger_id), ledger_id)


async def test_filters_are_asked_there_and_all_of_the_answer_is_looked_at(world: World) -> None:
    far, ledger_id = Described(), await open_ledger(world)
    for name in "abcd":
        far.describe(name)
    selection = replace(wish(world), filters=(CreatedWithin(after=AT),), limit=3)
    assert [await take(world, far, selection, ledger_id) for _ in range(3)] == [["a", "b", "c"], ["d"], []]
    narrowed = 'files from far:all where created_timestamp > datetime("2026-03-01T00:00:00+00:00")'
    assert set(far.queries) == {narrowed}
    assert set(far.asked) == {(0, None)}, "what the ledger has may be of other windows"


async def test_groups_are_cut_from_what_was_answered(world: World) -> None:
    far, ledger_id = Described(), await open_ledger(world)
    far.describe("a")
    far.describe("b", core__runs=[[7, 1, "phys"]])
    far.describe("c", core__runs=[3])
    far.describe("d", core__runs=[[3, 1, "phys"], [7, 1, "phys"]])
    selection = replace(wish(world), group_by=GroupBy("core.runs"))
    prepared = await prepare(world, far, selection, ledger_id)
    async with world.db.read() as tx:
        assert await catalog.count_prepared_passed_over_in(tx, prepared=prepared) == 1
    assert await take_prepared(world, prepared, ledger_id) == ["b", "d"]
    assert [await take(world, far, selection, ledger_id) for _ in range(2)] == [["c"], []]
    ascending = replace(wish(world), group_by=GroupBy("core.runs", is_ascending=True))
    assert await take(world, far, ascending, await open_ledger(world)) == ["c", "d"]
    assert await take(world, far, ascending, None) == ["c", "d"]


async def test_amounts_are_asked_for_until_there_is_enough(world: World) -> None:
    far, ledger_id = Described(page=1), await open_ledger(world)
    for name, size in zip("abcdef", [4, 5, None, 20, 1, 1], strict=True):
        far.describe(name, size=size)
    selection = replace(wish(world), budget=Budget(Measure.BYTES, 10))
    prepared = await prepare(world, far, selection, ledger_id)
    assert not prepared.is_all
    assert await world.count("SELECT count(*) FROM catalog.selection_files") == 4
    assert await take_prepared(world, prepared, ledger_id) == ["a", "b", "c"]
    assert not far.with_metadata
    assert [await take(world, far, selection, ledger_id) for _ in range(3)] == [["d"], ["e", "f"], []]


async def test_events_are_told_by_the_metadata_there(world: World) -> None:
    far, ledger_id = Described(), await open_ledger(world)
    for name, events in zip("abcde", [60, None, 40, "many", 0.5], strict=True):
        far.describe(name, core__event_count=events)
    selection = replace(wish(world), budget=Budget(Measure.EVENTS, 100), limit=9)
    assert [await take(world, far, selection, ledger_id) for _ in range(2)] == [["a", "b", "c", "d"], ["e"]]
    assert far.with_metadata


async def test_parts_are_made_of_the_first_answer(world: World) -> None:
    far, ledger_id = Described(), await open_ledger(world)
    for name in "abcde":
        far.describe(name)
    first, second = (replace(wish(world), part=Part(number, 2)) for number in (0, 1))
    assert await take(world, far, first, None) == ["a", "c", "e"]
    assert await take(world, far, first, ledger_id) == ["a", "c", "e"]
    far.describe("z")
    assert await take(world, far, second, ledger_id) == ["b", "d"]
    assert await take(world, far, first, ledger_id) == []
    with pytest.raises(LedgerPartsError):
        await take(world, far, replace(wish(world), part=Part(0, 3)), ledger_id)


async def test_parts_at_once_are_of_one_pass(world: World) -> None:
    far, ledger_id = Described(), await open_ledger(world)
    for number in range(20):
        far.describe(f"f{number}")
    answers = [await prepare(world, far, replace(wish(world), part=Part(number, 4)), ledger_id) for number in range(4)]
    parts = await asyncio.gather(*(take_prepared(world, one, ledger_id) for one in answers))
    assert [len(names) for names in parts] == [5] * 4
    assert len({name for names in parts for name in names}) == 20


async def test_a_part_of_a_group_is_not_possible_there(world: World) -> None:
    selection = replace(wish(world), part=Part(0, 2), group_by=GroupBy("core.runs"))
    with pytest.raises(InvalidInputError, match="not possible with a catalogue elsewhere"):
        await prepare(world, Described(), selection, None)
    assert await world.count("SELECT count(*) FROM catalog.selections") == 0
