"""Changing the metadata of files that come part by part, each in its own way."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Sequence

import pytest
from tests.integration.catalog.world import World

from sutler.auth import Role
from sutler.base.did import Did
from sutler.base.errors import NotPermittedError
from sutler.catalog import (
    InvalidFilesError,
    MetadataChange,
    NewFile,
    create_category,
    declare_files,
    get_file,
    update_streamed_metadata,
)


@pytest.fixture(autouse=True)
def small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Parts of two files, so that a few files are many parts."""
    monkeypatch.setattr("sutler.catalog.operations.changing_streams.FILES_AT_ONCE", 2)


@pytest.fixture
async def five(world: World) -> World:
    """A catalogue with the files demo:0 to demo:4, whose fids are fid0 to fid4."""
    files = [NewFile("demo", f"{n}", fid=f"fid{n}", metadata={"core.n": n, "core.same": True}) for n in range(5)]
    await declare_files(world.db, world["alice"], files=files)
    return world


def named(number: int) -> Did:
    return Did("demo", f"{number}")


async def change(world: World, changes: Iterable[MetadataChange], *, who: str = "alice") -> int:
    async def come() -> AsyncIterator[Sequence[MetadataChange]]:
        yield list(changes)

    return await update_streamed_metadata(world.db, world[who], parts=come(), call=lambda n: f"line {n}")


async def read(world: World, number: int) -> object:
    return (await get_file(world.db, world["bob"], did=named(number))).file.metadata


async def test_each_file_gets_its_own_metadata(five: World) -> None:
    changes = [
        MetadataChange(named(0), {"core.n": 10}),
        MetadataChange("fid1", {"core.x": [1, None]}, "replace"),
        MetadataChange(named(2), {}),
        MetadataChange("fid3", {}, "replace"),
        MetadataChange(named(4), {"core.y": 0.5}),
    ]
    assert await change(five, changes) == 5
    assert [await read(five, number) for number in range(5)] == [
        {"core.n": 10, "core.same": True},
        {"core.x": [1, None]},
        {"core.n": 2, "core.same": True},
        {},
        {"core.n": 4, "core.same": True, "core.y": 0.5},
    ]
    kept = (await get_file(five.db, five["bob"], did=named(0))).file
    assert kept.updated_by == "alice"


async def test_a_stream_leaves_an_event_for_each_namespace_and_mode(five: World) -> None:
    modes: list[MetadataChange] = [MetadataChange(named(n), {f"core.k{n}": n}) for n in range(3)]
    await change(five, [*modes, MetadataChange(named(3), {"core.z": 1}, "replace")])
    rows = await five.ask(
        "SELECT subject_id, facts FROM database.events WHERE kind = 'catalog.metadata_changed' ORDER BY seq"
    )
    assert [(row["subject_id"], row["facts"]) for row in rows] == [
        ("demo", {"keys": ["core.k0", "core.k1", "core.k2"], "mode": "merge", "count": 3}),
        ("demo", {"keys": ["core.z"], "mode": "replace", "count": 1}),
    ]


@pytest.mark.parametrize("again", [named(0), "fid0"])
@pytest.mark.parametrize("at", [1, 4])
async def test_a_file_given_twice_is_refused_in_the_same_part_and_in_another(
    five: World, again: Did | str, at: int
) -> None:
    changes = [MetadataChange(named(n), {"core.n": 100}) for n in range(5)]
    changes.insert(at, MetadataChange(again, {"core.n": 7}))
    with pytest.raises(InvalidFilesError) as caught:
        await change(five, changes)
    assert [problem.where for problem in caught.value.problems] == [f"line {at + 1}"]
    assert await read(five, 0) == {"core.n": 0, "core.same": True}


async def test_an_unknown_file_in_a_late_part_undoes_everything(five: World) -> None:
    changes = [*(MetadataChange(named(n), {"core.n": 100}) for n in range(5)), MetadataChange("gone", {"core.n": 1})]
    with pytest.raises(InvalidFilesError, match="line 6: gone is not in the catalogue"):
        await change(five, changes)
    assert await read(five, 0) == {"core.n": 0, "core.same": True}


async def test_what_cannot_be_stored_is_told_by_its_place(five: World) -> None:
    changes = [MetadataChange(named(0), {"core.n": 1}), MetadataChange(named(1), {"nodot": 1, "core.f": float("nan")})]
    with pytest.raises(InvalidFilesError) as caught:
        await change(five, changes)
    assert [problem.where for problem in caught.value.problems] == ["line 2", "line 2"]


async def test_rules_of_categories_hold_for_each_mode(five: World) -> None:
    constraints = {"n": {"type": "int", "max": 50, "required": True}}
    await create_category(
        five.db,
        five["root"],
        experiment="demo_exp",
        path="core",
        owner_role=Role.PRODUCTION,
        required=True,
        constraints=constraints,
    )
    wrong = [
        MetadataChange(named(0), {"core.x": 1}),
        MetadataChange(named(1), {"core.n": 51}),
        MetadataChange(named(2), {"core.n": 5}, "replace"),
    ]
    with pytest.raises(InvalidFilesError) as caught:
        await change(five, wrong)
    assert [problem.where for problem in caught.value.problems] == ["line 2"]
    with pytest.raises(InvalidFilesError, match="required and missing"):
        await change(five, [MetadataChange(named(0), {"core.x": 1}, "replace")])


async def test_others_may_not_change_metadata_and_files_of_two_experiments_do_not_mix(five: World) -> None:
    with pytest.raises(NotPermittedError):
        await change(five, [MetadataChange(named(0), {"core.n": 1})], who="bob")
    await declare_files(five.db, five["zoe"], files=[NewFile("far", "x", fid="farx")])
    changes = [MetadataChange(named(0), {"core.n": 1}), MetadataChange(named(1), {}), MetadataChange("farx", {})]
    with pytest.raises(InvalidFilesError, match="line 3: farx belongs to another experiment"):
        await change(five, changes, who="root")
    assert await read(five, 0) == {"core.n": 0, "core.same": True}


async def test_a_stream_of_nothing_changes_nothing(five: World) -> None:
    assert await change(five, []) == 0
