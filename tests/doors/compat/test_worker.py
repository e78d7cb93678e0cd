"""The calls of workers: the three answers of `next_file`, and every way to give a file back."""

from __future__ import annotations

from datetime import timedelta

import httpx
import pytest
from tests.conftest import NOON
from tests.doors.compat.conftest import ClientOf, Parts, add_copies, make_project, reserve

from sutler import auth, dispatch, replicas
from sutler.auth import SYSTEM
from sutler.base.clock import MovableClock
from sutler.base.did import Did
from sutler.database.errors import DatabaseUnreachableError

RETRY = {"handle": None, "reason": "retry", "retry": True}


async def test_the_next_file_is_shown_as_it_is_after_the_change(anna: httpx.AsyncClient, clock: MovableClock) -> None:
    made = await make_project(anna, "a", worker_timeout=60, project_attributes={"n": 5})
    number = made["project_id"]
    clock.advance(timedelta(seconds=10))
    reply = await anna.get(f"/next_file?project_id={number}&worker_id=w1&cpu_site=FNAL")
    assert reply.headers["content-type"].startswith("text/json")
    assert reply.json() == {
        "handle": {
            "project_id": number,
            "namespace": "test",
            "name": "a",
            "state": "reserved",
            "worker_id": "w1",
            "attempts": 1,
            "attributes": {},
            "reserved_since": NOON.timestamp() + 10,
            "replicas": {},
            "project_attributes": {"virtual": True, "n": 5},
        },
        "reason": "reserved",
        "retry": False,
    }
    shown = (await anna.get(f"/handles?project_id={number}")).json()[0]
    assert (shown["state"], shown["worker_id"], shown["attempts"]) == ("reserved", "w1", 1)
    assert shown["reserved_since"] == NOON.timestamp() + 10


async def test_while_files_are_out_the_worker_is_to_ask_again_and_in_the_end_told_the_state(
    anna: httpx.AsyncClient,
) -> None:
    number = (await make_project(anna, "a"))["project_id"]
    await reserve(anna, number)
    ask = f"/next_file?project_id={number}&worker_id=w2"
    assert (await anna.get(ask)).json() == RETRY
    await anna.get(f"/release?handle_id={number}:test:a&worker_id=w1")
    reply = await anna.get(ask)
    assert (reply.status_code, reply.text) == (400, "Inactive project. State=done")


async def test_a_cancelled_project_gives_nothing_out(anna: httpx.AsyncClient) -> None:
    number = (await make_project(anna))["project_id"]
    await anna.get(f"/cancel_project?project_id={number}")
    reply = await anna.get(f"/next_file?project_id={number}&worker_id=w")
    assert (reply.status_code, reply.text) == (400, "Inactive project. State=cancelled")


async def test_both_ids_are_asked_for_before_anything_else(anna: httpx.AsyncClient) -> None:
    for query in ("", "?project_id=4711", "?worker_id=w", "?project_id=&worker_id=w"):
        reply = await anna.get(f"/next_file{query}")
        assert (reply.status_code, reply.text) == (400, "Project ID and Worker ID must be specified")
    reply = await anna.get("/next_file?project_id=4711&worker_id=w")
    assert (reply.status_code, reply.text) == (404, "Project not found")


async def test_only_usable_copies_come_along_each_with_its_distance(anna: httpx.AsyncClient, parts: Parts) -> None:
    await add_copies(parts.db, {"a": "DISK1"})
    copy = replicas.NewReplica(Did("test", "a"), "DISK1", "root://DISK1:1094//data/a")
    await replicas.add_replicas(parts.db, SYSTEM, experiment="local", replicas=[copy])
    await replicas.set_proximity(parts.db, SYSTEM, experiment="local", text="FNAL,DISK1,7\nDEFAULT,DEFAULT,100\n")
    number = (await make_project(anna, "a", "b", project_attributes={"virtual": False}))["project_id"]
    handle = await reserve_at(anna, number, "FNAL")
    assert handle["name"] == "a"
    assert handle["replicas"] == {
        "DISK1": {
            "name": "a",
            "namespace": "test",
            "path": None,
            "rse": "DISK1",
            "url": "root://DISK1:1094//data/a",
            "urls": ["root://DISK1:1094//data/a"],
            "preference": 7,
            "proximity": 7,
            "available": True,
            "rse_available": True,
        }
    }
    # b has no copy: it is not handed out, and the worker is not sent away either.
    assert (await anna.get(f"/next_file?project_id={number}&worker_id=w")).json() == RETRY
    await anna.get(f"/release?handle_id={number}:test:a&failed=yes")
    handle = await reserve_at(anna, number, "ELSEWHERE")
    assert isinstance(handle["replicas"], dict)
    assert handle["replicas"]["DISK1"]["proximity"] == 100


async def test_files_that_are_not_staged_are_not_handed_out(anna: httpx.AsyncClient, parts: Parts) -> None:
    await add_copies(parts.db, {"a": "TAPE1"}, is_tape=True)
    unstaged = replicas.NewReplica(Did("test", "a"), "TAPE1", "root://TAPE1//a", is_staged=False)
    await replicas.add_replicas(parts.db, SYSTEM, experiment="local", replicas=[unstaged])
    number = (await make_project(anna, "a", project_attributes={"virtual": "False"}))["project_id"]
    assert (await anna.get(f"/next_file?project_id={number}&worker_id=w")).json() == RETRY
    shown = (await anna.get(f"/project?project_id={number}")).json()["file_handles"][0]["replicas"]
    assert (shown["TAPE1"]["available"], shown["TAPE1"]["rse_available"]) == (False, True)


@pytest.mark.parametrize(
    ("query", "state", "project_state"),
    [
        ("failed=no", "done", "done"),
        ("", "done", "done"),
        ("failed=no&retry=no", "done", "done"),
        ("failed=yes", "initial", "active"),
        ("failed=yes&retry=yes", "initial", "active"),
        ("failed=yes&retry=no", "failed", "failed"),
        ("failed=yes&retry=maybe", "failed", "failed"),
        ("failed=true", "done", "done"),
    ],
)
@pytest.mark.parametrize("worker", ["", "&worker_id=w1"])
async def test_a_file_is_given_back(
    anna: httpx.AsyncClient, query: str, state: str, project_state: str, worker: str
) -> None:
    number = (await make_project(anna, "a"))["project_id"]
    await reserve(anna, number)
    reply = await anna.get(f"/release?handle_id={number}:test:a&{query}{worker}")
    assert reply.status_code == 200, reply.text
    assert reply.json() == {
        "project_id": number,
        "namespace": "test",
        "name": "a",
        "state": state,
        "worker_id": None,
        "attempts": 1,
        "attributes": {},
        "reserved_since": NOON.timestamp(),
    }
    assert (await anna.get(f"/project?project_id={number}")).json()["state"] == project_state


async def test_another_worker_cannot_give_a_file_back(anna: httpx.AsyncClient) -> None:
    number = (await make_project(anna, "a"))["project_id"]
    await reserve(anna, number)
    reply = await anna.get(f"/release?handle_id={number}:test:a&failed=no&worker_id=w2")
    assert (reply.status_code, reply.text) == (403, "Not authorized: wrong worker_id")


async def test_the_same_again_by_the_same_worker_is_accepted(anna: httpx.AsyncClient) -> None:
    number = (await make_project(anna, "a", "b"))["project_id"]
    await reserve(anna, number)
    done = f"/release?handle_id={number}:test:a&failed=no"
    first = await anna.get(f"{done}&worker_id=w1")
    again = await anna.get(f"{done}&worker_id=w1")
    assert (again.status_code, again.json()) == (200, first.json())
    # Another outcome, or another worker, is no repetition.
    assert (await anna.get(f"{done}&worker_id=w2")).status_code == 403
    assert (await anna.get(f"/release?handle_id={number}:test:a&failed=yes&worker_id=w1")).status_code == 403


async def test_what_is_not_reserved_cannot_be_given_back(anna: httpx.AsyncClient) -> None:
    number = (await make_project(anna, "a"))["project_id"]
    for name in ("a", "unknown", "it's"):
        reply = await anna.get(f"/release?handle_id={number}:test:{name}&failed=no")
        assert (reply.status_code, reply.text) == (404, "Handle not found or was not reserved")
    reply = await anna.get("/release?handle_id=4711:test:a")
    assert (reply.status_code, reply.text) == (404, "Project not found")


@pytest.mark.parametrize("handle_id", ["", "1", "1:test", "1:test:", ":test:a", "x"])
async def test_a_handle_is_named_by_three_parts(anna: httpx.AsyncClient, handle_id: str) -> None:
    reply = await anna.get(f"/release?handle_id={handle_id}")
    assert reply.status_code == 400
    assert reply.text == "File Handle ID (<project_id>:<namespace>:<name>) must be specified"


async def test_a_name_with_colons_is_split_at_the_first_two(anna: httpx.AsyncClient) -> None:
    number = (await make_project(anna, "a:b:c"))["project_id"]
    await reserve(anna, number)
    assert (await anna.get(f"/release?handle_id={number}:test:a:b:c")).json()["name"] == "a:b:c"


async def test_a_plus_in_a_name_is_a_plus_and_where_that_fails_a_blank(anna: httpx.AsyncClient) -> None:
    number = (await make_project(anna, "a+b", "c d"))["project_id"]
    for raw in ("a+b", "c+d"):
        await reserve(anna, number, "w+1")
        reply = await anna.get(f"/release?handle_id={number}:test:{raw}&worker_id=w+1")
        assert reply.status_code == 200, reply.text
    shown = (await anna.get(f"/handles?project_id={number}")).json()
    assert [(handle["name"], handle["state"]) for handle in shown] == [("a+b", "done"), ("c d", "done")]


async def test_a_double_slash_is_one(stranger: httpx.AsyncClient, anna: httpx.AsyncClient) -> None:
    assert (await stranger.get("/dd//version")).text == "2.0.3"
    number = (await make_project(anna, "a"))["project_id"]
    token = anna.headers["X-Authentication-Token"]
    reply = await stranger.get(
        f"/dd//next_file?project_id={number}&worker_id=w", headers={"X-Authentication-Token": token}
    )
    assert reply.json()["reason"] == "reserved"


async def test_users_and_members_of_groups_may_take_files_and_give_them_back(
    parts: Parts, anna: httpx.AsyncClient, bob: httpx.AsyncClient
) -> None:
    await auth.create_group(parts.db, SYSTEM, experiment="local", name="calibration")
    for more in ({"users": ["bob"]}, {"roles": ["calibration"]}):
        number = (await make_project(anna, "a", **more))["project_id"]
        if "roles" in more:
            assert (await bob.get(f"/next_file?project_id={number}&worker_id=w")).status_code == 403
            await auth.set_group_member(parts.db, SYSTEM, name="calibration", username="bob", is_member=True)
            parts.authenticator._answers.clear()
        assert (await reserve(bob, number))["name"] == "a"
        assert (await bob.get(f"/release?handle_id={number}:test:a&worker_id=w1")).json()["state"] == "done"


async def test_an_abandoned_project_becomes_active_when_a_worker_comes(
    anna: httpx.AsyncClient, parts: Parts, clock: MovableClock
) -> None:
    number = (await make_project(anna, "a", idle_timeout=60))["project_id"]
    clock.advance(timedelta(minutes=5))
    await dispatch.abandon_idle(parts.db, limit=10)
    assert (await anna.get(f"/project?project_id={number}")).json()["state"] == "abandoned"
    await reserve(anna, number)
    assert (await anna.get(f"/project?project_id={number}")).json()["state"] == "active"


async def test_a_lease_that_runs_out_is_counted_and_closes_the_project_if_it_was_the_last(
    anna: httpx.AsyncClient, parts: Parts, clock: MovableClock
) -> None:
    number = (await make_project(anna, "a", worker_timeout=60))["project_id"]
    await reserve(anna, number)
    clock.advance(timedelta(minutes=2))
    await dispatch.release_overdue(parts.db)
    shown = (await anna.get(f"/handles?project_id={number}")).json()[0]
    assert (shown["state"], shown["worker_id"], shown["attributes"]) == ("initial", None, {"timeouts": 1})

    number = (await make_project(anna, "a", worker_timeout=60, project_attributes={"retry_on_timeout": "False"}))[
        "project_id"
    ]
    await reserve(anna, number)
    clock.advance(timedelta(minutes=2))
    await dispatch.release_overdue(parts.db)
    shown = (await anna.get(f"/project?project_id={number}")).json()
    assert (shown["state"], shown["file_handles"][0]["state"]) == ("failed", "failed")
    assert shown["file_handles"][0]["attributes"] == {"timeouts": 1}


@pytest.mark.parametrize("trouble", [DatabaseUnreachableError("The database does not answer."), RuntimeError("defect")])
async def test_passing_trouble_never_ends_a_worker(
    anna: httpx.AsyncClient, parts: Parts, monkeypatch: pytest.MonkeyPatch, trouble: Exception
) -> None:
    number = (await make_project(anna, "a"))["project_id"]

    async def fail(*_args: object, **_kwargs: object) -> None:
        raise trouble

    monkeypatch.setattr(parts.lane, "reserve_next", fail)
    reply = await anna.get(f"/next_file?project_id={number}&worker_id=w")
    assert (reply.status_code, reply.json()) == (200, RETRY)
    monkeypatch.setattr("sutler.auth.Authenticator.authenticate", fail)
    reply = await anna.get(f"/next_file?project_id={number}&worker_id=w")
    assert (reply.status_code, reply.json()) == (200, RETRY)


async def test_a_file_that_is_leased_is_handed_over_even_if_distances_cannot_be_read(
    anna: httpx.AsyncClient, parts: Parts, monkeypatch: pytest.MonkeyPatch
) -> None:
    await add_copies(parts.db, {"a": "DISK1"})
    number = (await make_project(anna, "a", project_attributes={"virtual": False}))["project_id"]

    async def be_away(*_args: object, **_kwargs: object) -> None:
        raise DatabaseUnreachableError("The database does not answer.")

    monkeypatch.setattr("sutler.replicas.list_proximity", be_away)
    handle = await reserve(anna, number)
    assert isinstance(handle["replicas"], dict)
    assert handle["replicas"]["DISK1"]["proximity"] is None


async def test_elsewhere_trouble_is_503_and_a_defect_names_an_incident(
    anna: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    number = (await make_project(anna, "a"))["project_id"]

    async def be_away(*_args: object, **_kwargs: object) -> None:
        raise DatabaseUnreachableError("The database does not answer.")

    async def fail(*_args: object, **_kwargs: object) -> None:
        raise RuntimeError("secret details")

    monkeypatch.setattr("sutler.dispatch.get_project", be_away)
    reply = await anna.get(f"/project?project_id={number}")
    assert (reply.status_code, reply.text) == (503, "The database does not answer.")
    assert int(reply.headers["retry-after"]) >= 1
    monkeypatch.setattr("sutler.dispatch.get_project", fail)
    reply = await anna.get(f"/project?project_id={number}")
    assert reply.status_code == 500
    assert "incident" in reply.text
    assert "secret" not in reply.text


async def test_what_the_protocol_does_not_have_is_said_plainly(
    stranger: httpx.AsyncClient, client_of: ClientOf
) -> None:
    anna = await client_of("anna")
    for path in ("file", "replica_available", "restart_project", "project_files", "nonsense", "local/nonsense", ""):
        reply = await anna.get(f"/{path}")
        assert reply.status_code == 404, path
        assert reply.headers["content-type"].startswith("text/plain")
    for path in ("/dd", "/auth", "/auth/nonsense", "/metacat/data/nonsense", "/metacat"):
        assert (await stranger.get(path)).status_code == 404


async def reserve_at(client: httpx.AsyncClient, number: object, site: str) -> dict[str, object]:
    """Reserve the next file for a worker of a site."""
    reply = await client.get(f"/next_file?project_id={number}&worker_id=w&cpu_site={site}")
    handle: dict[str, object] = reply.json()["handle"]
    return handle


@pytest.mark.parametrize("method", ["HEAD", "PUT", "DELETE", "OPTIONS"])
async def test_other_methods_do_nothing(anna: httpx.AsyncClient, method: str) -> None:
    number = (await make_project(anna, "a"))["project_id"]
    for path in (f"next_file?project_id={number}&worker_id=w", f"delete_project?project_id={number}"):
        reply = await anna.request(method, f"/{path}")
        assert (reply.status_code, reply.headers["allow"]) == (405, "GET, POST")
    assert (await anna.get(f"/handles?project_id={number}")).json()[0]["state"] == "initial"


async def test_somebody_outside_the_experiment_may_be_let_in(
    parts: Parts, anna: httpx.AsyncClient, client_of: ClientOf
) -> None:
    await add_copies(parts.db, {"a": "DISK1"})
    number = (await make_project(anna, "a", users=["eve"], project_attributes={"virtual": False}))["project_id"]
    eve = await client_of("eve")
    handle = await reserve(eve, number)
    assert isinstance(handle["replicas"], dict)
    assert (handle["replicas"]["DISK1"]["url"], handle["replicas"]["DISK1"]["proximity"]) == ("root://DISK1//a", None)
    assert (await eve.get(f"/release?handle_id={number}:test:a&worker_id=w1")).status_code == 200


@pytest.mark.parametrize(
    "path",
    [
        "next_file?project_id=1&worker_id=%00",
        "projects?owner=%00",
        "projects?owner=all&attributes=%7B%22a%22:%22%5Cu0000%22%7D",
        "get_rse?name=%00",
        "release?handle_id=1:a:%00",
    ],
)
async def test_what_cannot_be_stored_is_no_defect(anna: httpx.AsyncClient, path: str) -> None:
    await make_project(anna, "a")
    assert (await anna.get(f"/{path}")).status_code in (200, 400, 404)


@pytest.mark.parametrize(
    "more",
    [
        {"project_attributes": {"a": "\0"}},
        {"worker_timeout": 10**400},
        {"query": "\0"},
        {"users": ["\0"]},
        {"roles": ["\0"]},
        {"files": [{"namespace": "n", "name": "\0"}]},
    ],
)
async def test_a_body_with_what_cannot_be_stored_is_refused(anna: httpx.AsyncClient, more: dict[str, object]) -> None:
    reply = await anna.post("/create_project", json={"files": ["test:a"], **more})
    assert reply.status_code == 400, reply.text


async def test_strangers_cannot_send_much(stranger: httpx.AsyncClient) -> None:
    reply = await stranger.post("/auth/auth?method=ldap", content=b"x" * 20_000)
    assert reply.status_code == 413
