"""Summaries, saved selections, datasets and named queries in the catalogue's old protocol; categories and reports."""

from __future__ import annotations

import pytest
from tests.conftest import NOON
from tests.doors.compat.conftest import Parts
from tests.doors.compat.metacat.conftest import Desk

from sutler import auth
from sutler.auth import SYSTEM, Role

ALL = b"files from lab:all"


async def test_a_query_is_summed_up(at_anna: Desk) -> None:
    assert await at_anna.read("query", ALL, summary="count") == {"count": 3, "total_size": 6}
    assert await at_anna.read("query", ALL, summary="keys") == ["core.run"]
    assert await at_anna.read("query", b"files a, b", summary="count", namespace="lab") == {"count": 2, "total_size": 3}
    await at_anna.post("retire_file", {"fid": "fid-a"})
    found = await at_anna.read("query", ALL, summary="count", include_retired_files="yes")
    assert found == {"count": 3, "total_size": 6}


async def test_files_come_with_their_relatives(at_anna: Desk) -> None:
    files = await at_anna.stream("query", ALL, with_provenance="yes", with_meta="yes")
    assert [(file["parents"], file["children"], file["metadata"]) for file in files] == [
        ([], [{"fid": "fid-c"}], {"core.run": 1}),
        ([], [], {"core.run": 2}),
        ([{"fid": "fid-a"}], [], {"core.run": 3}),
    ]


async def test_a_query_may_be_an_argument_or_a_form(at_anna: Desk) -> None:
    assert len(await at_anna.stream("query", query="files from lab:all")) == 3
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    address = "http://sutler.test/metacat/data/query"
    form = await at_anna.client.post(address, content=b"query=files+from+lab%3Aall", headers=headers)
    assert len(form.text.splitlines()) == 3
    plain = await at_anna.client.post(address, content=b"files from lab:all where core.run = 2", headers=headers)
    assert len(plain.text.splitlines()) == 1


async def test_datasets_are_searched(at_anna: Desk) -> None:
    await at_anna.read("create_dataset", {"namespace": "lab", "name": "top", "subsets_query": "datasets lab:all"})
    found = await at_anna.stream("query", b"datasets matching lab:*")
    assert [(one["name"], "parents" in one) for one in found] == [("all", False), ("top", False)]
    found = await at_anna.stream("query", b"datasets matching lab:*", with_provenance="yes")
    assert [(one["parents"], one["children"]) for one in found] == [(["lab:top"], []), ([], ["lab:all"])]


async def test_a_selection_is_saved_and_added_to(at_anna: Desk, at_bob: Desk) -> None:
    files = await at_anna.stream("query", b"files from lab:all where core.run > 1", save_as="lab:new", with_meta="yes")
    assert [file["metadata"]["core.run"] for file in files] == [2, 3]
    made = await at_anna.read("dataset", dataset="lab:new")
    assert (made["file_count"], made["creator"]) == (2, "anna")
    assert await at_anna.ask("files lab:a", add_to="lab:new") == ["a"]
    assert (await at_anna.read("dataset", dataset="lab:new"))["file_count"] == 3
    assert (await at_anna.post("query", ALL, save_as="lab:new")).status_code == 409
    assert (await at_anna.post("query", ALL, add_to="lab:unknown")).status_code == 404
    assert (await at_anna.post("query", ALL, save_as="unknown:new")).status_code == 404
    assert (await at_anna.post("query", ALL, save_as="new")).status_code == 400
    assert (await at_anna.post("query", ALL, save_as="lab:x", add_to="lab:new")).status_code == 400
    assert (await at_bob.post("query", ALL, save_as="lab:bobs")).status_code == 403
    assert (await at_bob.post("query", ALL, add_to="lab:new")).status_code == 403


@pytest.mark.parametrize("text", [b"garbage", b"", b"datasets lab:all", b"files where core.run ~ '('"])
async def test_a_bad_query_that_was_to_be_saved_leaves_nothing_behind(at_anna: Desk, text: bytes) -> None:
    assert (await at_anna.post("query", text, save_as="lab:left")).status_code == 400
    assert (await at_anna.get("dataset", dataset="lab:left")).status_code == 404


async def test_a_named_query_is_kept_read_and_used(at_anna: Desk, at_bob: Desk) -> None:
    body = {"namespace": "lab", "name": "q1", "source": "files from lab:all", "parameters": []}
    shape = {
        "namespace": "lab",
        "name": "q1",
        "source": "files from lab:all",
        "creator": "anna",
        "created_timestamp": NOON.timestamp(),
        "description": "",
        "metadata": {},
    }
    assert await at_anna.read("create_named_query", body) == shape
    assert await at_bob.read("named_query", namespace="lab", name="q1") == shape
    assert (await at_anna.post("create_named_query", body)).status_code == 409
    changed = await at_anna.read("create_named_query", {**body, "source": "files lab:a"}, update="yes")
    assert changed["source"] == "files lab:a"
    assert await at_anna.ask("files selected by q1", namespace="lab") == ["a"]
    await at_anna.read("create_named_query", {**body, "name": "q2"})
    assert [one["name"] for one in await at_anna.read("named_queries", namespace="lab")] == ["q1", "q2"]
    assert len(await at_anna.read("named_queries")) == 2
    assert await at_anna.read("named_queries", namespace="prod") == []
    for more, status in (
        ({"source": "garbage"}, 400),
        ({"source": None}, 400),
        ({"name": "a b"}, 400),
        ({"parameters": 5}, 400),
        ({"namespace": "prod"}, 403),
        ({"namespace": "unknown"}, 404),
    ):
        assert (await at_anna.post("create_named_query", {**body, "name": "q3", **more})).status_code == status, more
    assert (await at_anna.get("named_query", namespace="lab", name="q3")).status_code == 404
    assert (await at_anna.get("named_query", namespace="lab")).status_code == 400


async def test_named_queries_are_searched(at_anna: Desk) -> None:
    for name in ("one", "other", "two"):
        await at_anna.read("create_named_query", {"namespace": "lab", "name": name, "source": "files lab:a"})
    assert [one["name"] for one in await at_anna.stream("search_queries", b"queries matching lab:o*")] == [
        "one",
        "other",
    ]
    for bad in (b"files from lab:all", b"garbage", b""):
        assert (await at_anna.post("search_queries", bad)).status_code == 400


async def test_a_category_is_made_read_changed_and_removed(at_anna: Desk, at_admin: Desk) -> None:
    rules = {"n": {"type": "int"}}
    body = {"path": "quality", "owner_role": "local_production", "restricted": True, "definitions": rules}
    shape = {
        "path": "quality",
        "owner_user": None,
        "owner_role": "local_production",
        "description": "",
        "restricted": True,
        "required": False,
        "definitions": rules,
        "creator": "admin",
        "created_timestamp": NOON.timestamp(),
    }
    assert (await at_anna.post("create_category", body)).status_code == 403
    assert await at_admin.read("create_category", body) == shape
    assert (await at_admin.post("create_category", body)).status_code == 409
    assert await at_anna.read("category/quality") == shape
    assert await at_anna.read("category", path="quality") == shape
    assert await at_anna.read("category/unknown") is None
    assert await at_anna.read("categories") == [shape]
    more = {"path": "quality", "definitions": {"m": {"type": "text"}}, "description": "words", "restricted": None}
    changed = await at_admin.read("update_category", more)
    assert (sorted(changed["definitions"]), changed["description"]) == (["m", "n"], "words")
    changed = await at_admin.read("update_category", {**more, "mode": "replace", "restricted": False})
    assert (sorted(changed["definitions"]), changed["restricted"]) == (["m"], False)
    assert (await at_anna.post("update_category", more)).status_code == 403
    for bad, status in (
        ({"path": "unknown"}, 404),
        ({**more, "mode": "other"}, 400),
        ({**more, "definitions": {"x": {"type": "nothing"}}}, 400),
        ({"path": ""}, 400),
        ({**more, "owner_role": "nobody"}, 404),
    ):
        assert (await at_admin.post("update_category", bad)).status_code == status, bad
    assert (await at_anna.get("remove_category/quality")).status_code == 403
    assert (await at_admin.get("remove_category/quality")).status_code == 200
    assert (await at_admin.get("remove_category/quality")).status_code == 404
    assert await at_anna.read("categories") == []


async def test_a_category_below_belongs_to_the_owner_of_the_one_above(
    at_anna: Desk, at_bob: Desk, at_admin: Desk
) -> None:
    await at_admin.read("create_category", {"path": "quality", "owner_role": "local_analysis", "definitions": {}})
    made = await at_anna.read("create_category", {"path": "quality.mine", "definitions": {}})
    assert made["owner_user"] == "anna"
    assert (await at_bob.post("create_category", {"path": "quality.mine.his"})).status_code == 403


async def test_somebody_of_two_experiments_says_which_one_is_meant(at_anna: Desk, parts: Parts) -> None:
    await auth.create_experiment(parts.db, SYSTEM, name="second", full_name="Second")
    await auth.set_member(parts.db, SYSTEM, experiment="second", username="anna", role=Role.ANALYSIS)
    reply = await at_anna.get("categories")
    assert (reply.status_code, "It is not clear which experiment is meant" in reply.text) == (400, True)
    assert (await at_anna.client.get("http://sutler.test/metacat/second/data/categories")).json() == []
    assert len(await at_anna.stream("query", ALL)) == 3
    reply = await at_anna.client.post("http://sutler.test/metacat/second/data/query", content=ALL)
    assert (reply.status_code, reply.text) == (200, "")


async def test_what_all_metadata_hold_is_reported_to_those_who_look_after_it(
    at_anna: Desk, at_admin: Desk, parts: Parts
) -> None:
    await at_anna.read("update_file", {"fid": "fid-a", "metadata": {"core.null": None, "core.word": "x"}})
    reports: tuple[tuple[str, dict[str, str], object], ...] = (
        ("report_metadata_keys", {}, ["core.null", "core.run", "core.word"]),
        (
            "report_metadata_counts_ranges",
            {"keylist": "core.run,core.null"},
            {
                "core.run.count": 3,
                "core.run.max": "3",
                "core.run.min": "1",
                "core.null.count": 0,
                "core.null.max": "",
                "core.null.min": "",
            },
        ),
        ("report_metadata_values", {"key": "core.run"}, ["1", "2", "3"]),
        ("report_metadata_values", {"key": "core.null"}, []),
    )
    for name, arguments, expected in reports:
        assert await at_admin.read(name, **arguments) == expected
        assert (await at_anna.get(name, **arguments)).status_code == 403
    await auth.set_member(parts.db, SYSTEM, experiment="local", username="anna", role=Role.SUPERUSER)
    await parts.authenticator.close()
    for name, arguments, expected in reports:
        assert await at_anna.read(name, **arguments) == expected
    assert (await at_admin.get("report_metadata_values")).status_code == 400
