"""Namespaces, datasets, files and replicas through the API."""

from __future__ import annotations

import pytest

from sutler import client
from sutler.client import AsyncClient
from sutler.wire.catalog import NewDataset, NewFile, NewNamespace
from sutler.wire.replicas import NewReplica, NewRse, RseChange


@pytest.fixture
async def demo(sutler: AsyncClient) -> AsyncClient:
    """A namespace `demo` with three files in the dataset `demo:events`."""
    await sutler.create_namespace(NewNamespace("local", "demo", "for tests", "production"))
    await sutler.create_dataset(NewDataset("demo:events", "all of them", {"demo.kind": "events"}))
    await sutler.declare_files(
        [NewFile("demo", f"raw/{n}.root", n * 1000, {"adler32": f"0000000{n}"}, {"demo.run": n}) for n in (1, 2, 3)],
        dataset="demo:events",
    )
    return sutler


async def test_namespaces_and_datasets_are_shown_with_their_experiment(demo: AsyncClient) -> None:
    [namespace] = [one for one in (await demo.list_namespaces()).items if one.name == "demo"]
    assert (namespace.experiment, namespace.owner_role, namespace.created_by) == ("local", "production", "admin")
    dataset = await demo.get_dataset("demo:events")
    assert (dataset.experiment, dataset.file_count, dataset.metadata) == ("local", 3, {"demo.kind": "events"})
    listed = await demo.list_datasets(namespace="demo")
    assert listed.items == (dataset,)


async def test_files_are_found_by_query_counted_and_shown(demo: AsyncClient) -> None:
    query = "files from demo:events where demo.run > 1"
    found = (await demo.query_files(query, with_metadata=True)).items
    assert sorted((file.name, file.metadata) for file in found) == [
        ("raw/2.root", {"demo.run": 2}),
        ("raw/3.root", {"demo.run": 3}),
    ]
    assert (await demo.query_files(query, limit=1)).items[0].metadata is None
    assert await demo.count_files(query) == 2
    view = await demo.get_file("demo:raw/2.root")
    assert (view.file.size_bytes, view.file.checksums, view.datasets) == (
        2000,
        {"adler32": "00000002"},
        ("demo:events",),
    )
    assert await demo.get_file_by_fid(view.file.fid) == view


async def test_parents_are_kept_and_metadata_change(demo: AsyncClient) -> None:
    await demo.declare_files([NewFile("demo", "reco.root", parents=("demo:raw/1.root", "demo:raw/2.root"))])
    view = await demo.get_file("demo:reco.root")
    assert [parent.name for parent in view.parents] == ["raw/1.root", "raw/2.root"]
    assert (view.parent_count, view.child_count) == (2, 0)
    assert [child.name for child in (await demo.get_file("demo:raw/1.root")).children] == ["reco.root"]
    await demo.update_metadata("demo:reco.root", {"demo.a": 1})
    merged = await demo.update_metadata("demo:reco.root", {"demo.b": 2})
    assert merged.metadata == {"demo.a": 1, "demo.b": 2}
    replaced = await demo.update_metadata("demo:reco.root", {"demo.c": [3]}, mode="replace")
    assert replaced.metadata == {"demo.c": [3]}
    assert await demo.add_to_dataset("demo:events", ["demo:reco.root", "demo:raw/1.root"]) == 1


async def test_a_query_that_cannot_be_read_is_a_problem_with_its_place(demo: AsyncClient) -> None:
    with pytest.raises(client.InvalidInputError) as refused:
        await demo.query_files("files frm demo:events")
    assert refused.value.code.startswith("catalog.")
    assert refused.value.problems


async def test_every_file_that_cannot_be_declared_is_named(demo: AsyncClient) -> None:
    with pytest.raises(client.InvalidInputError) as refused:
        await demo.declare_files([NewFile("demo", "a b"), NewFile("demo", "c", metadata={"nodot": 1})])
    assert len(refused.value.problems) >= 2
    with pytest.raises(client.ConflictError, match=r"raw/1\.root"):
        await demo.declare_files([NewFile("demo", "raw/1.root", 7)])


async def test_others_may_look_but_not_declare_in_a_namespace_of_production(
    demo: AsyncClient, anna: AsyncClient
) -> None:
    assert len((await anna.query_files("files from demo:events")).items) == 3
    with pytest.raises(client.NotPermittedError, match="production"):
        await anna.declare_files([NewFile("demo", "mine")])


async def test_replicas_are_usable_while_their_storage_is_up(demo: AsyncClient) -> None:
    created = await demo.create_rse(NewRse("local", "DISK", url_prefix="file:///data"))
    assert (created.experiment, created.is_available, created.is_enabled) == ("local", True, True)
    copies = [NewReplica(f"demo:raw/{n}.root", "DISK", f"file:///data/{n}.root") for n in (1, 2)]
    assert await demo.add_replicas("local", copies) == 2
    assert await demo.add_replicas("local", copies) == 0
    found = (await demo.list_replicas(["demo:raw/2.root", "demo:raw/1.root", "demo:raw/3.root"])).items
    assert [(one.name, one.is_usable) for one in found] == [("raw/2.root", True), ("raw/1.root", True)]
    down = await demo.update_rse("local", "DISK", RseChange(is_available=False))
    assert not down.is_available
    assert not any(one.is_usable for one in (await demo.list_replicas(["demo:raw/1.root"])).items)
    assert (await demo.list_rses("local")).items == (down,)
