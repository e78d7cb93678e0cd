"""The tree of datasets: links are made once, never in a circle, also when several are made at once."""

from __future__ import annotations

import asyncio

import pytest
from tests.integration.catalog.world import World

from sutler.base.did import Did
from sutler.base.errors import InvalidInputError, NotPermittedError
from sutler.catalog import (
    DatasetCircleError,
    DatasetNotFoundError,
    add_child_dataset,
    create_dataset,
    ensure_dataset_in,
    get_dataset_relatives,
    remove_child_dataset,
)

_COUNT_LINKS = "SELECT count(*) FROM catalog.dataset_children"
_KINDS = "SELECT kind, facts FROM database.events WHERE kind LIKE 'catalog.subset%' ORDER BY seq"


def a(name: str) -> Did:
    return Did("demo", name)


@pytest.fixture
async def datasets(world: World) -> World:
    """Datasets demo:a to demo:f."""
    for name in "abcdef":
        await create_dataset(world.db, world["alice"], did=a(name))
    return world


async def link(world: World, parent: str, child: str, who: str = "alice") -> bool:
    return await add_child_dataset(world.db, world[who], parent=a(parent), child=a(child))


async def test_a_dataset_may_be_below_several_and_is_put_there_once(datasets: World) -> None:
    assert await link(datasets, "a", "c")
    assert not await link(datasets, "a", "c")
    assert await link(datasets, "b", "c")
    assert await link(datasets, "c", "d")
    assert await link(datasets, "c", "e")
    assert await link(datasets, "d", "f")
    found = await get_dataset_relatives(datasets.db, datasets["bob"], did=a("c"))
    assert (found.parents, found.children) == ((a("a"), a("b")), (a("d"), a("e")))
    assert (found.parent_count, found.child_count, found.superset_count, found.subset_count) == (2, 2, 2, 3)
    top = await get_dataset_relatives(datasets.db, datasets["bob"], did=a("a"))
    assert (top.parents, top.children, top.superset_count, top.subset_count) == ((), (a("c"),), 0, 4)
    events = [row["facts"] for row in await datasets.ask(_KINDS)]
    assert events[0] == {"children": ["demo:c"]}
    assert len(events) == 5


async def test_a_circle_is_refused_on_every_level(datasets: World) -> None:
    await link(datasets, "a", "b")
    await link(datasets, "b", "c")
    for parent, child in (("a", "a"), ("b", "a"), ("c", "a")):
        with pytest.raises(DatasetCircleError, match=f"demo:{child} cannot be a child of demo:{parent}"):
            await link(datasets, parent, child)
    assert await datasets.count(_COUNT_LINKS) == 2


async def test_the_owner_of_the_parent_decides(datasets: World) -> None:
    await create_dataset(datasets.db, datasets["petra"], did=Did("made", "p"))
    await add_child_dataset(datasets.db, datasets["alice"], parent=a("a"), child=Did("made", "p"))
    with pytest.raises(NotPermittedError):
        await add_child_dataset(datasets.db, datasets["alice"], parent=Did("made", "p"), child=a("b"))
    with pytest.raises(NotPermittedError):
        await link(datasets, "a", "b", who="bob")
    with pytest.raises(NotPermittedError):
        await remove_child_dataset(datasets.db, datasets["bob"], parent=a("a"), child=Did("made", "p"))
    assert await datasets.count(_COUNT_LINKS) == 1


async def test_datasets_that_are_not_there_or_of_others_are_not_linked(datasets: World) -> None:
    await create_dataset(datasets.db, datasets["zoe"], did=Did("far", "z"))
    for parent, child in ((a("a"), a("nosuch")), (a("nosuch"), a("a"))):
        with pytest.raises(DatasetNotFoundError, match="nosuch"):
            await add_child_dataset(datasets.db, datasets["alice"], parent=parent, child=child)
    with pytest.raises(InvalidInputError, match="another experiment"):
        await add_child_dataset(datasets.db, datasets["root"], parent=a("a"), child=Did("far", "z"))
    with pytest.raises(NotPermittedError):
        await get_dataset_relatives(datasets.db, datasets["zoe"], did=a("a"))
    with pytest.raises(DatasetNotFoundError):
        await get_dataset_relatives(datasets.db, datasets["alice"], did=a("nosuch"))
    assert await datasets.count(_COUNT_LINKS) == 0


async def test_a_link_is_taken_away_once(datasets: World) -> None:
    await link(datasets, "a", "b")
    assert await remove_child_dataset(datasets.db, datasets["alice"], parent=a("a"), child=a("b"))
    assert not await remove_child_dataset(datasets.db, datasets["alice"], parent=a("a"), child=a("b"))
    assert await datasets.count(_COUNT_LINKS) == 0
    assert await link(datasets, "b", "a")
    kinds = [row["kind"] for row in await datasets.ask(_KINDS)]
    assert kinds == ["catalog.subsets_added", "catalog.subset_removed", "catalog.subsets_added"]


async def test_links_that_would_close_a_circle_together_do_not(datasets: World) -> None:
    ring = list(zip("abcdef", "bcdefa", strict=True))
    for _ in range(3):
        ended = await asyncio.gather(*(link(datasets, *pair) for pair in ring), return_exceptions=True)
        assert sum(isinstance(end, DatasetCircleError) for end in ended) == 1, ended
        assert ended.count(True) == 5
        assert await datasets.count(_COUNT_LINKS) == 5
        for upper, lower in ring:
            await remove_child_dataset(datasets.db, datasets["alice"], parent=a(upper), child=a(lower))


async def test_a_circle_is_closed_neither_by_datasets_that_are_ensured(datasets: World) -> None:
    async def ensure(child: str, parent: str) -> None:
        async with datasets.db.write() as tx:
            await ensure_dataset_in(tx, did=a(child), username="alice", parent=a(parent))

    ended = await asyncio.gather(ensure("a", "b"), ensure("b", "c"), link(datasets, "a", "c"), return_exceptions=True)
    assert sum(isinstance(end, DatasetCircleError) for end in ended) == 1, ended
    assert await datasets.count(_COUNT_LINKS) == 2
