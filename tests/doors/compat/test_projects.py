"""Projects through the old protocol."""

from __future__ import annotations

import json
from datetime import timedelta

import httpx
import pytest
from tests.conftest import NOON
from tests.doors.compat.conftest import ClientOf, Parts, add_copies, make_project, reserve

from sutler import auth, catalog
from sutler.auth import SYSTEM, Role
from sutler.base.clock import MovableClock

HANDLE_KEYS = {
    "project_id",
    "namespace",
    "name",
    "state",
    "worker_id",
    "attempts",
    "attributes",
    "reserved_since",
}


async def test_a_new_project_is_shown_with_its_handles(anna: httpx.AsyncClient) -> None:
    files = ["test:a.root", {"namespace": "test", "name": "b.root", "attributes": {"pi": 3.14, "l": [1], "é": '"\\\n'}}]
    body = {
        "files": files,
        "project_attributes": {"n": 5, "tags": ["x", "y"], "virtual": True},
        "query": "files from test:ds",
        "worker_timeout": 43200,
        "idle_timeout": 259200.0,
        "users": ["bob", "anna"],
        "roles": ["local_production"],
    }
    # As the clients send it: JSON without a content type.
    reply = await anna.post("/create_project", content=json.dumps(body).encode())
    assert reply.status_code == 200, reply.text
    assert reply.headers["content-type"].startswith("text/json")
    made = reply.json()
    assert made["project_id"] >= 1
    number = made["project_id"]
    assert made == {
        "project_id": number,
        "owner": "anna",
        "state": "active",
        "retry_count": None,
        "attributes": {"n": 5, "tags": ["x", "y"], "virtual": True},
        "created_timestamp": NOON.timestamp(),
        "ended_timestamp": None,
        "active": True,
        "query": "files from test:ds",
        "worker_timeout": 43200.0,
        "idle_timeout": 259200.0,
        "users": ["bob"],
        "roles": ["local_production"],
        "handle_counts": {"total": 2, "initial": 2, "reserved": 0, "done": 0, "failed": 0},
        "file_handles": [
            {
                "project_id": number,
                "namespace": "test",
                "name": name,
                "state": "initial",
                "worker_id": None,
                "attempts": 0,
                "attributes": attributes,
                "reserved_since": None,
            }
            for name, attributes in (("a.root", {}), ("b.root", {"pi": 3.14, "l": [1], "é": '"\\\n'}))
        ],
    }


@pytest.mark.parametrize(
    ("files", "words"),
    [
        (["nothing"], "Invalid file specification: nothing - can not parse as namespace:name"),
        (["a:b:c"], "Invalid file specification: a:b:c - can not parse as namespace:name"),
        ([{"name": "x"}], "Invalid file specification: {'name': 'x'} - namespace or name missing"),
        (
            [{"namespace": "n", "name": "x", "attributes": [1]}],
            (
                "Invalid file specification: {'namespace': 'n', 'name': 'x', 'attributes': [1]} - "
                "invalid file attributes specification, expected a dictionary"
            ),
        ),
        ([5], "Invalid file specification: 5 - unsupported type"),
        ([], "A project needs at least one file: this one would have nothing to do and never end."),
        (None, "The list of files is missing: send it as `files`"),
    ],
)
async def test_files_that_cannot_be_read_make_no_project(anna: httpx.AsyncClient, files: object, words: str) -> None:
    reply = await anna.post("/create_project", json={"files": files})
    assert (reply.status_code, reply.text) == (400, words)
    assert (await anna.get("/projects?owner=all")).json() == []


@pytest.mark.parametrize(
    "more",
    [
        {"users": ["nobody"]},
        {"roles": ["no_such_group"]},
        {"worker_timeout": "12h"},
        {"idle_timeout": -1},
        {"project_attributes": [1]},
        {"query": 5},
        {"users": "bob"},
    ],
)
async def test_a_project_that_is_refused_leaves_nothing_behind(
    anna: httpx.AsyncClient, more: dict[str, object]
) -> None:
    reply = await anna.post("/create_project", json={"files": ["test:a"], **more})
    assert reply.status_code == 400, reply.text
    assert reply.headers["content-type"].startswith("text/plain")
    assert "\n" not in reply.text
    assert (await anna.get("/projects?owner=all")).json() == []


@pytest.mark.parametrize("body", [b"", b"no json", b"[1]", b'{"files": ["a:b"}'])
async def test_a_body_that_is_no_object_is_refused(anna: httpx.AsyncClient, body: bytes) -> None:
    for path in ("create_project", "copy_project", "restart_handles", "search_projects", "create_rse", "update_rse"):
        reply = await anna.post(f"/{path}", content=body)
        assert reply.status_code == 400
        assert reply.text.startswith("The body of the call ")


async def test_a_document_with_very_many_files_is_read_in_parts(
    anna: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sutler.compat.project_files.FILES_IN_PART", 100)
    files: list[object] = [f"test:{number}.root" for number in range(250)]
    files[120] = {"namespace": "test", "name": "odd one", "attributes": {"n": 1}}
    body = {"files": files, "project_attributes": {"virtual": True}}
    made = (await anna.post("/create_project", json=body)).json()
    names = [handle["name"] for handle in made["file_handles"]]
    assert names == [*(f"{n}.root" for n in range(120)), "odd one", *(f"{n}.root" for n in range(121, 250))]
    for wrong in ("nothing", {"namespace": "test"}, {"namespace": "test", "name": "x\0"}):
        files[249] = wrong
        assert (await anna.post("/create_project", json=body)).status_code == 400
    assert len((await anna.get("/projects?owner=all&with_handles=no")).json()) == 1


async def test_duplicate_files_are_one_handle(anna: httpx.AsyncClient) -> None:
    made = await make_project(anna, "a", "a", "b")
    assert made["handle_counts"] == {"total": 2, "initial": 2, "reserved": 0, "done": 0, "failed": 0}


async def test_names_with_quotes_blanks_and_tabs_stay_as_they_are(anna: httpx.AsyncClient) -> None:
    names = ["it's", "a b", "tab\there", "100%", 'q"uote', "ünï", "back\\slash"]
    made = await make_project(anna, *names)
    shown = (await anna.get(f"/project?project_id={made['project_id']}")).json()
    assert [handle["name"] for handle in shown["file_handles"]] == names


async def test_a_project_is_shown_with_handles_and_replicas_unless_told_not_to(
    anna: httpx.AsyncClient, parts: Parts
) -> None:
    await add_copies(parts.db, {"a": "DISK1"})
    await add_copies(parts.db, {"b": "TAPE1"}, is_tape=True)
    made = await make_project(anna, "a", "b", "c", project_attributes={"virtual": "no"})
    number = made["project_id"]
    shown = (await anna.get(f"/project?project_id={number}")).json()
    replicas = {handle["name"]: handle["replicas"] for handle in shown["file_handles"]}
    assert replicas["a"] == {
        "DISK1": {
            "name": "a",
            "namespace": "test",
            "path": None,
            "rse": "DISK1",
            "url": "root://DISK1//a",
            "urls": ["root://DISK1//a"],
            "preference": 0,
            "available": True,
            "rse_available": True,
        }
    }
    assert list(replicas["b"]) == ["TAPE1"]
    assert replicas["c"] == {}
    shown = (await anna.get(f"/project?project_id={number}&with_replicas=no")).json()
    assert all(set(handle) == HANDLE_KEYS for handle in shown["file_handles"])
    assert "file_handles" not in (await anna.get(f"/project?project_id={number}&with_files=no")).json()


@pytest.mark.parametrize("path", ["project", "handles", "cancel_project", "activate_project", "delete_project"])
async def test_a_project_id_must_be_there_and_be_one(anna: httpx.AsyncClient, path: str) -> None:
    reply = await anna.get(f"/{path}")
    assert (reply.status_code, reply.text) == (400, "Project id must be specified")
    for nonsense in ("x", "-1", "1.5", str(2**63), "1'or'1'='1", "%00"):
        reply = await anna.get(f"/{path}?project_id={nonsense}")
        assert reply.status_code == 400
        assert reply.text.startswith("Project id must be a whole number")
    reply = await anna.get(f"/{path}?project_id=4711")
    assert (reply.status_code, reply.text) == (404, "Project not found")


async def test_a_stranger_to_the_experiment_sees_nothing(client_of: ClientOf, anna: httpx.AsyncClient) -> None:
    number = (await make_project(anna))["project_id"]
    eve = await client_of("eve")
    for path, word in {
        f"project?project_id={number}": "Forbidden. ",
        f"handles?project_id={number}": "Forbidden. ",
        f"cancel_project?project_id={number}": "Forbidden. ",
        f"delete_project?project_id={number}": "Forbidden. ",
        f"next_file?project_id={number}&worker_id=w": "Not authorized. ",
        f"release?handle_id={number}:test:a": "Not authorized. ",
    }.items():
        reply = await eve.get(f"/{path}")
        assert reply.status_code == 403, path
        assert reply.text.startswith(word)
    assert (await eve.get("/projects?owner=all")).json() == []


async def test_projects_are_listed_by_owner_state_and_attributes_in_the_order_of_their_ids(
    anna: httpx.AsyncClient, bob: httpx.AsyncClient
) -> None:
    first = (await make_project(anna, project_attributes={"n": 5, "tags": ["x", "y"], "o": {"p": 1}}))["project_id"]
    second = (await make_project(anna, project_attributes={"n": 1}))["project_id"]
    third = (await make_project(bob, project_attributes={"n": 5}))["project_id"]
    await anna.get(f"/cancel_project?project_id={second}")

    async def find(**query: str) -> list[object]:
        reply = await anna.get("/projects", params=query)
        assert reply.status_code == 200, reply.text
        return [project["project_id"] for project in reply.json()]

    assert await find() == [first, second]
    assert await find(owner="all") == [first, second, third]
    assert await find(owner="bob") == [third]
    assert await find(owner="nobody") == []
    assert await find(owner="all", state="active") == [first, third]
    assert await find(owner="all", not_state="active") == [second]
    assert await find(owner="all", state="held") == []
    assert await find(owner="all", state="active", not_state="active") == []
    for wanted, found in (
        ({"n": 5}, [first, third]),
        ({"n": "5"}, []),
        ({"n": True}, []),
        ({"tags": ["y"]}, [first]),
        ({"tags": ["y", "z"]}, []),
        ({"o": {"p": 1}}, [first]),
        ({"none": None}, []),
    ):
        assert await find(owner="all", attributes=json.dumps(wanted)) == found, wanted
    assert (await anna.get("/projects?attributes=nonsense")).status_code == 400


async def test_a_list_of_projects_has_handles_and_replicas_unless_told_not_to(anna: httpx.AsyncClient) -> None:
    await make_project(anna, "a")
    await make_project(anna, "b", "c")
    full = (await anna.get("/projects")).json()
    assert [[handle["replicas"] for handle in project["file_handles"]] for project in full] == [[{}], [{}, {}]]
    narrow = (await anna.get("/projects?with_replicas=no")).json()
    assert all(set(handle) == HANDLE_KEYS for project in narrow for handle in project["file_handles"])
    bare = (await anna.get("/projects?with_handles=no")).json()
    assert all("file_handles" not in project for project in bare)


async def test_a_long_list_of_projects_is_whole_and_in_order(
    anna: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sutler.compat.project_lists.PAGE", 2)
    numbers = [(await make_project(anna, "a"))["project_id"] for _ in range(5)]
    listed = (await anna.get("/projects?with_replicas=no")).json()
    assert [project["project_id"] for project in listed] == numbers
    found = (await anna.post("/search_projects", json={"query": "owner = anna", "with_handles": False})).json()
    assert [project["project_id"] for project in found] == numbers[::-1]


async def test_projects_are_searched(anna: httpx.AsyncClient) -> None:
    number = (await make_project(anna, project_attributes={"version": "1.5"}))["project_id"]
    await make_project(anna, project_attributes={"version": "1.4"})
    body: dict[str, object] = {"query": 'version >= "1.5"', "with_handles": True, "with_replicas": False}
    found = (await anna.post("/search_projects", json=body)).json()
    assert [project["project_id"] for project in found] == [number]
    assert [handle["name"] for handle in found[0]["file_handles"]] == ["a", "b", "c"]
    for more in ({"state": "done"}, {"owner": "bob"}, {"state": "held"}):
        assert (await anna.post("/search_projects", json={**body, **more})).json() == []
    reply = await anna.post("/search_projects", json={"query": "version >= = 1"})
    assert reply.status_code == 400
    assert reply.headers["content-type"].startswith("text/plain")


async def test_handles_are_listed_by_state(anna: httpx.AsyncClient) -> None:
    number = (await make_project(anna))["project_id"]
    await reserve(anna, number)

    async def find(query: str) -> list[str]:
        reply = await anna.get(f"/handles?project_id={number}{query}")
        assert reply.status_code == 200
        return [handle["name"] for handle in reply.json()]

    assert await find("") == ["a", "b", "c"]
    assert await find("&state=reserved") == ["a"]
    assert await find("&state=ready") == await find("&state=initial") == ["b", "c"]
    assert await find("&not_state=initial") == ["a"]
    assert await find("&state=x'or'1'='1") == []
    assert set((await anna.get(f"/handles?project_id={number}")).json()[0]) == HANDLE_KEYS
    assert "replicas" in (await anna.get(f"/handles?project_id={number}&with_replicas=yes")).json()[0]


async def test_many_handles_come_in_parts(anna: httpx.AsyncClient) -> None:
    made = await make_project(anna, *[f"file-{number:05d}" for number in range(5_000)])
    shown = (await anna.get(f"/project?project_id={made['project_id']}")).json()
    assert [handle["name"] for handle in shown["file_handles"]] == [f"file-{number:05d}" for number in range(5_000)]
    assert len((await anna.get(f"/handles?project_id={made['project_id']}")).json()) == 5_000


async def test_a_copy_has_the_files_and_what_is_laid_over(anna: httpx.AsyncClient) -> None:
    made = await make_project(
        anna, "a", "b", query="q", worker_timeout=60, idle_timeout=600, users=["bob"], project_attributes={"n": 1}
    )
    body = {
        "project_id": made["project_id"],
        "file_attributes": {"f": 2},
        "project_attributes": {"n": 3},
        "worker_timeout": "default",
        "idle_timeout": "no timeout",
    }
    copied = (await anna.post("/copy_project", json=body)).json()
    assert copied["project_id"] != made["project_id"]
    assert (copied["query"], copied["worker_timeout"], copied["idle_timeout"]) == ("q", 60.0, None)
    assert copied["attributes"] == {"virtual": True, "n": 3}
    assert copied["users"] == ["bob"]
    assert [(handle["name"], handle["attributes"]) for handle in copied["file_handles"]] == [
        ("a", {"f": 2}),
        ("b", {"f": 2}),
    ]


@pytest.mark.parametrize(
    ("given", "expected"), [(30, 30.0), (30.5, 30.5), (None, 60.0), ("default", 60.0), ("no timeout", None)]
)
async def test_a_copy_takes_a_time_out_in_seconds_or_in_words(
    anna: httpx.AsyncClient, given: object, expected: float | None
) -> None:
    made = await make_project(anna, worker_timeout=60)
    # An id as text, and no idle_timeout: so do older clients.
    body = {"project_id": str(made["project_id"]), "worker_timeout": given}
    assert (await anna.post("/copy_project", json=body)).json()["worker_timeout"] == expected


async def test_what_is_not_there_is_not_copied(anna: httpx.AsyncClient) -> None:
    reply = await anna.post("/copy_project", json={"project_id": 4711})
    assert (reply.status_code, reply.text) == (404, "Project not found")
    reply = await anna.post("/copy_project", json={"project_id": 4711, "worker_timeout": "soon"})
    assert reply.status_code == 400


async def test_handles_are_restarted_by_state_and_by_name(anna: httpx.AsyncClient) -> None:
    number = (await make_project(anna))["project_id"]
    for outcome in ("failed=no", "failed=yes&retry=no", None):
        handle = await reserve(anna, number)
        if outcome:
            await anna.get(f"/release?handle_id={number}:test:{handle['name']}&{outcome}")

    async def restart(**body: object) -> list[str]:
        reply = await anna.post("/restart_handles", json={"project_id": str(number), **body})
        assert reply.status_code == 200, reply.text
        assert all("replicas" in handle for handle in reply.json()["file_handles"])
        return [handle["state"] for handle in reply.json()["file_handles"]]

    assert await restart() == ["done", "failed", "reserved"]
    assert await restart(failed=True, done=False, reserved=False) == ["done", "initial", "reserved"]
    assert await restart(handles=["test:a", "test:unknown"]) == ["initial", "initial", "reserved"]
    assert await restart(reserved=True, initial=True) == ["initial", "initial", "initial"]
    reply = await anna.post("/restart_handles", json={"project_id": number, "handles": ["nonsense"]})
    assert reply.status_code == 400
    reply = await anna.post("/restart_handles", json={"done": True})
    assert (reply.status_code, reply.text) == (400, "Project id must be specified")


async def test_a_restart_of_a_project_that_is_over_makes_it_active(anna: httpx.AsyncClient) -> None:
    number = (await make_project(anna, "a"))["project_id"]
    await reserve(anna, number)
    await anna.get(f"/release?handle_id={number}:test:a")
    shown = (await anna.get(f"/project?project_id={number}")).json()
    assert (shown["state"], shown["active"], shown["ended_timestamp"]) == ("done", False, NOON.timestamp())
    shown = (await anna.post("/restart_handles", json={"project_id": number, "done": True})).json()
    assert (shown["state"], shown["active"], shown["ended_timestamp"]) == ("active", True, None)


async def test_a_project_is_cancelled_activated_and_deleted(anna: httpx.AsyncClient, clock: MovableClock) -> None:
    number = (await make_project(anna, "a"))["project_id"]
    clock.advance(timedelta(minutes=1))
    cancelled = (await anna.get(f"/cancel_project?project_id={number}")).json()
    assert (cancelled["state"], cancelled["active"]) == ("cancelled", False)
    assert cancelled["ended_timestamp"] == NOON.timestamp() + 60
    assert "replicas" in cancelled["file_handles"][0]
    activated = (await anna.get(f"/activate_project?project_id={number}")).json()
    assert (activated["state"], activated["active"]) == ("active", True)
    deleted = await anna.get(f"/delete_project?project_id={number}")
    assert (deleted.status_code, deleted.text) == (200, "null")
    assert deleted.headers["content-type"].startswith("text/json")
    assert (await anna.get(f"/project?project_id={number}")).status_code == 404


async def test_a_finished_project_is_not_made_active(anna: httpx.AsyncClient) -> None:
    number = (await make_project(anna, "a"))["project_id"]
    await reserve(anna, number)
    await anna.get(f"/release?handle_id={number}:test:a")
    reply = await anna.get(f"/activate_project?project_id={number}")
    shown = (await anna.get(f"/project?project_id={number}")).json()
    assert shown["state"] == "done"
    assert reply.status_code in (200, 400)


async def test_only_the_owner_and_those_above_end_a_project(anna: httpx.AsyncClient, bob: httpx.AsyncClient) -> None:
    number = (await make_project(anna, users=["bob"]))["project_id"]
    for path in ("cancel_project", "activate_project", "delete_project"):
        reply = await bob.get(f"/{path}?project_id={number}")
        assert reply.status_code == 403, path
        assert reply.text.startswith("Forbidden. ")
    reply = await bob.post("/restart_handles", json={"project_id": number, "done": True})
    assert reply.status_code == 403


async def test_the_experiment_comes_from_the_address_else_from_the_files_else_it_is_asked_for(
    parts: Parts, anna: httpx.AsyncClient
) -> None:
    db = parts.db
    await auth.create_experiment(db, SYSTEM, name="nova")
    await auth.set_member(db, SYSTEM, experiment="nova", username="anna", role=Role.ANALYSIS)
    await catalog.create_namespace(db, SYSTEM, experiment="nova", name="nova_files", owner_role=Role.PRODUCTION)
    body = {"files": ["test:a"], "project_attributes": {"virtual": True}}

    reply = await anna.post("/create_project", json=body)
    assert reply.status_code == 400
    assert "local, nova" in reply.text
    assert (await anna.post("/nova/create_project", json=body)).status_code == 200
    assert (await anna.post("/create_project", json={**body, "files": ["nova_files:a"]})).status_code == 200
    assert len((await anna.get("/nova/projects")).json()) == 2
    assert (await anna.get("/local/projects")).json() == []
    assert len((await anna.get("/projects")).json()) == 2
    reply = await anna.get("/nowhere/projects")
    assert reply.status_code == 404
    reply = await anna.post("/nowhere/create_project", json=body)
    assert reply.status_code == 404


async def test_only_new_projects_may_be_large(anna: httpx.AsyncClient) -> None:
    blanks = " " * (1024 * 1024)
    for call in ("copy_project", "search_projects", "create_rse"):
        reply = await anna.post(f"/{call}", content=f'{{"x": 1{blanks}}}'.encode())
        assert reply.status_code == 413, (call, reply.text)
    attributes = json.dumps({"files": ["test:a"], "project_attributes": {"x": "y" * (1024 * 1024)}})
    reply = await anna.post("/create_project", content=attributes.encode())
    assert (reply.status_code, "beside its files" in reply.text) == (400, True)
    files = json.dumps({"files": [f"test:file_{number:05d}" for number in range(10_001)]})
    assert (await anna.post("/create_project", content=files.encode())).status_code == 400
