"""One file: found by name or fid, and its metadata changed."""

from __future__ import annotations

import asyncio

import pytest
from tests.integration.catalog.world import RECO, World

from sutler.base.clock import MovableClock
from sutler.base.did import Did
from sutler.base.errors import InvalidInputError, NotPermittedError
from sutler.catalog import UnknownFileError, get_file, update_metadata

A = Did("demo", "a")


async def test_a_file_is_found_by_name_and_by_fid(world: World) -> None:
    (reference,) = await world.declare("a")
    by_name = await get_file(world.db, world["bob"], did=A)
    assert by_name == await get_file(world.db, world["bob"], fid=reference.fid)
    assert (by_name.file.id, by_name.datasets, by_name.dataset_count) == (reference.id, (RECO,), 1)


async def test_unknown_unclear_and_foreign_files_are_refused(world: World) -> None:
    await world.declare("a")
    with pytest.raises(UnknownFileError, match="demo:b"):
        await get_file(world.db, world["bob"], did=Did("demo", "b"))
    with pytest.raises(UnknownFileError, match="nosuch"):
        await get_file(world.db, world["bob"], fid="nosuch")
    with pytest.raises(InvalidInputError, match="either"):
        await get_file(world.db, world["bob"])
    with pytest.raises(InvalidInputError, match="either"):
        await get_file(world.db, world["bob"], did=A, fid="x")
    for unusable in ("", "a\x00", "\ud800"):
        with pytest.raises(InvalidInputError):
            await get_file(world.db, world["bob"], fid=unusable)
    with pytest.raises(NotPermittedError):
        await get_file(world.db, world["zoe"], did=A)


async def test_merging_keeps_and_replacing_drops_other_keys(world: World, clock: MovableClock) -> None:
    await world.declare("a", metadata={"core.run": 1, "core.type": "raw"})
    merged = await update_metadata(world.db, world["alice"], did=A, metadata={"core.run": 2, "core.ok": None})
    assert merged.metadata == {"core.run": 2, "core.type": "raw", "core.ok": None}
    assert (merged.updated_by, merged.updated_at) == ("alice", clock.now())
    replaced = await update_metadata(world.db, world["alice"], did=A, metadata={"core.run": 3}, mode="replace")
    assert replaced.metadata == {"core.run": 3}
    assert (await get_file(world.db, world["bob"], did=A)).file == replaced
    (event, _) = await world.ask("SELECT * FROM database.events WHERE kind = 'catalog.metadata_changed' ORDER BY seq")
    assert (event["subject_kind"], event["subject_id"]) == ("file", replaced.fid)
    assert event["facts"] == {"keys": ["core.ok", "core.run"], "mode": "merge"}


async def test_merges_at_once_keep_each_others_keys(world: World) -> None:
    await world.declare("a")
    await asyncio.gather(
        *(update_metadata(world.db, world["alice"], did=A, metadata={f"core.k{n}": n}) for n in range(12))
    )
    kept = (await get_file(world.db, world["alice"], did=A)).file.metadata
    assert kept == {f"core.k{n}": n for n in range(12)}


async def test_metadata_are_changed_by_owners_and_only_to_something_valid(world: World) -> None:
    await world.declare("a")
    with pytest.raises(NotPermittedError):
        await update_metadata(world.db, world["bob"], did=A, metadata={"core.run": 1})
    with pytest.raises(InvalidInputError, match=r"demo:a: metadata 'run': a key is written category\.name"):
        await update_metadata(world.db, world["alice"], did=A, metadata={"run": 1})
    with pytest.raises(UnknownFileError):
        await update_metadata(world.db, world["alice"], did=Did("demo", "b"), metadata={})
    assert (await get_file(world.db, world["alice"], did=A)).file.updated_at is None
