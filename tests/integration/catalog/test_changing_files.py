"""Changing a file: its contents, its metadata, its relatives."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import pytest
from tests.integration.catalog.world import RECO, World

from sutler.auth import TokenKind
from sutler.base.clock import MovableClock
from sutler.base.did import Did
from sutler.base.errors import InvalidInputError, NotPermittedError
from sutler.catalog import (
    File,
    FileChange,
    FileKey,
    InvalidFilesError,
    NewFile,
    UnknownFileError,
    create_category,
    create_dataset,
    declare_files,
    get_file,
    update_file,
    update_metadata_of,
)

A, B, C = Did("demo", "a"), Did("demo", "b"), Did("demo", "c")


async def relatives_of(world: World, did: Did) -> tuple[list[str], list[str]]:
    """Return the names of the parents and of the children of a file."""
    view = await get_file(world.db, world["root"], did=did)
    return [parent.name for parent in view.parents], [child.name for child in view.children]


async def change(world: World, key: FileKey, **fields: Any) -> File:  # noqa: ANN401 - as FileChange
    """Change a file as alice."""
    return await update_file(world.db, world["alice"], key=key, change=FileChange(**fields))


async def test_contents_are_merged_and_replaced(world: World, clock: MovableClock) -> None:
    (file,) = await world.declare("a", metadata={"core.run": 1})
    merged = await change(world, A, size_bytes=7, checksums={"md5": "0" * 32}, metadata={"core.type": "raw"})
    assert (merged.size_bytes, merged.checksums) == (7, {"md5": "0" * 32})
    assert merged.metadata == {"core.run": 1, "core.type": "raw"}
    assert (merged.updated_by, merged.updated_at, merged.created_by) == ("alice", clock.now(), "alice")
    replaced = await change(world, file.fid, checksums={"adler32": "00000001"}, metadata={}, mode="replace")
    assert (replaced.size_bytes, replaced.checksums, replaced.metadata) == (7, {"adler32": "00000001"}, {})
    assert (await get_file(world.db, world["bob"], did=A)).file == replaced
    events = await world.ask("SELECT * FROM database.events WHERE kind = 'catalog.file_changed' ORDER BY seq")
    assert [(event["subject_id"], event["actor"], event["facts"]) for event in events] == [
        (file.fid, "alice", {"fields": ["checksums", "metadata", "size_bytes"], "mode": "merge"}),
        (file.fid, "alice", {"fields": ["checksums", "metadata"], "mode": "replace"}),
    ]


async def test_relatives_are_added_and_replaced_by_any_key(world: World) -> None:
    files = {file.name: file for file in await world.declare("a", "b", "c", "d", dataset=None)}
    await change(world, A, parents=(B, files["c"].fid), children=(files["d"].fid,))
    assert await relatives_of(world, A) == (["b", "c"], ["d"])
    await change(world, A, parents=(B,))
    assert await relatives_of(world, A) == (["b", "c"], ["d"])
    await change(world, A, parents=(B,), mode="replace")
    assert await relatives_of(world, A) == (["b"], ["d"])
    await change(world, A, children=(C,), mode="replace")
    assert await relatives_of(world, A) == (["b"], ["c"])
    await change(world, A, parents=(), children=(), mode="replace")
    assert await relatives_of(world, A) == ([], [])


async def test_a_change_of_nothing_leaves_no_trace(world: World) -> None:
    await world.declare("a")
    assert (await change(world, A, mode="replace")).updated_at is None
    assert await world.count("SELECT count(*) FROM database.events WHERE kind = 'catalog.file_changed'") == 0


async def test_a_file_cannot_become_its_own_ancestor(world: World) -> None:
    await world.declare("a", "b", "c", dataset=None)
    await change(world, B, parents=(A,))
    await change(world, C, parents=(B,))
    for key, fields in ((A, {"parents": (C,)}), (C, {"children": (A,)})):
        with pytest.raises(InvalidFilesError, match="would be its own ancestor"):
            await change(world, key, metadata={"core.run": 1}, **fields)
    with pytest.raises(InvalidInputError, match="cannot be its own parent"):
        await change(world, A, parents=(A,))
    fid = (await get_file(world.db, world["bob"], did=A)).file.fid
    with pytest.raises(InvalidFilesError, match="cannot be its own child"):
        await change(world, A, children=(fid,))
    assert await relatives_of(world, A) == ([], ["b"])
    assert (await get_file(world.db, world["bob"], did=A)).file.updated_at is None


async def test_links_at_once_do_not_close_a_circle_together(world: World) -> None:
    names = [f"f{number}" for number in range(8)]
    await world.declare(*names, dataset=None)
    ring = zip(names, [*names[1:], names[0]], strict=True)
    done = await asyncio.gather(
        *(change(world, Did("demo", one), parents=(Did("demo", other),)) for one, other in ring),
        return_exceptions=True,
    )
    assert sorted(type(one) is File for one in done) == [False, *[True] * 7]
    assert sum(isinstance(one, InvalidFilesError) for one in done) == 1
    assert await world.count("SELECT count(*) FROM catalog.provenance") == 7


async def test_unknown_and_foreign_relatives_are_all_named_and_nothing_is_changed(world: World) -> None:
    await world.declare("a", "b", dataset=None)
    await declare_files(world.db, world["zoe"], files=[NewFile("far", "x")])
    with pytest.raises(InvalidFilesError) as caught:
        await change(world, A, size_bytes=9, parents=(B, Did("demo", "gone")), children=("nosuch", Did("far", "x")))
    assert [problem.what for problem in caught.value.problems] == [
        "the parent demo:gone is not in the catalogue of this experiment",
        "the child nosuch is not in the catalogue of this experiment",
        "the child far:x is not in the catalogue of this experiment",
    ]
    assert (await get_file(world.db, world["bob"], did=A)).file.size_bytes == 1
    assert await world.count("SELECT count(*) FROM catalog.provenance") == 0


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"size_bytes": -1}, "a size of -1 bytes is not possible"),
        ({"size_bytes": 2**63}, "is not possible"),
        ({"checksums": {"md5": "00"}}, "checksum md5 must have 32 digits"),
        ({"metadata": {"run": 1}}, "with a dot"),
        ({"metadata": {"core.x": float("nan")}}, "is not a number that JSON knows"),
        ({"parents": ("a b",)}, "demo:a parent"),
        ({"children": (Did("demo", ""),)}, "demo:a child"),
    ],
)
async def test_what_cannot_be_is_refused(world: World, fields: dict[str, object], said: str) -> None:
    await world.declare("a")
    with pytest.raises(InvalidInputError, match=said):
        await change(world, A, **fields)
    assert (await get_file(world.db, world["bob"], did=A)).file.updated_at is None


async def test_only_owners_change_a_file_and_jobs_do_not(world: World) -> None:
    await world.declare("a")
    job = replace(world["alice"], kind=TokenKind.JOB, project_id=1)
    for who in (world["bob"], world["zoe"], job):
        with pytest.raises(NotPermittedError):
            await update_file(world.db, who, key=A, change=FileChange(size_bytes=3))
    with pytest.raises(UnknownFileError):
        await change(world, B, size_bytes=3)
    changed = await update_file(world.db, world["root"], key=A, change=FileChange(size_bytes=3))
    assert changed.updated_by == "root"


async def test_changes_at_once_keep_each_other(world: World) -> None:
    await world.declare("a", "b", "c", dataset=None)
    await asyncio.gather(
        *(change(world, A, metadata={f"core.k{number}": number}) for number in range(8)),
        change(world, A, parents=(B,)),
        change(world, A, parents=(C,)),
    )
    assert (await get_file(world.db, world["bob"], did=A)).file.metadata == {f"core.k{n}": n for n in range(8)}
    assert await relatives_of(world, A) == (["b", "c"], [])


async def test_the_metadata_of_many_files_change_alike(world: World, clock: MovableClock) -> None:
    files = await world.declare("a", "b", "c", metadata={"core.run": 1})
    keys: list[FileKey] = [C, files[0].fid, A, C]
    changed = await update_metadata_of(world.db, world["alice"], keys=keys, metadata={"core.ok": True})
    assert [file.name for file in changed] == ["c", "a"]
    assert all(file.metadata == {"core.run": 1, "core.ok": True} for file in changed)
    assert {(file.updated_by, file.updated_at) for file in changed} == {("alice", clock.now())}
    replaced = await update_metadata_of(world.db, world["alice"], keys=[A], metadata={"core.x": 1}, mode="replace")
    assert replaced[0].metadata == {"core.x": 1}
    assert (await get_file(world.db, world["bob"], did=B)).file.metadata == {"core.run": 1}
    events = await world.ask("SELECT * FROM database.events WHERE kind = 'catalog.metadata_changed' ORDER BY seq")
    assert [(event["subject_kind"], event["subject_id"]) for event in events] == [("namespace", "demo")] * 2
    assert events[0]["facts"] == {"keys": ["core.ok"], "mode": "merge", "count": 2}
    assert await update_metadata_of(world.db, world["alice"], keys=[], metadata={"core.x": 1}) == []


async def test_of_many_files_all_change_or_none(world: World) -> None:
    await world.declare("a", "b")
    await declare_files(world.db, world["petra"], files=[NewFile("made", "m")])
    await declare_files(world.db, world["zoe"], files=[NewFile("far", "x")])
    new = {"core.run": 1}
    with pytest.raises(InvalidFilesError) as caught:
        await update_metadata_of(world.db, world["alice"], keys=[A, "nosuch", Did("demo", "gone")], metadata=new)
    assert [problem.where for problem in caught.value.problems] == ["nosuch", "demo:gone"]
    with pytest.raises(NotPermittedError):
        await update_metadata_of(world.db, world["alice"], keys=[A, Did("made", "m")], metadata=new)
    with pytest.raises(InvalidFilesError, match="far:x: belongs to another experiment"):
        await update_metadata_of(world.db, world["root"], keys=[A, Did("far", "x")], metadata=new)
    with pytest.raises(InvalidInputError, match="with a dot"):
        await update_metadata_of(world.db, world["alice"], keys=[A], metadata={"run": 1})
    with pytest.raises(InvalidInputError, match=r"files\[1\] fid"):
        await update_metadata_of(world.db, world["alice"], keys=[A, "a b"], metadata=new)
    assert await world.count("SELECT count(*) FROM catalog.files WHERE updated_at IS NOT NULL") == 0


async def test_changes_keep_to_the_rules_of_categories_and_datasets(world: World) -> None:
    await create_category(
        world.db, world["root"], experiment="demo_exp", path="core", constraints={"run": {"type": "int"}}
    )
    strict = Did("demo", "strict")
    await create_dataset(
        world.db, world["alice"], did=strict, requirements={"ds.ok": {"type": "boolean", "required": True}}
    )
    await world.declare("a", "b", dataset=strict, metadata={"ds.ok": True})
    with pytest.raises(InvalidFilesError) as caught:
        await change(world, A, size_bytes=5, metadata={"core.run": "x"})
    [problem] = caught.value.file_problems
    assert (problem.did, [one.key for one in problem.metadata_problems]) == ("demo:a", ["core.run"])
    with pytest.raises(InvalidFilesError, match=r"ds\.ok"):
        await change(world, A, metadata={"core.run": 1}, mode="replace")
    with pytest.raises(InvalidFilesError) as caught:
        await update_metadata_of(world.db, world["alice"], keys=[A, B], metadata={"core.run": "x", "ds.ok": 1})
    assert {one.did for one in caught.value.file_problems} == {"demo:a", "demo:b"}
    assert await world.count("SELECT count(*) FROM catalog.files WHERE updated_at IS NOT NULL") == 0
    await update_metadata_of(world.db, world["alice"], keys=[A, B], metadata={"core.run": 1})
    assert (await change(world, A, metadata={"ds.ok": False}, mode="replace")).metadata == {"ds.ok": False}


async def test_many_files_change_in_few_statements_and_at_once_without_deadlocks(world: World) -> None:
    names = [f"f{number:04}" for number in range(5_000)]
    await world.declare(*names)
    dids = [Did("demo", name) for name in names]
    await asyncio.gather(
        update_metadata_of.__wrapped__(world.db, world["alice"], keys=dids, metadata={"core.a": 1}),  # type: ignore[attr-defined]
        update_metadata_of.__wrapped__(world.db, world["alice"], keys=dids[::-1], metadata={"core.b": 1}),  # type: ignore[attr-defined]
    )
    both = 'SELECT count(*) FROM catalog.files WHERE metadata = \'{"core.a": 1, "core.b": 1}\''
    assert await world.count(both) == 5_000
    assert await world.count("SELECT file_count FROM catalog.datasets WHERE name = $1", RECO.name) == 5_000
