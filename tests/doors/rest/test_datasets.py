"""Namespaces, datasets and named queries through the API."""

from __future__ import annotations

import httpx
import pytest

from sutler import client
from sutler.client import AsyncClient
from sutler.wire.auth import NewGroup
from sutler.wire.catalog import NewDataset, NewFile, NewNamespace
from sutler.wire.datasets import DatasetChange, NewNamedQuery

EVENTS = "demo:events/2026"


@pytest.fixture
async def demo(sutler: AsyncClient) -> AsyncClient:
    """A namespace `demo` with the files 1.root to 3.root, of runs 1 to 3, in the dataset `demo:events/2026`."""
    await sutler.create_namespace(NewNamespace("local", "demo", owner_role="production"))
    await sutler.create_dataset(NewDataset(EVENTS))
    files = [NewFile("demo", f"{run}.root", run, metadata={"core.run": run}) for run in (1, 2, 3)]
    await sutler.declare_files(files, dataset=EVENTS)
    return sutler


async def test_a_dataset_is_made_of_a_query_changed_and_removed(demo: AsyncClient) -> None:
    new = NewDataset(
        "demo:late", requirements={"core.run": {"type": "int"}}, files_query=f"files from {EVENTS} where core.run > 1"
    )
    made = await demo.create_dataset(new, key="once")
    assert (made.file_count, made.requirements, made.updated_at) == (2, {"core.run": {"type": "int"}}, None)
    assert await demo.create_dataset(new, key="once") == made
    changed = await demo.update_dataset("demo:late", DatasetChange(frozen=True, metadata={"ds.a": 1}))
    assert (changed.frozen, changed.metadata, changed.updated_by) == (True, {"ds.a": 1}, "admin")
    assert await demo.get_dataset("demo:late") == changed
    with pytest.raises(client.ConflictError, match="frozen"):
        await demo.add_to_dataset("demo:late", ["demo:1.root"])
    await demo.remove_dataset("demo:late")
    with pytest.raises(client.NotFoundError):
        await demo.get_dataset("demo:late")
    assert await demo.count_files("files") == 3


async def test_what_a_dataset_holds_is_read_added_and_removed(demo: AsyncClient) -> None:
    files = [file async for file in demo.list_dataset_files(EVENTS)]
    assert [(file.name, file.metadata) for file in files] == [(f"{n}.root", {"core.run": n}) for n in (1, 2, 3)]
    plain = [file.metadata async for file in demo.list_dataset_files(EVENTS, with_metadata=False)]
    assert plain == [{}, {}, {}]
    assert await demo.remove_from_dataset(EVENTS, ["demo:1.root", files[1].fid]) == 2
    assert await demo.remove_from_dataset(EVENTS, query="files") == 1
    assert [file async for file in demo.list_dataset_files(EVENTS)] == []
    assert await demo.add_to_dataset(EVENTS, query="files where core.run in 2:3") == 2
    assert await demo.add_to_dataset(EVENTS, [files[0].fid, "demo:2.root"]) == 1
    assert (await demo.get_dataset(EVENTS)).file_count == 3


async def test_datasets_are_put_below_each_other(demo: AsyncClient) -> None:
    await demo.create_dataset(NewDataset("demo:all", subsets_query="datasets matching demo:events*"))
    await demo.create_dataset(NewDataset("demo:top"))
    assert await demo.add_child_dataset("demo:top", "demo:all")
    assert not await demo.add_child_dataset("demo:top", "demo:all")
    found = await demo.get_dataset_relatives("demo:all")
    assert (found.parents, found.children) == (("demo:top",), (EVENTS,))
    assert (await demo.get_dataset_relatives("demo:top")).subset_count == 2
    with pytest.raises(client.ConflictError, match="cannot be a child"):
        await demo.add_child_dataset(EVENTS, "demo:top")
    assert await demo.remove_child_dataset("demo:top", "demo:all")
    assert not await demo.remove_child_dataset("demo:top", "demo:all")


async def test_others_may_look_at_datasets_but_not_change_them(demo: AsyncClient, anna: AsyncClient) -> None:
    assert len([file async for file in anna.list_dataset_files(EVENTS)]) == 3
    for change in (
        anna.update_dataset(EVENTS, DatasetChange(frozen=True)),
        anna.remove_dataset(EVENTS),
        anna.remove_from_dataset(EVENTS, query="files"),
        anna.add_to_dataset(EVENTS, query="files"),
        anna.add_child_dataset(EVENTS, EVENTS),
        anna.save_query(NewNamedQuery("demo", "q", "files")),
        anna.create_dataset(NewDataset("demo:mine", files_query="files")),
    ):
        with pytest.raises(client.NotPermittedError, match="production"):
            await change
    assert (await demo.get_dataset(EVENTS)).file_count == 3


async def test_namespaces_are_found_by_their_owners_and_counted(demo: AsyncClient, anna: AsyncClient) -> None:
    await anna.create_namespace(NewNamespace("local", "annas"))
    await demo.create_group(NewGroup("local", "calibrators"))
    made = await demo.create_namespace(NewNamespace("local", "calib", owner_group="calibrators"))
    assert (made.owner_group, made.owner_username) == ("calibrators", None)
    assert [one.name for one in (await demo.list_namespaces(owner="anna")).items] == ["annas"]
    assert [one.name for one in (await demo.list_namespaces(owner_group="calibrators")).items] == ["calib"]
    assert [one.name for one in (await demo.list_namespaces(names=["demo", "nosuch"])).items] == ["demo"]
    view = await anna.get_namespace("demo")
    assert (view.namespace.owner_role, view.file_count, view.dataset_count, view.query_count) == ("production", 3, 1, 0)
    assert (await anna.get_namespace("annas")).namespace.owner_username == "anna"
    with pytest.raises(client.NotFoundError):
        await anna.create_namespace(NewNamespace("local", "x", owner_group="nosuch"))


async def test_queries_are_kept_used_replaced_and_forgotten(demo: AsyncClient) -> None:
    new = NewNamedQuery("demo", "late/ones", f"files from {EVENTS} where core.run > 1", "the late ones")
    saved = await demo.save_query(new)
    assert (saved.experiment, saved.description, saved.created_by) == ("local", "the late ones", "admin")
    assert await demo.count_files("files selected by demo:late/ones") == 2
    with pytest.raises(client.ConflictError):
        await demo.save_query(new)
    again = await demo.save_query(NewNamedQuery("demo", "late/ones", "files", replace=True))
    assert (again.source, again.description, again.updated_by) == ("files", "the late ones", "admin")
    assert await demo.get_named_query("demo:late/ones") == again
    assert (await demo.list_named_queries(namespace="demo")).items == (again,)
    with pytest.raises(client.InvalidInputError) as refused:
        await demo.save_query(NewNamedQuery("demo", "bad", "files frm x"))
    assert refused.value.code.startswith("catalog.")
    await demo.remove_named_query("demo:late/ones")
    with pytest.raises(client.NotFoundError):
        await demo.get_named_query("demo:late/ones")


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("PATCH", "/datasets/demo/events/2026", {"frozn": True}),
        ("PATCH", "/datasets/demo/events/2026", {"frozen": "yes"}),
        ("PATCH", "/datasets/demo/events/2026", {"metadata": {"a.b": 1}, "mode": "add"}),
        ("PATCH", "/datasets/demo/events/2026", {"requirements": {"core.run": {"type": "number"}}}),
        ("POST", "/datasets/files", {"dataset": EVENTS, "files": ["demo:a b"]}),
        ("POST", "/datasets/files", {"dataset": EVENTS, "files": ["demo:1.root"], "query": "files"}),
        ("POST", "/datasets/files/remove", {"dataset": "events", "files": []}),
        ("POST", "/datasets/subsets", {"parent": EVENTS}),
        ("POST", "/queries", {"namespace": "demo", "name": "x y", "source": "files"}),
        ("GET", "/datasets/files?did=events", None),
        ("GET", "/datasets/relatives", None),
    ],
)
async def test_requests_that_cannot_be_used_are_problems(
    demo: AsyncClient, admin: httpx.AsyncClient, method: str, path: str, body: object
) -> None:
    reply = await admin.request(method, path, json=body)
    assert reply.status_code == 422, reply.text
    assert reply.json()["problems"]
    assert (await demo.get_dataset(EVENTS)).updated_at is None
