"""Datasets in the catalogue's old protocol."""

from __future__ import annotations

import pytest
from tests.conftest import NOON
from tests.doors.compat.metacat.conftest import Desk

ALL = {
    "namespace": "lab",
    "name": "all",
    "frozen": False,
    "monotonic": False,
    "metadata": {"ds.kind": "test"},
    "creator": "anna",
    "created_timestamp": NOON.timestamp(),
    "file_meta_requirements": {},
    "description": "",
    "file_count": 3,
    "updated_timestamp": None,
    "updated_by": None,
}


async def make(at: Desk, name: str, **more: object) -> dict[str, object]:
    """Make a dataset in `lab` and return it."""
    made: dict[str, object] = await at.read("create_dataset", {"namespace": "lab", "name": name, **more})
    return made


async def test_a_dataset_is_read_by_argument_or_address(at_anna: Desk) -> None:
    for call, arguments in (("dataset", {"dataset": "lab:all", "exact_file_count": "yes"}), ("dataset/lab:all", {})):
        assert await at_anna.read(call, **arguments) == ALL
    reply = await at_anna.get("dataset", dataset="lab:unknown")
    assert (reply.status_code, reply.text) == (404, "Dataset not found")
    for bad in ("", "lab", "lab:", ":all", "lab:a b"):
        assert (await at_anna.get("dataset", dataset=bad)).status_code == 400


async def test_all_datasets_are_listed_however_many(at_anna: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sutler.compat.metacat.datasets.PAGE", 2)
    for name in ("b", "c", "d"):
        await make(at_anna, name)
    listed = await at_anna.read("datasets", with_counts="no")
    assert listed[0] == ALL
    assert [one["name"] for one in listed] == ["all", "b", "c", "d"]


async def test_a_dataset_is_counted(at_anna: Desk) -> None:
    await make(at_anna, "top")
    await make(at_anna, "mid", subsets_query="datasets lab:all")
    await at_anna.get("add_child_dataset", parent="lab:top", child="lab:mid")
    assert await at_anna.read("dataset_count", dataset="lab:all") == {"file_count": 3}
    assert await at_anna.read("dataset_counts", dataset="lab:all") == {
        "dataset": "lab:all",
        "file_count": 3,
        "parent_count": 1,
        "child_count": 0,
        "superset_count": 2,
        "subset_count": 0,
    }
    for call in ("dataset_count", "dataset_counts"):
        assert (await at_anna.get(call, dataset="lab:unknown")).status_code == 404
        assert (await at_anna.get(call)).status_code == 400


async def test_a_dataset_is_made_with_everything(at_anna: Desk) -> None:
    made = await make(
        at_anna,
        "new",
        frozen=True,
        metadata={"a.b": 1},
        description="words",
        metadata_requirements={"core.run": {"required": True}},
        files_query="files from lab:all where core.run > 1",
        subsets_query=None,
    )
    expected = {
        "frozen": True,
        "metadata": {"a.b": 1},
        "description": "words",
        "file_meta_requirements": {"core.run": {"required": True}},
        "file_count": 2,
    }
    assert {key: made[key] for key in expected} == expected
    same = {"core.run": {"max": 5}}
    assert (await make(at_anna, "other", file_meta_requirements=same))["file_meta_requirements"] == same


@pytest.mark.parametrize(
    ("more", "status"),
    [
        ({"name": "all"}, 409),
        ({"namespace": "prod"}, 403),
        ({"namespace": "unknown"}, 404),
        ({"name": "a b"}, 400),
        ({"name": None}, 400),
        ({"metadata": {"nodot": 1}}, 400),
        ({"metadata": []}, 400),
        ({"frozen": "yes"}, 400),
        ({"files_query": "garbage"}, 400),
        ({"files_query": "datasets lab:all"}, 400),
        ({"subsets_query": "files"}, 400),
        ({"metadata_requirements": {"a.b": {}}, "file_meta_requirements": {"a.c": {}}}, 400),
        ({"metadata_requirements": {"core.run": {"max": 2}}, "files_query": "files from lab:all"}, 488),
    ],
)
async def test_a_dataset_that_cannot_be_made_leaves_nothing_behind(
    at_anna: Desk, more: dict[str, object], status: int
) -> None:
    reply = await at_anna.post("create_dataset", {"namespace": "lab", "name": "new", **more})
    assert reply.status_code == status, reply.text
    assert len(await at_anna.read("datasets")) == 1


async def test_what_files_do_not_fulfil_is_told_in_the_shape_that_clients_print(at_anna: Desk) -> None:
    body = {"namespace": "lab", "name": "new", "metadata_requirements": {"core.run": {"max": 2}}}
    reply = await at_anna.post("create_dataset", {**body, "files_query": "files from lab:all"})
    assert reply.headers["content-type"] == "application/json"
    [item] = reply.json()["metadata_errors"]
    [inner] = item["metadata_errors"]
    assert (item["fid"], bool(item["message"]), inner["name"], inner["value"]) == ("fid-c", True, "core.run", 3)
    assert "2" in inner["reason"]


async def test_a_dataset_is_changed(at_anna: Desk, at_bob: Desk) -> None:
    body = {"metadata": {"a.b": 1}, "mode": "update", "description": "new", "monotonic": True}
    changed = await at_anna.read("update_dataset", body, dataset="lab:all")
    assert changed["metadata"] == {"ds.kind": "test", "a.b": 1}
    assert (changed["description"], changed["monotonic"], changed["updated_by"]) == ("new", True, "anna")
    assert changed["updated_timestamp"] == NOON.timestamp()
    changed = await at_anna.read(
        "update_dataset", {"metadata": {"a.c": 1}, "mode": "replace", "monotonic": False}, dataset="lab:all"
    )
    assert (changed["metadata"], changed["monotonic"], changed["description"]) == ({"a.c": 1}, False, "new")
    assert (await at_bob.post("update_dataset", body, dataset="lab:all")).status_code == 403
    assert (await at_anna.post("update_dataset", body, dataset="lab:unknown")).status_code == 404
    unreadable: tuple[object, ...] = (
        {"mode": "other"},
        {"metadata": {"nodot": 1}},
        {"frozen": 1},
        {"description": 5},
        [],
    )
    for bad in unreadable:
        assert (await at_anna.post("update_dataset", bad, dataset="lab:all")).status_code == 400, bad


async def test_datasets_are_put_below_each_other(at_anna: Desk, at_bob: Desk) -> None:
    await make(at_anna, "top")
    for _ in range(2):
        reply = await at_anna.get("add_child_dataset", parent="lab:top", child="lab:all")
        assert (reply.status_code, reply.text) == (200, "OK")
    for parent, child in (("lab:all", "lab:top"), ("lab:top", "lab:top"), ("lab:top", "nothing")):
        assert (await at_anna.get("add_child_dataset", parent=parent, child=child)).status_code == 400
    assert (await at_anna.get("add_child_dataset", parent="lab:top", child="lab:unknown")).status_code == 404
    assert (await at_bob.get("add_child_dataset", parent="lab:top", child="lab:all")).status_code == 403


async def test_a_dataset_is_removed_by_its_exact_name(at_anna: Desk, at_bob: Desk) -> None:
    await make(at_anna, "with/slash")
    await make(at_anna, "with//slash")
    assert (await at_bob.get("remove_dataset/lab:with//slash")).status_code == 403
    reply = await at_anna.get("remove_dataset/lab:with//slash")
    assert (reply.status_code, reply.text) == (200, "OK")
    assert (await at_anna.get("dataset", dataset="lab:with//slash")).status_code == 404
    assert (await at_anna.get("dataset", dataset="lab:with/slash")).status_code == 200
    assert (await at_anna.get("remove_dataset/lab:unknown")).status_code == 404
    assert (await at_anna.get("remove_dataset")).status_code == 400


async def test_the_files_of_a_dataset_are_streamed(at_anna: Desk) -> None:
    files = await at_anna.stream("dataset_files", dataset="lab:all")
    assert [file["name"] for file in files] == ["a", "b", "c"]
    assert "metadata" not in files[0]
    await at_anna.post("retire_file", {"fid": "fid-b"})
    files = await at_anna.stream("dataset_files", dataset="lab:all", with_metadata="yes")
    assert [file["metadata"] for file in files] == [{"core.run": 1}, {"core.run": 3}]
    files = await at_anna.stream("dataset_files", dataset="lab:all", include_retired_files="yes")
    assert [file["retired"] for file in files] == [False, True, False]
    assert (await at_anna.get("dataset_files", dataset="lab:unknown")).status_code == 404
    await make(at_anna, "empty")
    assert await at_anna.stream("dataset_files", dataset="lab:empty") == []


async def test_files_are_put_into_a_dataset(at_anna: Desk, at_bob: Desk) -> None:
    await make(at_anna, "t")

    async def add(**body: object) -> int:
        added: int = (await at_anna.read("add_files", body, dataset="lab:t"))["files_added"]
        return added

    assert await add(file_list=[{"fid": "fid-a"}, {"did": "lab:a"}, {"fid": "unknown"}, "lab:b"]) == 2
    assert await add(file_list=[{"name": "a"}, {"name": "c"}], namespace="lab") == 1
    assert await add(query="files from lab:all") == 0
    unreadable: tuple[dict[str, object], ...] = (
        {},
        {"file_list": [], "query": "files"},
        {"file_list": {}},
        {"file_list": [{}]},
        {"file_list": [{"name": "a"}]},
        {"query": "garbage"},
        {"query": "datasets lab:all"},
        {"query": 5},
        {"file_list": ["a b:c"]},
    )
    for body in unreadable:
        assert (await at_anna.post("add_files", body, dataset="lab:t")).status_code == 400, body
    body = {"query": "files from lab:all"}
    assert (await at_anna.post("add_files", body, dataset="lab:unknown")).status_code == 404
    assert (await at_bob.post("add_files", body, dataset="lab:t")).status_code == 403
    await make(at_anna, "strict", metadata_requirements={"core.run": {"max": 1}})
    assert (await at_anna.post("add_files", body, dataset="lab:strict")).status_code == 488


async def test_files_are_taken_out_of_a_dataset(at_anna: Desk, at_bob: Desk) -> None:
    dataset = {"dataset_namespace": "lab", "dataset_name": "all"}

    async def remove(**body: object) -> int:
        removed: int = (await at_anna.read("remove_files", {**dataset, **body}))["files_removed"]
        return removed

    assert (await at_bob.post("remove_files", {**dataset, "query": "files"})).status_code == 403
    assert await remove(file_list=[{"fid": "fid-a"}, {"fid": "unknown"}]) == 1
    assert await remove(query="files from lab:all where core.run = 2") == 1
    assert await remove(file_list=[{"name": "b"}], namespace="lab") == 0
    for body in ({}, {"query": "garbage"}, {"file_list": [5]}):
        assert (await at_anna.post("remove_files", {**dataset, **body})).status_code == 400
    assert (await at_anna.post("remove_files", {"query": "files"})).status_code == 400
    missing = {"dataset_namespace": "lab", "dataset_name": "unknown", "query": "files"}
    assert (await at_anna.post("remove_files", missing)).status_code == 404


@pytest.mark.parametrize(("flag", "adding"), [("frozen", 403), ("monotonic", 200)])
async def test_a_dataset_keeps_what_it_promised(at_anna: Desk, flag: str, adding: int) -> None:
    await make(at_anna, "t")
    await at_anna.read("update_dataset", {flag: True}, dataset="lab:t")
    body = {"query": "files from lab:all"}
    assert (await at_anna.post("add_files", body, dataset="lab:t")).status_code == adding
    reply = await at_anna.post("query", b"files from lab:all", add_to="lab:t")
    assert reply.status_code == adding
    declared = await at_anna.post("declare_files", [{"name": "new", "size": 1}], dataset="lab:t")
    assert declared.status_code == adding
    reply = await at_anna.post("remove_files", {"dataset_namespace": "lab", "dataset_name": "t", **body})
    assert reply.status_code == 403
    assert flag in reply.text
