"""Datasets: changed, removed, made of queries."""

from __future__ import annotations

import asyncio

import pytest
from tests.integration.catalog.world import RECO, World

from sutler.base.did import Did
from sutler.base.errors import InvalidInputError, NotPermittedError
from sutler.catalog import (
    DatasetExistsError,
    DatasetFrozenError,
    DatasetNotFoundError,
    InvalidFilesError,
    MqlError,
    NamespaceNotFoundError,
    add_child_dataset,
    add_to_dataset,
    count_files,
    create_dataset,
    get_dataset,
    get_dataset_relatives,
    remove_dataset,
    save_selection,
    update_dataset,
)

COPY = Did("demo", "copy")
RUN_NEEDED = {"core.run": {"type": "int", "required": True}}

_KINDS = "SELECT kind, facts, actor FROM database.events WHERE subject_id = $1 AND kind LIKE 'catalog.%' ORDER BY seq"


async def events_of(world: World, did: Did) -> list[tuple[object, object]]:
    return [(row["kind"], row["facts"]) for row in await world.ask(_KINDS, str(did))]


async def test_what_is_given_changes_and_the_rest_stays(world: World) -> None:
    await update_dataset(world.db, world["alice"], did=RECO, description="reconstructed", metadata={"ds.a": 1})
    changed = await update_dataset(
        world.db, world["alice"], did=RECO, frozen=True, metadata={"ds.b": 2}, requirements=RUN_NEEDED
    )
    assert changed == await get_dataset(world.db, world["bob"], did=RECO)
    assert (changed.description, changed.metadata, changed.frozen) == ("reconstructed", {"ds.a": 1, "ds.b": 2}, True)
    assert (changed.requirements, changed.monotonic, changed.updated_by) == (RUN_NEEDED, False, "alice")
    assert changed.updated_at == world.db.clock.now()
    replaced = await update_dataset(world.db, world["alice"], did=RECO, metadata={"ds.c": 3}, mode="replace")
    assert (replaced.metadata, replaced.frozen) == ({"ds.c": 3}, True)
    assert (await update_dataset(world.db, world["alice"], did=RECO, frozen=False)).frozen is False
    assert (await events_of(world, RECO))[1:] == [
        ("catalog.dataset_changed", {"fields": ["description", "metadata"]}),
        ("catalog.dataset_changed", {"fields": ["frozen", "metadata", "requirements"]}),
        ("catalog.dataset_changed", {"fields": ["metadata"]}),
        ("catalog.dataset_changed", {"fields": ["frozen"]}),
    ]


async def test_changing_nothing_leaves_no_trace(world: World) -> None:
    assert (await update_dataset(world.db, world["alice"], did=RECO)).updated_at is None
    assert len(await events_of(world, RECO)) == 1


async def test_a_change_that_cannot_be_made_changes_nothing(world: World) -> None:
    before = await get_dataset(world.db, world["alice"], did=RECO)
    with pytest.raises(InvalidInputError, match="with a dot"):
        await update_dataset(world.db, world["alice"], did=RECO, description="x", metadata={"nodot": 1})
    with pytest.raises(InvalidInputError, match="is not a type"):
        await update_dataset(
            world.db, world["alice"], did=RECO, description="x", requirements={"core.run": {"type": "whole"}}
        )
    with pytest.raises(InvalidInputError):
        await update_dataset(world.db, world["alice"], did=RECO, description="\0")
    with pytest.raises(NotPermittedError):
        await update_dataset(world.db, world["bob"], did=RECO, description="x")
    with pytest.raises(DatasetNotFoundError):
        await update_dataset(world.db, world["alice"], did=Did("demo", "nosuch"), description="x")
    assert await get_dataset(world.db, world["alice"], did=RECO) == before


async def test_changes_at_once_are_all_kept(world: World) -> None:
    await asyncio.gather(
        *(update_dataset(world.db, world["alice"], did=RECO, metadata={f"ds.k{n}": n}) for n in range(8))
    )
    kept = await get_dataset(world.db, world["alice"], did=RECO)
    assert kept.metadata == {f"ds.k{n}": n for n in range(8)}


async def test_removing_a_dataset_keeps_its_files_and_subsets(world: World) -> None:
    await world.declare("a", "b")
    for name in ("upper", "lower"):
        await create_dataset(world.db, world["alice"], did=Did("demo", name))
    await add_child_dataset(world.db, world["alice"], parent=Did("demo", "upper"), child=RECO)
    await add_child_dataset(world.db, world["alice"], parent=RECO, child=Did("demo", "lower"))
    await update_dataset(world.db, world["alice"], did=RECO, frozen=True, monotonic=True)
    await remove_dataset(world.db, world["alice"], did=RECO)
    with pytest.raises(DatasetNotFoundError):
        await get_dataset(world.db, world["alice"], did=RECO)
    assert await count_files(world.db, world["alice"], query="files", experiment="demo_exp") == 2
    assert (await get_dataset_relatives(world.db, world["alice"], did=Did("demo", "upper"))).child_count == 0
    assert (await get_dataset_relatives(world.db, world["alice"], did=Did("demo", "lower"))).parent_count == 0
    assert (await events_of(world, RECO))[-1] == ("catalog.dataset_removed", {"did": "demo:reco", "count": 2})
    await create_dataset(world.db, world["alice"], did=RECO)
    assert (await get_dataset(world.db, world["alice"], did=RECO)).file_count == 0


async def test_only_owners_remove_a_dataset_that_is_there(world: World) -> None:
    await world.declare("a")
    with pytest.raises(NotPermittedError):
        await remove_dataset(world.db, world["bob"], did=RECO)
    with pytest.raises(DatasetNotFoundError):
        await remove_dataset(world.db, world["alice"], did=Did("demo", "nosuch"))
    assert (await get_dataset(world.db, world["alice"], did=RECO)).file_count == 1


async def test_a_dataset_is_removed_once_while_others_fill_it(world: World) -> None:
    names = [f"f{number}" for number in range(40)]
    await world.declare(*names, dataset=None)

    async def add(number: int) -> object:
        files = [Did("demo", name) for name in names[number * 5 : number * 5 + 5]]
        return await add_to_dataset(world.db, world["alice"], did=RECO, files=files)

    ended = await asyncio.gather(
        *(add(number) for number in range(4)),
        remove_dataset(world.db, world["alice"], did=RECO),
        remove_dataset(world.db, world["alice"], did=RECO),
        *(add(number) for number in range(4, 8)),
        return_exceptions=True,
    )
    assert all(end in (None, 5) or isinstance(end, DatasetNotFoundError) for end in ended), ended
    assert ended[4:6].count(None) == 1
    assert await world.count("SELECT count(*) FROM catalog.dataset_files") == 0
    assert await world.count("SELECT count(*) FROM catalog.files") == 40


async def test_a_dataset_is_made_of_the_files_of_a_query(world: World) -> None:
    await world.declare("a", "b", "c", "d")
    await world.ask("UPDATE catalog.files SET retired_at = now() WHERE name = 'c'")
    made = await create_dataset(
        world.db,
        world["alice"],
        did=COPY,
        frozen=True,
        files_query="files demo:a, b, c",
    )
    assert (made.file_count, made.frozen) == (2, True)
    assert await count_files(world.db, world["alice"], query="files from demo:copy", experiment=None) == 2
    assert [kind for kind, _ in await events_of(world, COPY)] == ["catalog.dataset_created", "catalog.files_added"]
    with pytest.raises(DatasetFrozenError):
        await add_to_dataset(world.db, world["alice"], did=COPY, files=[Did("demo", "d")])


async def test_a_selection_is_saved_with_names_of_a_default_namespace(world: World) -> None:
    await world.declare("a", "b")
    saved = await save_selection(world.db, world["alice"], query="files a, b", did=COPY, default_namespace="demo")
    assert (saved.did, saved.file_count, saved.created_by) == (COPY, 2, "alice")
    with pytest.raises(DatasetExistsError):
        await save_selection(world.db, world["alice"], query="files", did=COPY)


async def test_a_filter_decides_what_is_saved(world: World) -> None:
    await world.declare(*(f"f{number}" for number in range(10)))
    query = "filter stride(5, 0)(files from demo:reco ordered)"
    assert (await save_selection(world.db, world["alice"], query=query, did=COPY)).file_count == 2


async def test_a_dataset_is_made_of_files_of_its_own_experiment_only(world: World) -> None:
    await world.declare("a")
    await world.ask(
        "INSERT INTO catalog.files (fid, namespace, name, experiment_id, created_at, created_by)"
        " VALUES ('F', 'far', 'x', $1, now(), 'zoe')",
        world.other_experiment_id,
    )
    assert (await save_selection(world.db, world["root"], query="files", did=COPY)).file_count == 1


@pytest.mark.parametrize(
    ("files_query", "subsets_query", "error"),
    [
        ("files frm", None, MqlError),
        ("datasets demo:reco", None, MqlError),
        ("files from demo:reco where core.a ~ '('", None, InvalidInputError),
        ("files selected by demo:nosuch", None, MqlError),
        (None, "files from demo:reco", MqlError),
        (None, "datasets matching", MqlError),
    ],
)
async def test_nothing_is_made_of_a_query_that_cannot_be_used(
    world: World, files_query: str | None, subsets_query: str | None, error: type[Exception]
) -> None:
    await world.declare("a", metadata={"core.a": "x"})
    with pytest.raises(error):
        await create_dataset(world.db, world["alice"], did=COPY, files_query=files_query, subsets_query=subsets_query)
    with pytest.raises(DatasetNotFoundError):
        await get_dataset(world.db, world["alice"], did=COPY)
    assert await events_of(world, COPY) == []


async def test_nothing_is_made_where_the_caller_may_not(world: World) -> None:
    with pytest.raises(NotPermittedError):
        await save_selection(world.db, world["bob"], query="files", did=COPY)
    with pytest.raises(NamespaceNotFoundError):
        await save_selection(world.db, world["alice"], query="files", did=Did("nosuch", "x"))


async def test_files_that_do_not_fulfil_the_requirements_make_no_dataset(world: World) -> None:
    await world.declare("good", metadata={"core.run": 1})
    await world.declare("bad", metadata={"core.run": "one"})
    await world.declare("none")
    with pytest.raises(InvalidFilesError) as refused:
        await create_dataset(
            world.db, world["alice"], did=COPY, requirements=RUN_NEEDED, files_query="files from demo:reco"
        )
    assert {problem.did for problem in refused.value.file_problems} == {"demo:bad", "demo:none"}
    with pytest.raises(DatasetNotFoundError):
        await get_dataset(world.db, world["alice"], did=COPY)
    query = "files from demo:reco where core.run = 1"
    made = await create_dataset(world.db, world["alice"], did=COPY, requirements=RUN_NEEDED, files_query=query)
    assert (made.file_count, made.requirements) == (1, RUN_NEEDED)


async def test_a_dataset_is_made_above_others_that_a_query_finds(world: World) -> None:
    for name in ("part-1", "part-2", "other"):
        await create_dataset(world.db, world["alice"], did=Did("demo", name))
    did = Did("demo", "part-all")
    await create_dataset(world.db, world["alice"], did=did, subsets_query="datasets matching demo:part-*")
    relatives = await get_dataset_relatives(world.db, world["alice"], did=did)
    assert relatives.children == (Did("demo", "part-1"), Did("demo", "part-2"))
    assert (await events_of(world, did))[-1] == (
        "catalog.subsets_added",
        {"children": ["demo:part-1", "demo:part-2"]},
    )


async def test_a_selection_that_is_saved_at_once_is_saved_once(world: World) -> None:
    await world.declare("a", "b")
    ended = await asyncio.gather(
        *(save_selection(world.db, world["alice"], query="files", did=COPY) for _ in range(5)),
        return_exceptions=True,
    )
    assert sum(isinstance(end, DatasetExistsError) for end in ended) == 4
    assert (await get_dataset(world.db, world["alice"], did=COPY)).file_count == 2
