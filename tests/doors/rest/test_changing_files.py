"""Files that are there, through the API: changed, retired, deleted, moved, renamed, and many read at once."""

from __future__ import annotations

from datetime import UTC, datetime

import httpx
import pytest

from sutler import client
from sutler.client import AsyncClient
from sutler.wire.catalog import NewDataset, NewFile, NewNamespace
from sutler.wire.files import FileChange


@pytest.fixture
async def demo(sutler: AsyncClient) -> AsyncClient:
    """Namespaces `demo`, with three files in the dataset `demo:events`, and `attic`."""
    await sutler.create_namespace(NewNamespace("local", "demo", "for tests", "production"))
    await sutler.create_namespace(NewNamespace("local", "attic", "for old things", "production"))
    await sutler.create_dataset(NewDataset("demo:events"))
    await sutler.declare_files(
        [NewFile("demo", f"raw/{n}.root", n, metadata={"demo.run": n}, fid=f"fid/{n}") for n in (1, 2, 3)],
        dataset="demo:events",
    )
    return sutler


async def test_a_file_is_changed_by_name_and_by_fid(demo: AsyncClient) -> None:
    changed = await demo.update_file(
        "demo:raw/1.root", FileChange({"demo.ok": True}, size_bytes=9, parents=("demo:raw/2.root", "fid/3"))
    )
    assert (changed.size_bytes, changed.metadata, changed.updated_by) == (9, {"demo.run": 1, "demo.ok": True}, "admin")
    view = await demo.get_file("demo:raw/1.root")
    assert [parent.name for parent in view.parents] == ["raw/2.root", "raw/3.root"]
    replaced = await demo.update_file(
        "fid/1", FileChange(checksums={"adler32": "00000001"}, parents=(), mode="replace")
    )
    assert (replaced.checksums, replaced.metadata) == ({"adler32": "00000001"}, {"demo.run": 1, "demo.ok": True})
    assert (await demo.get_file_by_fid("fid/1")).parent_count == 0
    with pytest.raises(client.InvalidInputError, match="would be its own ancestor"):
        await demo.update_file("fid/1", FileChange(parents=("fid/2",), children=("fid/2",)))
    with pytest.raises(client.NotFoundError):
        await demo.update_file("demo:gone", FileChange(size_bytes=1))


async def test_metadata_of_many_files_change_alike_or_not_at_all(demo: AsyncClient) -> None:
    page = await demo.update_metadata_of(["fid/3", "demo:raw/1.root"], {"demo.ok": True}, key="once")
    again = await demo.update_metadata_of(["fid/3", "demo:raw/1.root"], {"demo.ok": True}, key="once")
    assert page == again
    assert [(one.fid, one.metadata) for one in page.items] == [
        ("fid/3", {"demo.run": 3, "demo.ok": True}),
        ("fid/1", {"demo.run": 1, "demo.ok": True}),
    ]
    with pytest.raises(client.InvalidInputError) as refused:
        await demo.update_metadata_of(["fid/2", "demo:gone"], {}, mode="replace")
    assert [problem.where for problem in refused.value.problems] == ["demo:gone"]
    assert (await demo.get_file_by_fid("fid/2")).file.metadata == {"demo.run": 2}


async def test_a_file_is_retired_restored_and_deleted(demo: AsyncClient) -> None:
    assert (await demo.retire_file("fid/1")).retired_by == "admin"
    assert (await demo.get_dataset("demo:events")).file_count == 2
    assert (await demo.retire_file("demo:raw/1.root", retire=False)).retired_at is None
    assert (await demo.get_dataset("demo:events")).file_count == 3
    await demo.delete_file("demo:raw/1.root")
    await demo.delete_file("fid/2")
    assert (await demo.get_dataset("demo:events")).file_count == 1
    with pytest.raises(client.NotFoundError):
        await demo.delete_file("fid/1")


async def test_files_are_renamed_and_moved(demo: AsyncClient) -> None:
    assert (await demo.rename_file("fid/1", "raw/one.root")).name == "raw/one.root"
    with pytest.raises(client.ConflictError, match=r"demo:raw/2\.root"):
        await demo.rename_file("fid/1", "raw/2.root")
    moved = await demo.move_files("attic", ["fid/1", "demo:gone"])
    assert (moved.moved_count, moved.problems) == (1, ("demo:gone is not in the catalogue",))
    assert (await demo.get_file("attic:raw/one.root")).file.fid == "fid/1"
    assert (await demo.move_files("attic", query="files from demo:events where demo.run = 2")).moved_count == 1
    with pytest.raises(client.InvalidInputError, match="either named or selected"):
        await demo.move_files("attic")


async def test_many_files_are_shown_at_once(demo: AsyncClient) -> None:
    await demo.declare_files([NewFile("demo", "reco", parent_fids=("fid/1", "fid/2"))])
    names = ["demo:reco", "demo:gone", "fid/1"]
    reco, raw = (await demo.list_files(names, with_provenance=True, with_datasets=True)).items
    assert [parent.fid for parent in reco.parents] == ["fid/1", "fid/2"]
    assert ([child.name for child in raw.children], raw.datasets) == (["reco"], ("demo:events",))
    bare = (await demo.list_files(["fid/1"], with_metadata=False)).items[0]
    assert (bare.file.metadata, bare.children, bare.file.experiment) == ({}, (), "local")
    datasets = (await demo.list_datasets_of_files(names)).items
    assert [(one.file, [dataset.name for dataset in one.datasets]) for one in datasets] == [
        ("demo:reco", []),
        ("demo:gone", []),
        ("fid/1", ["events"]),
    ]


async def test_declaring_makes_names_and_can_be_tried_out(demo: AsyncClient) -> None:
    new = NewFile("demo", auto_name="x.$fid", created_at=datetime(2011, 5, 3, tzinfo=UTC), created_by="somebody")
    tried = (await demo.declare_files([new], dataset="demo:events", check_only=True)).items[0]
    assert tried.name == f"x.{tried.fid}"
    assert (await demo.get_dataset("demo:events")).file_count == 3
    made = (await demo.declare_files([new], dataset="demo:events")).items[0]
    kept = (await demo.get_file(f"demo:{made.name}")).file
    assert (kept.created_by, kept.created_at) == ("somebody", datetime(2011, 5, 3, tzinfo=UTC))


async def test_others_may_read_and_change_nothing(demo: AsyncClient, anna: AsyncClient) -> None:
    assert len((await anna.list_files(["fid/1", "fid/2"])).items) == 2
    for refused in (
        anna.update_file("fid/1", FileChange(size_bytes=1)),
        anna.update_file("demo:raw/1.root", FileChange({"demo.x": 1})),
        anna.update_metadata_of(["fid/1"], {"demo.x": 1}),
        anna.retire_file("fid/1"),
        anna.delete_file("fid/1"),
        anna.rename_file("fid/1", "x"),
        anna.move_files("attic", ["fid/1"]),
        anna.declare_files([NewFile("demo", "x", created_by="me")]),
    ):
        with pytest.raises(client.NotPermittedError):
            await refused
    assert (await demo.get_file_by_fid("fid/1")).file.updated_at is None


async def test_nonsense_is_a_problem_with_its_place(demo: AsyncClient, admin: httpx.AsyncClient) -> None:
    for path, body in (
        ("/files/move", {"namespace": "attic", "files": ["a b"]}),
        ("/files/list", {"files": ["demo:a b"]}),
        ("/files/datasets", {"files": [""]}),
        ("/files/retire", {"file": "fid/1", "retire": "yes"}),
        ("/files/metadata", {"files": ["fid/1"], "metadata": {"nodot": 1}}),
        ("/files/rename", {"file": "fid/1", "name": ""}),
    ):
        reply = await admin.post(path, json=body)
        assert (reply.status_code, bool(reply.json()["problems"])) == (422, True), path
