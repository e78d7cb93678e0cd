"""Files in the catalogue's old protocol: reading and changing them."""

from __future__ import annotations

import pytest
from tests.conftest import NOON
from tests.doors.compat.metacat.conftest import Desk

A = {
    "fid": "fid-a",
    "namespace": "lab",
    "name": "a",
    "retired": False,
    "retired_by": None,
    "updated_by": None,
    "retired_timestamp": None,
    "updated_timestamp": None,
    "created_timestamp": NOON.timestamp(),
    "checksums": {"adler32": "0000000a"},
    "size": 1,
    "creator": "anna",
}
WHOLE = {**A, "metadata": {"core.run": 1}, "parents": [], "children": [{"fid": "fid-c"}]}


async def test_a_file_is_read_by_each_of_its_names(at_anna: Desk) -> None:
    for call, arguments in (
        ("file", {"fid": "fid-a"}),
        ("file", {"did": "lab:a"}),
        ("file", {"namespace": "lab", "name": "a"}),
        ("file/fid-a", {}),
        ("file/lab:a", {}),
    ):
        assert await at_anna.read(call, **arguments) == WHOLE
    assert await at_anna.read("file", fid="fid-a", with_metadata="no", with_provenance="no") == A
    found = await at_anna.read("file", fid="fid-c", with_datasets="yes")
    assert (found["parents"], found["datasets"]) == ([{"fid": "fid-a"}], [{"namespace": "lab", "name": "all"}])
    for arguments in ({"fid": "unknown"}, {"did": "lab:unknown"}, {"namespace": "unknown", "name": "a"}):
        reply = await at_anna.get("file", **arguments)
        assert (reply.status_code, reply.text.startswith("There is no file ")) == (404, True)
    for arguments in ({}, {"name": "a"}, {"did": "a"}, {"fid": "a b"}, {"namespace": "lab", "name": "a b"}):
        assert (await at_anna.get("file", **arguments)).status_code == 400


async def test_many_files_are_read(at_anna: Desk) -> None:
    wanted = [{"fid": "fid-c"}, {"did": "lab:a"}, {"fid": "unknown"}, {"namespace": "lab", "name": "a"}, "fid-b"]
    assert [file["name"] for file in await at_anna.read("files", wanted)] == ["c", "a", "b"]
    [first] = await at_anna.read("files", [{"fid": "fid-a"}], with_metadata="yes", with_provenance="yes")
    assert first == WHOLE
    assert await at_anna.read("files", [{"fid": "fid-a"}]) == [A]
    assert await at_anna.read("files", []) == []
    unreadable: tuple[object, ...] = ({}, [{}], [5], ["a b"], [{"fid": 5}], [{"name": "a"}])
    for bad in unreadable:
        assert (await at_anna.post("files", bad)).status_code == 400, bad


async def test_files_are_read_with_their_datasets(at_anna: Desk) -> None:
    found = await at_anna.read("datasets_for_files", [{"fid": "fid-a"}, {"did": "prod:p"}, {"fid": "unknown"}])
    assert [(list(item)[:-1], [one["name"] for one in item["datasets"]]) for item in found] == [
        (["fid"], ["all"]),
        (["namespace", "name"], []),
        (["fid"], []),
    ]
    assert found[0]["datasets"][0]["metadata"] == {"ds.kind": "test"}
    assert (await at_anna.post("datasets_for_files", {})).status_code == 400


async def test_a_file_is_changed(at_anna: Desk) -> None:
    changed = await at_anna.read(
        "update_file",
        {
            "did": "lab:b",
            "size": 22,
            "checksums": {"md5": "0" * 32},
            "metadata": {"core.more": [1, None, "x"]},
            "parents": [{"fid": "fid-a"}],
            "children": [{"namespace": "lab", "name": "c"}],
        },
    )
    expected = {
        "size": 22,
        "checksums": {"md5": "0" * 32},
        "metadata": {"core.run": 2, "core.more": [1, None, "x"]},
        "parents": [{"fid": "fid-a"}],
        "children": [{"fid": "fid-c"}],
        "updated_by": "anna",
        "updated_timestamp": NOON.timestamp(),
    }
    assert {key: changed[key] for key in expected} == expected
    body = {"fid": "fid-b", "mode": "replace", "metadata": {"core.x": 1}, "parents": []}
    changed = await at_anna.read("update_file", body)
    assert (changed["metadata"], changed["parents"], changed["size"]) == ({"core.x": 1}, [], 22)
    assert changed["children"] == [{"fid": "fid-c"}]


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"fid": "unknown", "size": 1}, 404),
        ({"fid": "fid-p", "size": 1}, 403),
        ({"fid": "fid-a", "parents": [{"fid": "unknown"}]}, 404),
        ({"fid": "fid-a", "parents": [{"did": "lab:unknown"}]}, 404),
        ({"fid": "fid-a", "parents": [{"fid": "fid-c"}]}, 488),
        ({"fid": "fid-a", "checksums": {"adler32": "12"}}, 400),
        ({"fid": "fid-a", "metadata": {"nodot": 1}}, 400),
        ({"fid": "fid-a", "mode": "other"}, 400),
        ({"fid": "fid-a", "size": -1}, 400),
        ({"fid": "fid-a", "size": True}, 400),
        ({"fid": "fid-a", "parents": "fid-b"}, 400),
        ({}, 400),
        ([], 400),
    ],
)
async def test_a_change_that_cannot_be_made_changes_nothing(at_anna: Desk, body: object, status: int) -> None:
    reply = await at_anna.post("update_file", body)
    assert reply.status_code == status, reply.text
    assert await at_anna.read("file", fid="fid-a") == WHOLE


async def test_metadata_of_many_files_are_changed(at_anna: Desk) -> None:
    body = {"metadata": {"core.x": 1}, "files": [{"fid": "fid-a"}, {"did": "lab:b"}], "mode": "update"}
    assert await at_anna.read("update_file_meta", body) == [
        {"name": "a", "namespace": "lab", "fid": "fid-a", "metadata": {"core.run": 1, "core.x": 1}},
        {"name": "b", "namespace": "lab", "fid": "fid-b", "metadata": {"core.run": 2, "core.x": 1}},
    ]
    [only] = await at_anna.read("update_file_meta", {**body, "files": ["fid-a"], "mode": "replace"})
    assert only["metadata"] == {"core.x": 1}
    assert (await at_anna.read("file", fid="fid-a"))["updated_by"] == "anna"
    for more, status in (
        ({"files": ["fid-a", "fid-p"]}, 403),
        ({"files": ["unknown"]}, 488),
        ({"mode": "other"}, 400),
        ({"metadata": {"nodot": 1}}, 400),
        ({"metadata": None}, 400),
        ({"files": None}, 400),
    ):
        assert (await at_anna.post("update_file_meta", {**body, **more})).status_code == status, more


async def test_a_file_is_retired_and_brought_back(at_anna: Desk) -> None:
    retired = await at_anna.read("retire_file", {"did": "lab:a", "retire": True})
    expected = {"retired": True, "retired_by": "anna", "retired_timestamp": NOON.timestamp()}
    assert {key: retired[key] for key in expected} == expected
    assert "metadata" not in retired
    assert await at_anna.ask("files from lab:all") == ["b", "c"]
    assert await at_anna.ask("fids fid-a") == ["a"]
    assert (await at_anna.read("dataset", dataset="lab:all"))["file_count"] == 2
    assert (await at_anna.read("retire_file", {"fid": "fid-a", "retire": False}))["retired"] is False
    for body, status in (
        ({"fid": "unknown"}, 404),
        ({"fid": "fid-p"}, 403),
        ({}, 400),
        ({"fid": "a", "retire": 1}, 400),
    ):
        assert (await at_anna.post("retire_file", body)).status_code == status


async def test_a_file_is_deleted(at_anna: Desk) -> None:
    assert await at_anna.read("delete_file", {"fid": "fid-a"}) == {"fid": "fid-a"}
    assert (await at_anna.get("file", fid="fid-a")).status_code == 404
    assert (await at_anna.read("file", fid="fid-c"))["parents"] == []
    for body, status in (({"fid": "unknown"}, 404), ({"fid": "fid-p"}, 403), ({}, 400)):
        assert (await at_anna.post("delete_file", body)).status_code == status


async def test_files_are_moved(at_anna: Desk) -> None:
    moved = await at_anna.read("move_files", {"namespace": "shared", "files": [{"fid": "fid-a"}, {"did": "prod:p"}]})
    assert (moved["files_moved"], moved["nerrors"]) == (1, 1)
    assert moved["errors"][0].startswith("prod:p: ")
    moved = await at_anna.read("move_files", {"namespace": "shared", "query": "files from lab:all where core.run = 2"})
    assert moved == {"files_moved": 1, "errors": [], "nerrors": 0}
    await at_anna.read("declare_files", [{"namespace": "shared", "name": "c", "size": 1}], dataset="lab:all")
    reply = await at_anna.post("move_files", {"namespace": "shared", "files": [{"fid": "fid-c"}]})
    assert (reply.status_code, "shared:c" in reply.text) == (409, True)
    many = [{"fid": f"unknown{number}"} for number in range(150)]
    moved = await at_anna.read("move_files", {"namespace": "shared", "files": many})
    assert (len(moved["errors"]), moved["nerrors"]) == (100, 150)
    for body, status in (
        ({"namespace": "prod", "files": ["fid-c"]}, 403),
        ({"namespace": "unknown", "files": ["fid-c"]}, 404),
        ({"namespace": "shared"}, 400),
        ({"files": ["fid-c"]}, 400),
        ({"namespace": "shared", "query": "datasets lab:all"}, 400),
    ):
        assert (await at_anna.post("move_files", body)).status_code == status, body
