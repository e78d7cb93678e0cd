"""Selections of a catalogue elsewhere: prepared before a transaction, taken from inside it, each file once."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest
from tests.integration.catalog.world import World
from tests.integration.elsewhere import PLACE, Elsewhere

from sutler import catalog
from sutler.auth import Role
from sutler.base.clock import MovableClock
from sutler.catalog import (
    BuiltInOnly,
    PreparedSelection,
    PreparedSelectionGoneError,
    RemoteCatalogUnavailableError,
    Selection,
)


async def _prepare(
    world: World, far: Elsewhere, *, ledger_id: int | None = None, limit: int | None = None
) -> PreparedSelection:
    selection = Selection("files from far:all", world.experiment_id, limit)
    prepared = await catalog.prepare_selection(
        world.db, far, selection=selection, ledger_id=ledger_id, role=Role.PRODUCTION
    )
    assert prepared is not None
    return prepared


async def _take(world: World, prepared: PreparedSelection, *, ledger_id: int | None, limit: int | None) -> list[str]:
    async with world.db.write() as tx:
        taken = await catalog.take_prepared_in(
            tx, prepared=prepared, experiment_id=world.experiment_id, ledger_id=ledger_id, limit=limit
        )
    await catalog.discard_selection(world.db, selection_id=prepared.id)
    return [file.name for file in taken]


async def _open_ledger(world: World) -> int:
    async with world.db.write() as tx:
        return await catalog.create_ledger_in(tx, experiment_id=world.experiment_id)


async def test_an_experiment_without_a_catalogue_elsewhere_has_nothing_prepared(world: World) -> None:
    selection = Selection("files from demo:reco", world.experiment_id)
    prepared = await catalog.prepare_selection(
        world.db, BuiltInOnly(), selection=selection, ledger_id=None, role=Role.ANALYSIS
    )
    assert prepared is None
    assert await world.count("SELECT count(*) FROM catalog.selections") == 0


async def test_slices_follow_each_other_without_a_file_twice_or_left_out(world: World) -> None:
    far, ledger_id = Elsewhere(), await _open_ledger(world)
    far.add(*(f"f{number}" for number in range(8)))
    slices = []
    for _ in range(4):
        prepared = await _prepare(world, far, ledger_id=ledger_id, limit=3)
        assert prepared.place == PLACE
        slices.append(await _take(world, prepared, ledger_id=ledger_id, limit=3))
    assert slices == [["f0", "f1", "f2"], ["f3", "f4", "f5"], ["f6", "f7"], []]
    assert far.asked[:2] == [(0, 3), (3, 3)], "what the ledger has is passed over where the files are"
    assert await world.count("SELECT count(*) FROM catalog.selection_files") == 0
    assert await world.count("SELECT count(*) FROM catalog.selections") == 0


async def test_files_that_went_there_meanwhile_hide_none_of_the_others(world: World) -> None:
    far, ledger_id = Elsewhere(), await _open_ledger(world)
    far.add("a", "b", "c", "d")
    await _take(world, await _prepare(world, far, ledger_id=ledger_id, limit=2), ledger_id=ledger_id, limit=2)
    for did in list(far.files)[:2]:
        del far.files[did]
    prepared = await _prepare(world, far, ledger_id=ledger_id, limit=2)
    assert await _take(world, prepared, ledger_id=ledger_id, limit=2) == ["c", "d"]
    assert far.asked[-1] == (0, None), "the whole selection was looked at once more"


async def test_two_answers_with_the_same_files_give_each_out_once(world: World) -> None:
    far, ledger_id = Elsewhere(), await _open_ledger(world)
    far.add("a", "b", "c")
    answers = [await _prepare(world, far, ledger_id=ledger_id, limit=2) for _ in range(2)]
    taken = await asyncio.gather(*(_take(world, one, ledger_id=ledger_id, limit=2) for one in answers))
    assert sorted(name for names in taken for name in names) == ["a", "b"]


async def test_without_a_ledger_all_files_are_there_each_time(world: World) -> None:
    far = Elsewhere()
    far.add("a", "b", "c", "d")
    for _ in range(2):
        prepared = await _prepare(world, far)
        assert prepared.is_all
        assert await _take(world, prepared, ledger_id=None, limit=None) == ["a", "b", "c", "d"]


async def test_an_answer_that_breaks_off_leaves_nothing(world: World) -> None:
    far = Elsewhere(failure=RemoteCatalogUnavailableError("away"))
    with pytest.raises(RemoteCatalogUnavailableError):
        await _prepare(world, far)
    assert await world.count("SELECT count(*) FROM catalog.selections") == 0


async def test_an_answer_that_was_removed_is_not_taken_for_an_empty_one(world: World) -> None:
    far = Elsewhere()
    far.add("a")
    prepared = await _prepare(world, far)
    await catalog.discard_selection(world.db, selection_id=prepared.id)
    with pytest.raises(PreparedSelectionGoneError):
        await _take(world, prepared, ledger_id=None, limit=None)


async def test_an_answer_of_a_server_that_died_is_removed_after_an_hour(world: World, clock: MovableClock) -> None:
    far = Elsewhere()
    far.add("a")
    await _prepare(world, far)
    assert await catalog.discard_old_selections(world.db, count=10) == 0
    clock.advance(timedelta(hours=1, seconds=1))
    assert await catalog.discard_old_selections(world.db, count=10) == 1
    assert await world.count("SELECT count(*) FROM catalog.selection_files") == 0
