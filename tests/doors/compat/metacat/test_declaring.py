"""Declaring files in the catalogue's old protocol."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from tests.conftest import NOON
from tests.doors.compat.metacat.conftest import Desk


async def test_files_are_declared_with_everything(at_anna: Desk) -> None:
    text = {"core.text": 'café "quoted" \\ \n\t', "core.deep": {"a": [1, 2.5, None, True]}}
    [made, auto] = await at_anna.read(
        "declare_files",
        [
            {
                "did": "lab:new",
                "size": 5,
                "metadata": text,
                "fid": "fid-new",
                "parents": [{"fid": "fid-a"}, {"did": "lab:b"}, "fid-c"],
                "checksums": {"md5": "0" * 32},
                "creator": "somebody",
                "created_timestamp": 5,
            },
            {"namespace": "shared", "auto_name": "f_$fid", "size": 0},
        ],
        dataset="lab:all",
    )
    expected = {
        "fid": "fid-new",
        "namespace": "lab",
        "name": "new",
        "size": 5,
        "metadata": text,
        "checksums": {"md5": "0" * 32},
        "creator": "anna",
        "created_timestamp": NOON.timestamp(),
    }
    assert {key: made[key] for key in expected} == expected
    assert (auto["namespace"], auto["name"], auto["metadata"]) == ("shared", f"f_{auto['fid']}", {})
    parents = (await at_anna.read("file", fid="fid-new"))["parents"]
    assert sorted(parent["fid"] for parent in parents) == ["fid-a", "fid-b", "fid-c"]
    assert (await at_anna.read("dataset", dataset="lab:all"))["file_count"] == 5


async def test_a_dry_run_answers_200_and_changes_nothing(at_anna: Desk) -> None:
    files = [{"name": "new", "size": 1}, {"auto_name": "x$uuid8", "size": 1}]
    tried = await at_anna.read("declare_files", files, dataset="lab:all", dry_run="yes")
    assert [sorted(one) for one in tried] == [["fid", "name", "namespace"]] * 2
    assert (tried[0]["namespace"], tried[0]["name"]) == ("lab", "new")
    assert (await at_anna.get("file", did="lab:new")).status_code == 404
    for bad, status in (([{"name": "a", "size": 1}], 409), ([{"name": "new"}], 488)):
        assert (await at_anna.post("declare_files", bad, dataset="lab:all", dry_run="yes")).status_code == status


async def test_a_file_that_is_there_is_a_conflict_even_if_it_is_the_same(at_anna: Desk) -> None:
    files = [{"name": "new", "size": 1}, {"name": "b", "size": 2}, {"name": "a", "size": 1}]
    reply = await at_anna.post("declare_files", files, dataset="lab:all")
    assert reply.status_code == 409
    assert reply.headers["content-type"].startswith("text/plain")
    heading, *names = reply.text.split("\n")
    assert heading == "The following files already exist:"
    assert sorted(name.strip() for name in names) == ["lab:a", "lab:b"]
    assert (await at_anna.get("file", did="lab:new")).status_code == 404
    await at_anna.post("retire_file", {"fid": "fid-a"})
    reply = await at_anna.post("declare_files", [{"name": "a", "size": 1}], dataset="lab:all")
    assert reply.text.split("\n")[1:] == ["  lab:a"]


async def test_a_fid_that_is_taken_is_a_conflict_that_names_no_existing_file(at_anna: Desk) -> None:
    reply = await at_anna.post("declare_files", [{"name": "new", "size": 1, "fid": "fid-a"}], dataset="lab:all")
    assert (reply.status_code, len(reply.text.split("\n"))) == (409, 1)
    assert "fid-a" in reply.text


async def test_everything_that_is_wrong_is_told_with_its_place(at_anna: Desk) -> None:
    files: list[object] = [
        {"name": "good", "size": 1},
        {"size": 1},
        {"name": "x", "size": None},
        {"name": "y", "size": 1, "metadata": []},
        5,
        {"name": "z", "size": 1, "parents": [{}], "fid": "fid-z"},
    ]
    reply = await at_anna.post("declare_files", files, dataset="lab:all")
    assert reply.status_code == 488
    assert reply.headers["content-type"] == "application/json"
    said = reply.json()
    assert said["message"] == "Invalid file data"
    assert [item["index"] for item in said["metadata_errors"]] == [1, 2, 3, 4, 5]
    assert said["metadata_errors"][0]["message"] == "Missing name and auto_name"
    assert said["metadata_errors"][-1]["fid"] == "fid-z"
    assert (await at_anna.get("file", did="lab:good")).status_code == 404


@pytest.mark.parametrize(
    "bad",
    [
        {"checksums": {"adler32": "12"}},
        {"checksums": {"adler32": "0000000A"}},
        {"parents": [{"did": "lab:unknown"}]},
        {"parents": [{"fid": "unknown"}]},
        {"metadata": {"nodot": 1}},
        {"namespace": "unknown"},
    ],
)
async def test_what_only_the_catalogue_finds_wrong_is_told_in_the_same_shape(
    at_anna: Desk, bad: dict[str, object]
) -> None:
    files = [{"name": "good", "size": 1}, {"name": "bad", "size": 1, **bad}]
    reply = await at_anna.post("declare_files", files, dataset="lab:all")
    assert reply.status_code == 488, reply.text
    [item] = reply.json()["metadata_errors"]
    assert (item["index"], bool(item["message"])) == (1, True)
    assert (await at_anna.get("file", did="lab:good")).status_code == 404


async def test_metadata_that_break_a_rule_are_told_by_name(at_anna: Desk, at_admin: Desk) -> None:
    rules = {"level": {"type": "int", "min": 1, "max": 5}, "word": {"type": "text", "required": True}}
    await at_admin.read("create_category", {"path": "quality", "restricted": True, "definitions": rules})
    files = [
        {"name": "x", "size": 1, "metadata": {"quality.level": 9, "quality.other": 1}},
        {"name": "y", "size": 1, "metadata": {"quality.level": 2}},
        {"name": "z", "size": 1, "metadata": {"quality.level": "2"}},
    ]
    reply = await at_anna.post("declare_files", files, dataset="lab:all")
    assert reply.status_code == 488
    found = {
        item["index"]: sorted(error["name"] for error in item["metadata_errors"])
        for item in reply.json()["metadata_errors"]
    }
    assert found == {0: ["quality.level", "quality.other"], 2: ["quality.level"]}
    assert all(error["reason"] for item in reply.json()["metadata_errors"] for error in item["metadata_errors"])


@pytest.mark.parametrize(
    ("dataset", "body", "status"),
    [
        (None, [{"name": "new", "size": 1}], 400),
        ("lab:unknown", [{"name": "new", "size": 1}], 400),
        ("unknown:all", [{"name": "new", "size": 1}], 404),
        ("lab:all", [], 400),
        ("lab:all", {"name": "new", "size": 1}, 400),
        ("lab:all", [{"name": "bad name", "size": 1}], 400),
        ("lab:all", [{"namespace": "prod", "name": "new", "size": 1}], 403),
        ("lab", [{"name": "new", "size": 1}], 400),
    ],
)
async def test_calls_that_cannot_be_answered(at_anna: Desk, dataset: str | None, body: object, status: int) -> None:
    reply = await at_anna.post("declare_files", body, **({} if dataset is None else {"dataset": dataset}))
    assert reply.status_code == status, reply.text


async def test_somebody_else_cannot_declare(at_bob: Desk) -> None:
    reply = await at_bob.post("declare_files", [{"name": "new", "size": 1}], dataset="lab:all")
    assert (reply.status_code, reply.text.startswith("Permission denied.")) == (403, True)


async def test_an_administrator_says_who_made_a_file_and_when(at_admin: Desk) -> None:
    created = datetime(2020, 1, 2, tzinfo=UTC).timestamp()
    item = {"name": "old", "size": 1, "creator": "carol", "created_timestamp": created}
    [made] = await at_admin.read("declare_files", [item], dataset="lab:all")
    assert (made["creator"], made["created_timestamp"]) == ("carol", created)
    for bad in ("x", True, 1e300, [1]):
        item = {"name": "odd", "size": 1, "created_timestamp": bad}
        assert (await at_admin.post("declare_files", [item], dataset="lab:all")).status_code == 488
