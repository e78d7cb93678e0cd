"""Datasets: made, listed, put below each other, filled."""

from __future__ import annotations

import asyncio

import pytest
from tests.integration.catalog.world import RECO, World

from sutler.base.did import Did
from sutler.base.errors import InvalidInputError, NotPermittedError
from sutler.catalog import (
    DatasetCircleError,
    DatasetExistsError,
    DatasetFrozenError,
    DatasetNotFoundError,
    InvalidFilesError,
    NamespaceNotFoundError,
    NewFile,
    add_to_dataset,
    create_dataset,
    declare_files,
    ensure_dataset_in,
    get_dataset,
    list_datasets,
)

_LINKS = """
SELECT upper.name AS parent, lower.name AS child
FROM catalog.dataset_children JOIN catalog.datasets upper ON upper.id = parent_id
JOIN catalog.datasets lower ON lower.id = child_id ORDER BY 1, 2
"""


async def test_a_dataset_keeps_what_was_said_of_it(world: World) -> None:
    did = Did("demo", "raw")
    await create_dataset(
        world.db, world["alice"], did=did, description="raw data", metadata={"ds.year": 2026}, monotonic=True
    )
    kept = await get_dataset(world.db, world["bob"], did=did)
    assert (kept.did, kept.description, kept.metadata) == (did, "raw data", {"ds.year": 2026})
    assert (kept.frozen, kept.monotonic, kept.file_count, kept.created_by) == (False, True, 0, "alice")


async def test_a_dataset_is_made_once_by_owners_of_its_namespace(world: World) -> None:
    with pytest.raises(DatasetExistsError):
        await create_dataset(world.db, world["alice"], did=RECO)
    with pytest.raises(NotPermittedError):
        await create_dataset(world.db, world["bob"], did=Did("demo", "bobs"))
    with pytest.raises(NamespaceNotFoundError):
        await create_dataset(world.db, world["alice"], did=Did("nowhere", "x"))
    with pytest.raises(InvalidInputError, match="with a dot"):
        await create_dataset(world.db, world["alice"], did=Did("demo", "x"), metadata={"year": 1})


async def test_a_dataset_is_shown_to_its_experiment(world: World) -> None:
    with pytest.raises(NotPermittedError):
        await get_dataset(world.db, world["zoe"], did=RECO)
    with pytest.raises(DatasetNotFoundError):
        await get_dataset(world.db, world["alice"], did=Did("demo", "nosuch"))


async def test_datasets_are_listed_in_pages(world: World) -> None:
    for number in range(4):
        await create_dataset(world.db, world["alice"], did=Did("demo", f"d{number}"))
    await create_dataset(world.db, world["petra"], did=Did("made", "m"))
    await create_dataset(world.db, world["zoe"], did=Did("far", "f"))
    first = await list_datasets(world.db, world["bob"], limit=4)
    rest = await list_datasets(world.db, world["bob"], limit=4, after=first.next_cursor)
    assert [page.name for page in (*first.items, *rest.items)] == ["reco", "d0", "d1", "d2", "d3", "m"]
    assert rest.next_cursor is None
    made = await list_datasets(world.db, world["root"], namespace="made")
    assert [dataset.name for dataset in made.items] == ["m"]
    other = await list_datasets(world.db, world["root"], experiment="other_exp")
    assert [dataset.name for dataset in other.items] == ["f"]


async def test_files_are_added_once_and_counted_exactly(world: World) -> None:
    await world.declare("a", "b", "c", dataset=None)
    dids = [Did("demo", name) for name in "aab"]
    assert await add_to_dataset(world.db, world["alice"], did=RECO, files=dids) == 2
    assert await add_to_dataset(world.db, world["alice"], did=RECO, files=[Did("demo", "c"), *dids]) == 1
    assert await add_to_dataset(world.db, world["alice"], did=RECO, files=dids) == 0
    assert (await get_dataset(world.db, world["alice"], did=RECO)).file_count == 3
    counts = await world.ask("SELECT facts FROM database.events WHERE kind = 'catalog.files_added' ORDER BY seq")
    assert [row["facts"] for row in counts] == [{"count": 2}, {"count": 1}]


async def test_adding_at_once_counts_each_file_once(world: World) -> None:
    names = [f"f{number}" for number in range(60)]
    await world.declare(*names, dataset=None)
    added = await asyncio.gather(
        *(
            add_to_dataset(
                world.db,
                world["alice"],
                did=RECO,
                files=[Did("demo", name) for name in names[first * 5 : first * 5 + 25]],
            )
            for first in range(8)
        )
    )
    assert sum(added) == 60
    assert (await get_dataset(world.db, world["alice"], did=RECO)).file_count == 60


async def test_what_cannot_be_added_is_told_for_each_file(world: World) -> None:
    await world.declare("ok", "old", dataset=None)
    await world.ask("UPDATE catalog.files SET retired_at = now() WHERE name = 'old'")
    await declare_files(world.db, world["zoe"], files=[NewFile("far", "x")])
    files = [Did("demo", "ok"), Did("demo", "old"), Did("demo", "gone"), Did("far", "x")]
    with pytest.raises(InvalidFilesError) as caught:
        await add_to_dataset(world.db, world["alice"], did=RECO, files=files)
    assert [problem.where for problem in caught.value.problems] == ["demo:gone", "demo:old", "far:x"]
    assert (await get_dataset(world.db, world["alice"], did=RECO)).file_count == 0


async def test_frozen_unknown_and_foreign_datasets_take_no_files(world: World) -> None:
    await world.declare("a", dataset=None)
    await create_dataset(world.db, world["alice"], did=Did("demo", "ice"), frozen=True)
    with pytest.raises(DatasetFrozenError):
        await add_to_dataset(world.db, world["alice"], did=Did("demo", "ice"), files=[Did("demo", "a")])
    with pytest.raises(DatasetNotFoundError):
        await add_to_dataset(world.db, world["alice"], did=Did("demo", "nosuch"), files=[Did("demo", "a")])
    with pytest.raises(NotPermittedError):
        await add_to_dataset(world.db, world["bob"], did=RECO, files=[Did("demo", "a")])


async def test_ensuring_at_once_makes_dataset_parent_and_link_once(world: World) -> None:
    async def ensure(number: int) -> int:
        async with world.db.write() as tx:
            did = Did("demo", f"c.s.{number}")
            return (await ensure_dataset_in(tx, did=did, username="alice", parent=Did("demo", "c.s"))).id

    ids = await asyncio.gather(*(ensure(number % 3) for number in range(9)))
    assert len(set(ids)) == 3
    links = [(row["parent"], row["child"]) for row in await world.ask(_LINKS)]
    assert links == [("c.s", "c.s.0"), ("c.s", "c.s.1"), ("c.s", "c.s.2")]
    assert await world.count("SELECT count(*) FROM database.events WHERE kind = 'catalog.dataset_created'") == 5


async def test_a_dataset_cannot_come_below_itself(world: World) -> None:
    async def put(child: str, parent: str) -> None:
        async with world.db.write() as tx:
            await ensure_dataset_in(tx, did=Did("demo", child), username="alice", parent=Did("demo", parent))

    await put("b", "a")
    await put("c", "b")
    for child, parent in (("a", "c"), ("a", "a")):
        with pytest.raises(DatasetCircleError):
            await put(child, parent)
    await put("c", "a")
    assert len(await world.ask(_LINKS)) == 3
