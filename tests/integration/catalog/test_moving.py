"""Files under other names: in another namespace, or in their own."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest
from tests.integration.catalog.world import RECO, World

from sutler.auth import TokenKind
from sutler.base.clock import MovableClock
from sutler.base.did import Did
from sutler.base.errors import ConflictError, InvalidInputError, NotPermittedError
from sutler.catalog import (
    FileKey,
    FileNameTakenError,
    MqlSyntaxError,
    NamespaceNotFoundError,
    NewFile,
    UnknownFileError,
    create_namespace,
    declare_files,
    get_dataset,
    get_file,
    move_files,
    rename_file,
)

A, B = Did("demo", "a"), Did("demo", "b")


@pytest.fixture
async def other(world: World) -> str:
    """A second namespace of alice."""
    return (await create_namespace(world.db, world["alice"], experiment="demo_exp", name="other")).name


async def names_in(world: World, namespace: str) -> list[object]:
    """Return the names of the files of a namespace."""
    rows = await world.ask("SELECT name FROM catalog.files WHERE namespace = $1 ORDER BY name", namespace)
    return [row["name"] for row in rows]


async def test_named_files_change_their_namespace_and_keep_all_else(
    world: World, other: str, clock: MovableClock
) -> None:
    (a, b) = await world.declare("a", "b", metadata={"core.run": 1})
    await declare_files(world.db, world["alice"], files=[NewFile("demo", "child", 1, parents=(A,))])
    moved = await move_files(world.db, world["alice"], namespace=other, keys=[A, b.fid, A])
    assert (moved.moved_count, moved.problems) == (2, ())
    assert await names_in(world, other) == ["a", "b"]
    view = await get_file(world.db, world["bob"], fid=a.fid)
    assert (view.file.did, view.file.metadata, view.datasets) == (Did(other, "a"), {"core.run": 1}, (RECO,))
    assert (view.file.updated_by, view.file.updated_at) == ("alice", clock.now())
    assert [child.name for child in view.children] == ["child"]
    assert (await get_dataset(world.db, world["bob"], did=RECO)).file_count == 2
    [event] = await world.ask("SELECT * FROM database.events WHERE kind = 'catalog.files_moved'")
    assert (event["subject_kind"], event["subject_id"]) == ("namespace", other)
    assert event["facts"] == {"count": 2, "namespaces": ["demo"]}


async def test_a_query_selects_what_is_moved(world: World, other: str) -> None:
    await world.declare("a", "b", metadata={"core.run": 1})
    await world.declare("c", metadata={"core.run": 2})
    query = "files from demo:reco where core.run = 1"
    assert (await move_files(world.db, world["alice"], namespace=other, query=query)).moved_count == 2
    assert (await names_in(world, other), await names_in(world, "demo")) == (["a", "b"], ["c"])
    again = await move_files(world.db, world["alice"], namespace=other, query=query)
    assert (again.moved_count, again.problems) == (0, ())
    assert await world.count("SELECT count(*) FROM database.events WHERE kind = 'catalog.files_moved'") == 1


async def test_files_that_cannot_be_moved_stay_and_are_told(world: World, other: str) -> None:
    await world.declare("a")
    await declare_files(world.db, world["petra"], files=[NewFile("made", "m")])
    await declare_files(world.db, world["zoe"], files=[NewFile("far", "x")])
    keys: list[FileKey] = [Did("made", "m"), A, "nosuch", Did("demo", "gone"), Did("far", "x")]
    moved = await move_files(world.db, world["alice"], namespace=other, keys=keys)
    assert moved.moved_count == 1
    unknown, gone, made, far = moved.problems
    assert (unknown, gone) == ("nosuch is not in the catalogue", "demo:gone is not in the catalogue")
    assert made.startswith("made:m: You may not declare files in this namespace")
    assert far == "far:x: it belongs to another experiment than the namespace other"
    assert (await names_in(world, other), await names_in(world, "made")) == (["a"], ["m"])


async def test_names_that_are_taken_stop_the_whole_move(world: World, other: str) -> None:
    await world.declare("a", "b", "c")
    await declare_files(world.db, world["alice"], files=[NewFile(other, "b"), NewFile(other, "c")])
    with pytest.raises(FileNameTakenError) as caught:
        await move_files(world.db, world["alice"], namespace=other, keys=[A, B, Did("demo", "c")])
    assert caught.value.facts["dids"] == ["other:b", "other:c"]
    await create_namespace(world.db, world["alice"], experiment="demo_exp", name="third")
    with pytest.raises(FileNameTakenError, match="third:b"):
        await move_files(world.db, world["alice"], namespace="third", keys=[B, Did(other, "b")])
    assert (await names_in(world, other), await names_in(world, "third")) == (["b", "c"], [])


async def test_a_move_needs_rights_on_the_target_and_something_to_move(world: World, other: str) -> None:
    await world.declare("a")
    job = replace(world["alice"], kind=TokenKind.JOB, project_id=1)
    for who, namespace in ((world["alice"], "made"), (world["bob"], other), (job, other), (world["alice"], "far")):
        with pytest.raises(NotPermittedError):
            await move_files(world.db, who, namespace=namespace, keys=[A])
    with pytest.raises(NamespaceNotFoundError):
        await move_files(world.db, world["alice"], namespace="nowhere", keys=[A])
    with pytest.raises(InvalidInputError, match="either named or selected"):
        await move_files(world.db, world["alice"], namespace=other)
    with pytest.raises(InvalidInputError, match="either named or selected"):
        await move_files(world.db, world["alice"], namespace=other, keys=[A], query="files from demo:reco")
    with pytest.raises(InvalidInputError, match=r"files\[0\] fid"):
        await move_files(world.db, world["alice"], namespace=other, keys=["a b"])
    with pytest.raises(MqlSyntaxError):
        await move_files(world.db, world["alice"], namespace=other, query="files frm demo:reco")
    assert await names_in(world, "demo") == ["a"]


async def test_many_files_move_at_once_without_deadlocks(world: World, other: str) -> None:
    names = [f"f{number:05}" for number in range(12_000)]
    await world.declare(*names)
    dids = [Did("demo", name) for name in names]
    moves = await asyncio.gather(
        move_files.__wrapped__(world.db, world["alice"], namespace=other, keys=dids),  # type: ignore[attr-defined]
        move_files.__wrapped__(world.db, world["alice"], namespace=other, keys=dids[::-1]),  # type: ignore[attr-defined]
    )
    assert sum(moved.moved_count for moved in moves) == 12_000
    assert await world.count("SELECT count(*) FROM catalog.files WHERE namespace = 'other'") == 12_000


async def test_a_file_gets_another_name(world: World) -> None:
    (a,) = await world.declare("a")
    renamed = await rename_file(world.db, world["alice"], key=A, name="new/a.root")
    assert (renamed.fid, renamed.did, renamed.updated_by) == (a.fid, Did("demo", "new/a.root"), "alice")
    assert await rename_file(world.db, world["alice"], key=a.fid, name="new/a.root") == renamed
    [event] = await world.ask("SELECT * FROM database.events WHERE kind = 'catalog.file_renamed'")
    assert (event["subject_id"], event["facts"]) == (a.fid, {"did": "demo:new/a.root", "was": "demo:a"})


async def test_renaming_is_refused_for_taken_and_impossible_names_and_to_others(world: World) -> None:
    await world.declare("a", "b")
    with pytest.raises(FileNameTakenError, match="demo:b"):
        await rename_file(world.db, world["alice"], key=A, name="b")
    with pytest.raises(InvalidInputError, match="new name"):
        await rename_file(world.db, world["alice"], key=A, name="a b")
    with pytest.raises(NotPermittedError):
        await rename_file(world.db, world["bob"], key=A, name="c")
    with pytest.raises(UnknownFileError):
        await rename_file(world.db, world["alice"], key="nosuch", name="c")
    assert await names_in(world, "demo") == ["a", "b"]


async def test_of_two_that_want_a_name_at_once_one_gets_it(world: World) -> None:
    await world.declare("a", "b")
    done = await asyncio.gather(
        rename_file(world.db, world["alice"], key=A, name="c"),
        rename_file(world.db, world["alice"], key=B, name="c"),
        return_exceptions=True,
    )
    assert sum(isinstance(one, ConflictError) for one in done) == 1
    assert len(await names_in(world, "demo")) == 2
    assert "c" in await names_in(world, "demo")
