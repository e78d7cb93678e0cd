"""Files of datasets: added and removed by name, by fid and by query, counted exactly, and read in parts."""

from __future__ import annotations

import asyncio

import pytest
from tests.integration.catalog.world import RECO, World

from sutler.base.did import Did
from sutler.base.errors import InvalidInputError, NotPermittedError
from sutler.catalog import (
    DatasetFrozenError,
    DatasetMonotonicError,
    DatasetNotFoundError,
    File,
    FileKey,
    InvalidFilesError,
    MqlError,
    NewFile,
    add_to_dataset,
    create_dataset,
    declare_files,
    get_dataset,
    list_dataset_files,
    remove_from_dataset,
    retire_file,
    update_dataset,
)

SOME = Did("demo", "some")
_COUNTS = """
SELECT d.file_count = count(f.id) FILTER (WHERE f.retired_at IS NULL)
FROM catalog.datasets d
LEFT JOIN catalog.dataset_files m ON m.dataset_id = d.id LEFT JOIN catalog.files f ON f.id = m.file_id
GROUP BY d.id
"""


def named(*names: str) -> list[Did]:
    return [Did("demo", name) for name in names]


async def count_in(world: World, did: Did) -> int:
    """What the dataset says of itself, after a look at whether that is true of all datasets."""
    assert all(next(iter(row.values())) for row in await world.ask(_COUNTS))
    return (await get_dataset(world.db, world["root"], did=did)).file_count


async def read_all(
    world: World, did: Did = RECO, *, with_metadata: bool = True, include_retired: bool = False
) -> list[File]:
    found = list_dataset_files(
        world.db, world["bob"], did=did, with_metadata=with_metadata, include_retired=include_retired
    )
    return [file async for part in found for file in part]


@pytest.fixture
async def filled(world: World) -> World:
    """Files demo:a to demo:e in demo:reco, with runs 0 to 4; an empty dataset demo:some."""
    for run, name in enumerate("abcde"):
        await world.declare(name, metadata={"core.run": run})
    await create_dataset(world.db, world["alice"], did=SOME)
    return world


async def test_files_are_added_by_fid_and_by_query_too(filled: World) -> None:
    [fid] = [file.fid for file in await read_all(filled) if file.name == "a"]
    add = filled.db, filled["alice"]
    assert await add_to_dataset(*add, did=SOME, files=[fid, Did("demo", "b"), Did("demo", "a")]) == 2
    assert await add_to_dataset(*add, did=SOME, query="files from demo:reco where core.run > 0") == 3
    assert await add_to_dataset(*add, did=SOME, query="files a, b", default_namespace="demo") == 0
    assert await count_in(filled, SOME) == 5


async def test_files_are_removed_by_name_and_by_query(filled: World) -> None:
    remove = filled.db, filled["alice"]
    assert await remove_from_dataset(*remove, did=RECO, files=[*named("a", "b", "nosuch"), "NoSuchFid"]) == 2
    assert await remove_from_dataset(*remove, did=RECO, files=named("a")) == 0
    assert await remove_from_dataset(*remove, did=RECO, query="files from demo:reco where core.run >= 3") == 2
    assert [file.name for file in await read_all(filled)] == ["c"]
    assert await count_in(filled, RECO) == 1
    rows = await filled.ask("SELECT facts FROM database.events WHERE kind = 'catalog.files_removed' ORDER BY seq")
    assert [row["facts"] for row in rows] == [{"count": 2}, {"count": 2}]


async def test_counts_leave_out_retired_files_whatever_is_done_to_them(filled: World) -> None:
    await retire_file(filled.db, filled["alice"], key=Did("demo", "a"), retire=True)
    assert await count_in(filled, RECO) == 4
    assert await remove_from_dataset(filled.db, filled["alice"], did=RECO, files=named("a", "b")) == 2
    assert await count_in(filled, RECO) == 3
    assert await add_to_dataset(filled.db, filled["alice"], did=SOME, query="files demo:a, demo:b") == 1
    assert await count_in(filled, SOME) == 1


async def test_monotonic_datasets_grow_only_and_frozen_ones_stay(filled: World) -> None:
    alice = filled["alice"]
    await update_dataset(filled.db, alice, did=SOME, monotonic=True)
    assert await add_to_dataset(filled.db, alice, did=SOME, files=named("a", "b")) == 2
    with pytest.raises(DatasetMonotonicError):
        await remove_from_dataset(filled.db, alice, did=SOME, files=named("a"))
    await update_dataset(filled.db, alice, did=SOME, frozen=True, monotonic=False)
    with pytest.raises(DatasetFrozenError):
        await remove_from_dataset(filled.db, alice, did=SOME, files=named("a"))
    for way in ({"files": named("c")}, {"query": "files demo:c"}):
        with pytest.raises(DatasetFrozenError):
            await add_to_dataset(filled.db, alice, did=SOME, **way)
    with pytest.raises(DatasetFrozenError):
        await declare_files(filled.db, alice, files=[NewFile("demo", "new")], dataset=SOME)
    assert await count_in(filled, SOME) == 2
    assert await filled.count("SELECT count(*) FROM catalog.files WHERE name = 'new'") == 0


async def test_only_owners_change_what_a_dataset_holds(filled: World) -> None:
    for way in ({"files": named("a")}, {"query": "files"}):
        with pytest.raises(NotPermittedError):
            await add_to_dataset(filled.db, filled["bob"], did=SOME, **way)
        with pytest.raises(NotPermittedError):
            await remove_from_dataset(filled.db, filled["bob"], did=RECO, **way)
    for operation in (add_to_dataset, remove_from_dataset):
        with pytest.raises(DatasetNotFoundError):
            await operation(filled.db, filled["alice"], did=Did("demo", "nosuch"), files=named("a"))
    assert (await count_in(filled, RECO), await count_in(filled, SOME)) == (5, 0)


async def test_questions_that_cannot_be_used_change_nothing(filled: World) -> None:
    for operation in (add_to_dataset, remove_from_dataset):
        with pytest.raises(MqlError):
            await operation(filled.db, filled["alice"], did=RECO, query="files frm x")
        with pytest.raises(MqlError):
            await operation(filled.db, filled["alice"], did=RECO, query="datasets demo:reco")
        with pytest.raises(InvalidInputError, match="not both"):
            await operation(filled.db, filled["alice"], did=RECO, query="files", files=named("a"))
        with pytest.raises(InvalidInputError):
            await operation(filled.db, filled["alice"], did=RECO, files=[Did("demo", "a b")])
    assert await count_in(filled, RECO) == 5


async def test_files_that_cannot_be_found_may_be_passed_over(filled: World) -> None:
    files: list[FileKey] = [*named("a", "nosuch"), "NoSuchFid", Did("far", "x")]
    with pytest.raises(InvalidFilesError) as refused:
        await add_to_dataset(filled.db, filled["alice"], did=SOME, files=files)
    assert {problem.where for problem in refused.value.problems} == {"demo:nosuch", "NoSuchFid", "far:x"}
    assert await count_in(filled, SOME) == 0
    assert await add_to_dataset(filled.db, filled["alice"], did=SOME, files=files, skips_unknown=True) == 1


async def test_what_a_dataset_requires_holds_for_files_that_are_added(filled: World) -> None:
    await update_dataset(
        filled.db, filled["alice"], did=SOME, requirements={"core.run": {"type": "int", "min": 1, "required": True}}
    )
    await filled.declare("plain", dataset=None)
    files = named("b", "a", "plain")
    with pytest.raises(InvalidFilesError) as refused:
        await add_to_dataset(filled.db, filled["alice"], did=SOME, files=files)
    found = {problem.did: problem for problem in refused.value.file_problems}
    assert {did: problem.index for did, problem in found.items()} == {"demo:a": 1, "demo:plain": 2}
    assert [part.key for part in found["demo:a"].metadata_problems] == ["core.run"]
    assert await count_in(filled, SOME) == 0
    with pytest.raises(InvalidFilesError):
        await add_to_dataset(filled.db, filled["alice"], did=SOME, query="files from demo:reco")
    query = "files from demo:reco where core.run >= 1"
    assert await add_to_dataset(filled.db, filled["alice"], did=SOME, query=query) == 4


async def test_adding_removing_and_retiring_at_once_leaves_exact_counts(filled: World) -> None:
    names = [f"f{number}" for number in range(30)]
    await filled.declare(*names)
    alice = filled["alice"]
    for _ in range(3):
        await asyncio.gather(
            *(
                add_to_dataset(
                    filled.db, alice, did=SOME, query=f"files {names[n]}, {names[n + 1]}", default_namespace="demo"
                )
                for n in range(10)
            ),
            *(remove_from_dataset(filled.db, alice, did=RECO, files=named(names[n], names[29 - n])) for n in range(10)),
            *(retire_file(filled.db, alice, key=Did("demo", names[n]), retire=True) for n in range(0, 10, 2)),
            add_to_dataset(filled.db, alice, did=RECO, query="files from demo:some"),
        )
        await count_in(filled, SOME)
        await asyncio.gather(
            *(retire_file(filled.db, alice, key=Did("demo", names[n]), retire=False) for n in range(0, 10, 2)),
            remove_from_dataset(filled.db, alice, did=SOME, query="files from demo:some"),
            add_to_dataset(filled.db, alice, did=RECO, query="files"),
        )
        await count_in(filled, SOME)


async def test_the_files_of_a_dataset_come_in_order_with_what_is_asked_for(filled: World) -> None:
    await retire_file(filled.db, filled["alice"], key=Did("demo", "b"), retire=True)
    files = await read_all(filled)
    assert [(file.name, file.metadata) for file in files] == [
        (name, {"core.run": run}) for run, name in enumerate("abcde") if name != "b"
    ]
    assert [file.name for file in await read_all(filled, include_retired=True)] == list("abcde")
    assert {str(file.metadata) for file in await read_all(filled, with_metadata=False)} == {"{}"}
    assert await read_all(filled, SOME) == []


async def test_a_dataset_larger_than_a_part_is_read_whole(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sutler.catalog.operations.dataset_files.FILES_AT_ONCE", 4)
    for count in (3, 4, 5, 8, 9):
        await world.declare(*(f"f{number}" for number in range(count)))
        assert len({file.id for file in await read_all(world)}) == count


async def test_the_files_of_a_dataset_are_for_its_experiment(filled: World) -> None:
    with pytest.raises(NotPermittedError):
        await anext(list_dataset_files(filled.db, filled["zoe"], did=RECO))
    with pytest.raises(DatasetNotFoundError):
        await anext(list_dataset_files(filled.db, filled["bob"], did=Did("demo", "nosuch")))
