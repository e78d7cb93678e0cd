"""Retiring and deleting files, and the counts of their datasets."""

from __future__ import annotations

import asyncio
import random
from dataclasses import replace

import pytest
from tests.integration.catalog.world import RECO, World

from sutler.auth import TokenKind
from sutler.base.clock import MovableClock
from sutler.base.did import Did
from sutler.base.errors import InvalidInputError, NotPermittedError
from sutler.catalog import (
    DatasetNotFoundError,
    FileKey,
    NewFile,
    UnknownFileError,
    add_to_dataset,
    count_files,
    create_dataset,
    declare_files,
    declare_files_in,
    delete_file,
    get_dataset,
    get_file,
    remove_dataset,
    remove_from_dataset,
    retire_file,
)

A, B = Did("demo", "a"), Did("demo", "b")
SECOND = Did("demo", "second")

_WRONG_COUNTS = """
SELECT name, file_count, (
    SELECT count(*) FROM catalog.dataset_files AS member JOIN catalog.files AS file ON file.id = member.file_id
    WHERE member.dataset_id = dataset.id AND file.retired_at IS NULL
) AS exact_count
FROM catalog.datasets AS dataset
"""


async def assert_counts_are_exact(world: World) -> None:
    for row in await world.ask(_WRONG_COUNTS):
        assert row["file_count"] == row["exact_count"], row["name"]


async def count(world: World, did: Did = RECO) -> int:
    """Return how many files a dataset says it has."""
    return (await get_dataset(world.db, world["root"], did=did)).file_count


async def test_a_retired_file_is_passed_over_until_that_is_taken_back(world: World, clock: MovableClock) -> None:
    (a, _) = await world.declare("a", "b")
    await create_dataset(world.db, world["alice"], did=SECOND)
    await add_to_dataset(world.db, world["alice"], did=SECOND, files=[A])
    retired = await retire_file(world.db, world["alice"], key=A)
    assert (retired.fid, retired.retired_at, retired.retired_by) == (a.fid, clock.now(), "alice")
    assert (await count(world), await count(world, SECOND)) == (1, 0)
    assert await count_files(world.db, world["bob"], query="files from demo:reco", experiment="demo_exp") == 1
    view = await get_file(world.db, world["bob"], did=A)
    assert (view.file.retired_by, view.dataset_count) == ("alice", 2)
    restored = await retire_file(world.db, world["alice"], key=a.fid, retire=False)
    assert (restored.retired_at, restored.retired_by, restored.updated_by) == (None, None, "alice")
    assert (await count(world), await count(world, SECOND)) == (2, 1)
    events = await world.ask("SELECT * FROM database.events WHERE subject_kind = 'file' ORDER BY seq")
    assert [(event["kind"], event["subject_id"], event["facts"]) for event in events] == [
        ("catalog.file_retired", a.fid, {"did": "demo:a"}),
        ("catalog.file_restored", a.fid, {"did": "demo:a"}),
    ]


async def test_retiring_again_changes_nothing(world: World, clock: MovableClock) -> None:
    await world.declare("a", "b")
    first = await retire_file(world.db, world["alice"], key=A)
    assert await retire_file(world.db, world["root"], key=A) == first
    assert (await retire_file(world.db, world["alice"], key=B, retire=False)).updated_at is None
    assert await count(world) == 1
    assert await world.count("SELECT count(*) FROM database.events WHERE kind = 'catalog.file_retired'") == 1


async def test_retiring_at_once_counts_once(world: World) -> None:
    await world.declare("a", "b")
    await asyncio.gather(*(retire_file(world.db, world["alice"], key=A) for _ in range(8)))
    assert await count(world) == 1
    assert await world.count("SELECT count(*) FROM database.events WHERE kind = 'catalog.file_retired'") == 1


async def test_a_deleted_file_is_gone_everywhere_and_its_names_are_free(world: World) -> None:
    (a, b) = await world.declare("a", "b")
    await declare_files(
        world.db,
        world["alice"],
        files=[NewFile("demo", "child", 1, parents=(A,)), NewFile("demo", "a", 1, parents=(B,))],
    )
    assert await delete_file(world.db, world["alice"], key=A) == a.fid
    with pytest.raises(UnknownFileError):
        await get_file(world.db, world["alice"], fid=a.fid)
    assert await count(world) == 1
    assert (await get_file(world.db, world["alice"], did=B)).child_count == 0
    assert (await get_file(world.db, world["alice"], did=Did("demo", "child"))).parent_count == 0
    again = await declare_files(world.db, world["alice"], files=[NewFile("demo", "a", 5, fid=a.fid)], dataset=RECO)
    assert (again[0].fid, again[0].size_bytes, await count(world)) == (a.fid, 5, 2)
    [event] = await world.ask("SELECT * FROM database.events WHERE kind = 'catalog.file_deleted'")
    assert (event["subject_id"], event["facts"], event["actor"]) == (a.fid, {"did": "demo:a"}, "alice")
    assert b.fid != a.fid


async def test_deleting_a_retired_file_does_not_count_it_twice(world: World) -> None:
    await world.declare("a", "b")
    await retire_file(world.db, world["alice"], key=A)
    await delete_file(world.db, world["alice"], key=A)
    assert await count(world) == 1
    await assert_counts_are_exact(world)


async def test_only_owners_retire_and_delete_and_jobs_do_not(world: World) -> None:
    (a,) = await world.declare("a")
    job = replace(world["alice"], kind=TokenKind.JOB, project_id=1)
    for who in (world["bob"], world["petra"], world["zoe"], job):
        with pytest.raises(NotPermittedError):
            await retire_file(world.db, who, key=A)
        with pytest.raises(NotPermittedError):
            await delete_file(world.db, who, key=a.fid)
    unknown: tuple[FileKey, ...] = (B, "nosuch")
    for key in unknown:
        with pytest.raises(UnknownFileError):
            await retire_file(world.db, world["alice"], key=key)
        with pytest.raises(UnknownFileError):
            await delete_file(world.db, world["alice"], key=key)
    for key in ("", "a b", Did("demo", "")):
        with pytest.raises(InvalidInputError):
            await delete_file(world.db, world["alice"], key=key)
    assert await count(world) == 1


async def test_counts_stay_exact_whatever_happens_at_once(world: World) -> None:
    """Without `replayable`, which would run an operation again after a deadlock: there must be none."""
    names = [f"f{number:02}" for number in range(24)]
    await world.declare(*names)
    sets = [Did("demo", f"set{number}") for number in range(4)]
    for did in sets:
        await create_dataset(world.db, world["alice"], did=did)
    lots = random.Random(7)
    alice = world["alice"]

    async def step() -> None:
        name, did = lots.choice(names), lots.choice(sets)
        some = [Did("demo", one) for one in lots.sample(names, 6)]
        match lots.randrange(5):
            case 0:
                await retire_file.__wrapped__(world.db, alice, key=Did("demo", name))  # type: ignore[attr-defined]
            case 1:
                await retire_file.__wrapped__(world.db, alice, key=Did("demo", name), retire=False)  # type: ignore[attr-defined]
            case 2:
                await add_to_dataset.__wrapped__(world.db, alice, did=did, files=some, skips_unknown=True)  # type: ignore[attr-defined]
            case 3:
                await remove_from_dataset.__wrapped__(world.db, alice, did=did, files=some)  # type: ignore[attr-defined]
            case _:
                new = [NewFile("demo", f"c{lots.randrange(40)}", 1, parents=tuple(sorted(some)))]
                async with world.db.write() as tx:
                    await declare_files_in(tx, files=new, dataset=did, username="alice")

    await asyncio.gather(*(step() for _ in range(300)))
    await assert_counts_are_exact(world)


async def test_deleting_while_others_add_leaves_exact_counts(world: World) -> None:
    names = [f"f{number:02}" for number in range(40)]
    await world.declare(*names, dataset=None)
    await create_dataset(world.db, world["alice"], did=SECOND)
    alice = world["alice"]
    await asyncio.gather(
        *(delete_file.__wrapped__(world.db, alice, key=Did("demo", name)) for name in names[::2]),  # type: ignore[attr-defined]
        *(
            add_to_dataset.__wrapped__(  # type: ignore[attr-defined]
                world.db, alice, did=did, files=[Did("demo", name) for name in names], skips_unknown=True
            )
            for did in (RECO, SECOND) * 3
        ),
    )
    assert (await count(world), await count(world, SECOND)) == (20, 20)
    await assert_counts_are_exact(world)


async def test_a_dataset_may_go_while_its_files_retire(world: World) -> None:
    names = [f"f{number:02}" for number in range(20)]
    await world.declare(*names)
    await asyncio.gather(
        *(retire_file(world.db, world["alice"], key=Did("demo", name)) for name in names),
        remove_dataset(world.db, world["alice"], did=RECO),
    )
    with pytest.raises(DatasetNotFoundError):
        await count(world)
    assert await world.count("SELECT count(*) FROM catalog.files WHERE retired_at IS NULL") == 0
