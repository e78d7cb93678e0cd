"""What holds for every method of the catalogue's old protocol: who may call it, and how it refuses."""

from __future__ import annotations

import httpx
import pytest
from tests.doors.compat.conftest import Parts, make_token
from tests.doors.compat.metacat.conftest import DATA, Desk

from sutler.compat.metacat.methods import METHODS, OPEN_METHODS

CREATING = {
    "add_child_dataset",
    "create_dataset",
    "create_named_query",
    "create_namespace",
    "declare_files",
}
CHANGING = CREATING | {
    "add_files",
    "create_category",
    "delete_file",
    "move_files",
    "remove_category",
    "remove_dataset",
    "remove_files",
    "retire_file",
    "update_category",
    "update_dataset",
    "update_file",
    "update_file_meta",
}
BODIES = (b"", b"[", b"[]", b"{}", b"[1]", b'["x"]', b'{"a": NaN}', b"null", b'"text"', b"\xff", b"[[[[{}]]]]")
ODD_ARGUMENTS: tuple[dict[str, str], ...] = (
    {},
    {"dataset": "x", "name": "x", "namespace": "y", "path": "x", "key": "x", "keylist": "x", "fid": "x", "did": "x"},
    {"dataset": "lab:all", "name": "a", "namespace": "lab", "path": "a.b", "parent": "lab:all", "child": "lab:all"},
    {"dataset": "a+b:c", "name": "\x00", "namespace": "%", "path": "..", "fid": "\x00", "did": "a:b:c", "parent": ":"},
)


def test_the_methods_that_change_something_are_known() -> None:
    assert {name for name, method in METHODS.items() if method.changes} == CHANGING
    assert {name for name, method in METHODS.items() if method.creates} == CREATING


@pytest.mark.parametrize("name", sorted(METHODS))
async def test_without_a_token_a_method_is_refused_by_get_and_by_post(at_nobody: Desk, name: str) -> None:
    expected = 401 if name in CREATING else 403
    for reply in (await at_nobody.get(name), await at_nobody.post(name, {})):
        assert (reply.status_code, "Token not found" in reply.text) == (expected, True)
        assert reply.headers["content-type"].startswith("text/plain")


@pytest.mark.parametrize("name", sorted(CHANGING))
async def test_a_cookie_is_not_enough_to_change_something(at_nobody: Desk, parts: Parts, name: str) -> None:
    at_nobody.client.cookies.set("auth_token", await make_token(parts, "anna"))
    reply = await at_nobody.post(name, {})
    assert reply.status_code == (401 if name in CREATING else 403)
    assert "A cookie is not enough" in reply.text


async def test_a_cookie_is_enough_to_read(at_nobody: Desk, parts: Parts) -> None:
    at_nobody.client.cookies.set("auth_token", await make_token(parts, "anna"))
    assert (await at_nobody.read("dataset", dataset="lab:all"))["file_count"] == 3
    reply = await at_nobody.post("query", b"files from lab:all", save_as="lab:new")
    assert (reply.status_code, "A cookie is not enough" in reply.text) == (401, True)


@pytest.mark.parametrize("name", sorted(METHODS))
async def test_nothing_that_is_sent_makes_a_method_fail(at_anna: Desk, name: str) -> None:
    for arguments in ODD_ARGUMENTS:
        for body in BODIES:
            reply = await at_anna.post(name, body, **arguments)
            assert reply.status_code in {200, 400, 403, 404, 409, 488}, (name, arguments, body, reply.text)
            assert "Traceback" not in reply.text
            assert "content-type" in reply.headers
    assert await at_anna.ask("files from lab:all") in (["a", "b", "c"], [])


async def test_a_method_that_there_is_not_is_404(at_anna: Desk) -> None:
    for name in ("", "nothing", "../data", "METHODS"):
        assert (await at_anna.get(name)).status_code == 404


async def test_other_verbs_are_refused(at_anna: Desk) -> None:
    for verb in ("PUT", "DELETE", "HEAD", "OPTIONS"):
        reply = await at_anna.client.request(verb, f"{DATA}/dataset")
        assert reply.status_code == 405


@pytest.mark.parametrize("name", sorted(OPEN_METHODS))
async def test_what_the_service_is_needs_no_token(at_nobody: Desk, name: str) -> None:
    assert (await at_nobody.get(name, prob="0")).status_code == 200


async def test_unavailability_can_be_tried_out(at_nobody: Desk) -> None:
    assert (await at_nobody.get("simulate_503", prob="1")).status_code == 503
    reply = await at_nobody.get("simulate_503", prob="0")
    assert (reply.status_code, reply.text) == (200, "OK")
    assert (await at_nobody.get("simulate_503", prob="often")).status_code == 400


async def test_the_trimmed_query_ends_the_arguments(at_anna: Desk) -> None:
    path = f"{DATA}/query?with_meta=no&trimquery=files where a.b = 1&with_meta=yes&save_as=lab:trap"
    reply = await at_anna.client.post(path, content=b"files lab:a")
    assert reply.status_code == 200
    assert "metadata" not in reply.text
    assert (await at_anna.get("dataset", dataset="lab:trap")).status_code == 404


async def test_the_experiment_may_stand_in_the_address(anna: httpx.AsyncClient, at_anna: Desk) -> None:
    reply = await anna.get("http://sutler.test/metacat/local/data/dataset/lab:all")
    assert reply.json()["name"] == "all"
    reply = await anna.get("http://sutler.test/metacat/unknown/data/datasets")
    assert reply.status_code == 404


async def test_a_bad_identifier_is_told_in_json(at_anna: Desk) -> None:
    reply = await at_anna.get("file", namespace="lab", name="bad,name.dat")
    assert reply.status_code == 400
    assert reply.headers["content-type"] == "application/json"
    said = reply.json()
    assert (said["code"], said["title"]) == ("400 Bad Request", "Bad Request")
    assert said["message"].startswith("Invalid value for name: 'bad,name.dat'")


async def test_a_defect_shows_an_incident_and_nothing_else(at_anna: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    async def fail(*_: object, **__: object) -> None:
        raise ValueError("secret")

    monkeypatch.setattr("sutler.catalog.get_dataset", fail)
    reply = await at_anna.get("dataset", dataset="lab:all")
    assert reply.status_code == 500
    assert "incident id" in reply.text
    assert "secret" not in reply.text
