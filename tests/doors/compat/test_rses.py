"""Storage elements through the old protocol."""

from __future__ import annotations

import httpx
import pytest
from tests.doors.compat.conftest import ClientOf, Parts, add_copies

from sutler import auth
from sutler.auth import SYSTEM

DISK1 = {
    "name": "DISK1",
    "description": "disk",
    "is_available": True,
    "is_tape": False,
    "pin_url": None,
    "poll_url": None,
    "remove_prefix": "",
    "add_prefix": "",
    "pin_prefix": "",
    "preference": 0,
    "is_enabled": True,
    "type": None,
}


@pytest.fixture
async def disk1(admin: httpx.AsyncClient) -> None:
    """A storage element DISK1."""
    reply = await admin.post("/create_rse", json={"name": "DISK1", "description": "disk"})
    assert (reply.status_code, reply.json()) == (200, DISK1)


@pytest.mark.usefixtures("disk1")
async def test_storage_elements_are_listed_and_shown(anna: httpx.AsyncClient) -> None:
    reply = await anna.get("/rses")
    assert reply.headers["content-type"].startswith("text/json")
    assert reply.json() == [DISK1]
    assert (await anna.get("/get_rse?name=DISK1")).json() == DISK1
    assert (await anna.get("/get_rse/DISK1")).json() == DISK1
    assert (await anna.get("/local/get_rse/DISK1")).json() == DISK1
    reply = await anna.get("/get_rse?name=DISK9")
    assert (reply.status_code, reply.text) == (404, "RSE DISK9 not found")


@pytest.mark.usefixtures("disk1")
async def test_a_storage_element_is_not_made_twice(admin: httpx.AsyncClient) -> None:
    reply = await admin.post("/create_rse", json={"name": "DISK1"})
    assert (reply.status_code, reply.text) == (409, "Already exists")


async def test_a_tape_element_keeps_what_staging_needs(admin: httpx.AsyncClient) -> None:
    body = {
        "name": "TAPE1",
        "is_tape": True,
        "is_enabled": False,
        "is_available": False,
        "interface": "wlcg",
        "pin_url": "https://tape.example/pin",
        "poll_url": None,
        "remove_prefix": "/old",
        "add_prefix": "/new",
        "pin_prefix": "/pin",
        "preference": 5,
    }
    expected = {**body, "type": "wlcg", "description": ""}
    del expected["interface"]
    assert (await admin.post("/create_rse", json=body)).json() == expected


async def test_an_interface_that_is_not_known_becomes_null(admin: httpx.AsyncClient) -> None:
    made = (await admin.post("/create_rse", json={"name": "TAPE1", "interface": "carrier pigeon"})).json()
    assert made["type"] is None


@pytest.mark.usefixtures("disk1")
async def test_a_storage_element_is_updated_with_the_words_of_update(admin: httpx.AsyncClient) -> None:
    body = {
        "Name": "DISK1",
        "Description": "changed",
        "Enabled": False,
        "Available": False,
        "Tape": True,
        "PinURL": "https://pin",
        "PollURL": "https://poll",
        "RemovePrefix": "/r",
        "AddPrefix": "/a",
        "PinPrefix": "/p",
        "Preference": 3,
        "Type": "native",
    }
    changed = {
        "name": "DISK1",
        "description": "changed",
        "is_enabled": False,
        "is_available": False,
        "is_tape": True,
        "pin_url": "https://pin",
        "poll_url": "https://poll",
        "remove_prefix": "/r",
        "add_prefix": "/a",
        "pin_prefix": "/p",
        "preference": 3,
        "type": "native",
    }
    assert (await admin.post("/update_rse", json=body)).json() == changed
    nulls = {**dict.fromkeys(body), "Name": "DISK1"}
    assert (await admin.post("/update_rse", json=nulls)).json() == changed


@pytest.mark.usefixtures("disk1")
async def test_an_update_with_unknown_words_is_refused(admin: httpx.AsyncClient) -> None:
    reply = await admin.post("/update_rse", json={"Name": "DISK1", "Colour": "red"})
    assert (reply.status_code, reply.text) == (400, "Bad key: Colour")
    assert (await admin.post("/update_rse", json={"Name": "DISK1", "Preference": "low"})).status_code == 400
    reply = await admin.post("/update_rse", json={"Name": "DISK9", "Tape": True})
    assert (reply.status_code, reply.text) == (404, "RSE DISK9 not found")
    reply = await admin.post("/update_rse", json={"Tape": True})
    assert (reply.status_code, reply.text) == (400, "RSE name must be specified")


@pytest.mark.usefixtures("disk1")
async def test_a_storage_element_goes_down_and_up(admin: httpx.AsyncClient) -> None:
    for word, is_available in (("no", False), ("yes", True)):
        reply = await admin.get(f"/set_rse_availability?name=DISK1&available={word}")
        assert reply.json() == {**DISK1, "is_available": is_available}
    for query in ("name=DISK1", "name=DISK1&available=maybe"):
        reply = await admin.get(f"/set_rse_availability?{query}")
        assert reply.status_code == 400
        assert reply.text == 'availability value must be specified as "yes" or "no"'
    assert (await admin.get("/set_rse_availability?name=DISK9&available=no")).status_code == 404


@pytest.mark.usefixtures("disk1")
async def test_a_storage_element_is_deleted(admin: httpx.AsyncClient) -> None:
    reply = await admin.get("/delete_rse")
    assert (reply.status_code, reply.text) == (400, "RSE name must be specified")
    reply = await admin.get("/delete_rse?name=DISK1")
    assert (reply.status_code, reply.text) == (200, "null")
    reply = await admin.get("/delete_rse?name=DISK1")
    assert (reply.status_code, reply.text) == (404, "RSE not found")


async def test_a_storage_element_with_copies_stays(admin: httpx.AsyncClient, parts: Parts) -> None:
    await add_copies(parts.db, {"a": "DISK1"})
    assert (await admin.get("/delete_rse?name=DISK1")).status_code == 409
    assert (await admin.get("/get_rse?name=DISK1")).status_code == 200


@pytest.mark.usefixtures("disk1")
async def test_members_change_no_storage_element(anna: httpx.AsyncClient) -> None:
    for reply in (
        await anna.post("/create_rse", json={"name": "DISK2"}),
        await anna.post("/update_rse", json={"Name": "DISK1", "Tape": True}),
        await anna.get("/set_rse_availability?name=DISK1&available=no"),
        await anna.get("/delete_rse?name=DISK1"),
    ):
        assert reply.status_code == 403
        assert reply.text.startswith("Not authorized")


async def test_with_several_experiments_the_address_says_which(
    parts: Parts, anna: httpx.AsyncClient, client_of: ClientOf
) -> None:
    await auth.create_experiment(parts.db, SYSTEM, name="nova")
    await auth.set_member(parts.db, SYSTEM, experiment="nova", username="bob", role=auth.Role.PRODUCTION)
    bob = await client_of("bob")
    assert (await bob.get("/rses")).status_code == 400
    assert (await bob.post("/nova/create_rse", json={"name": "DISK1"})).status_code == 200
    assert [rse["name"] for rse in (await bob.get("/nova/rses")).json()] == ["DISK1"]
    assert (await bob.get("/local/rses")).json() == []
    assert (await anna.get("/rses")).json() == []
    assert (await anna.get("/nova/rses")).status_code == 404
