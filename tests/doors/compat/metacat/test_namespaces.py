"""Namespaces in the catalogue's old protocol."""

from __future__ import annotations

from tests.conftest import NOON
from tests.doors.compat.conftest import Parts
from tests.doors.compat.metacat.conftest import Desk

from sutler import auth
from sutler.auth import SYSTEM

LAB = {
    "name": "lab",
    "owner_user": "anna",
    "owner_role": None,
    "creator": "anna",
    "description": "Anna's",
    "created_timestamp": NOON.timestamp(),
}


async def test_a_namespace_is_read_by_argument_or_address(at_anna: Desk) -> None:
    assert await at_anna.read("namespace", name="lab") == LAB
    assert await at_anna.read("namespace/lab") == LAB
    assert await at_anna.read("namespace", {}, name="lab") == LAB
    reply = await at_anna.get("namespace", name="unknown")
    assert (reply.status_code, reply.text) == (404, "There is no namespace unknown.")
    assert (await at_anna.get("namespace")).status_code == 400


async def test_namespaces_are_listed_by_name_and_by_owner(at_anna: Desk) -> None:
    async def list_names(body: object = None, **arguments: str) -> list[str]:
        return [one["name"] for one in await at_anna.read("namespaces", body, **arguments)]

    assert await list_names() == ["lab", "prod", "shared"]
    assert await list_names(["shared", "unknown", "lab"]) == ["lab", "shared"]
    assert await list_names([]) == []
    assert await list_names(owner_user="anna") == ["lab", "shared"]
    assert await list_names(owner_user="anna", directly="yes") == ["lab"]
    assert await list_names(owner_user="anna", owner_role="local_production") == ["lab", "shared"]
    assert await list_names(owner_role="local_production") == ["prod"]
    assert await list_names(owner_role="local_analysis") == ["shared"]
    assert await list_names(owner_user="unknown") == []
    assert (await at_anna.post("namespaces", {"name": "lab"})).status_code == 400
    assert (await at_anna.post("namespaces", ["a+b"])).status_code == 400


async def test_an_owner_is_a_user_or_a_role(at_anna: Desk) -> None:
    shown = {one["name"]: (one["owner_user"], one["owner_role"]) for one in await at_anna.read("namespaces")}
    assert shown == {"lab": ("anna", None), "shared": (None, "local_analysis"), "prod": (None, "local_production")}


async def test_a_namespace_is_made(at_anna: Desk) -> None:
    reply = await at_anna.client.get("http://sutler.test/metacat/data/create_namespace?name=x&description=50%25+%2B+a")
    made = reply.json()
    assert (made["owner_user"], made["creator"], made["description"]) == ("anna", "anna", "50% + a")
    made = await at_anna.read("create_namespace", name="y", owner_role="local_analysis")
    assert (made["owner_user"], made["owner_role"]) == (None, "local_analysis")
    reply = await at_anna.get("create_namespace", name="x")
    assert (reply.status_code, reply.text) == (409, "Namespace already exists")
    assert (await at_anna.get("create_namespace", name="z", owner_role="local_production")).status_code == 403
    assert (await at_anna.get("create_namespace", name="z", owner_role="nobody")).status_code == 404
    assert (await at_anna.get("create_namespace", name="z+z")).status_code == 400
    assert (await at_anna.get("create_namespace")).status_code == 400
    assert (await at_anna.get("namespace", name="z")).status_code == 404


async def test_a_namespace_of_a_named_group_is_its_members(at_anna: Desk, at_bob: Desk, parts: Parts) -> None:
    await auth.create_group(parts.db, SYSTEM, experiment="local", name="shift_crew")
    assert (await at_anna.get("create_namespace", name="crew", owner_role="shift_crew")).status_code == 403
    await auth.set_group_member(parts.db, SYSTEM, name="shift_crew", username="anna", is_member=True)
    assert (await at_anna.read("create_namespace", name="crew", owner_role="shift_crew"))["owner_role"] == "shift_crew"
    assert (await at_bob.post("create_dataset", {"namespace": "crew", "name": "d"})).status_code == 403
    await auth.set_group_member(parts.db, SYSTEM, name="shift_crew", username="bob", is_member=True)
    assert (await at_bob.post("create_dataset", {"namespace": "crew", "name": "d"})).status_code == 200


async def test_a_namespace_is_counted(at_anna: Desk) -> None:
    reply = await at_anna.get("namespace_counts", name="lab")
    assert reply.json() == {"nfiles": 3, "ndatasets": 1, "nqueries": 0}
    assert reply.headers["access-control-allow-origin"] == "*"
    assert (await at_anna.get("namespace_counts", name="unknown")).status_code == 404
    assert (await at_anna.get("namespace_counts")).status_code == 400
