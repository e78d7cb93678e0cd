"""Changing projects, groups and storage through the API and the Python client."""

from __future__ import annotations

import httpx
import pytest
from tests.doors.rest.conftest import SutlerOf

from sutler import client
from sutler.client import AsyncClient
from sutler.wire.auth import NewGroup, NewUser
from sutler.wire.dispatch import NewHandle, NewProject, ProjectChange, ProjectCopy
from sutler.wire.replicas import NewReplica, NewRse, RseChange

FILES = tuple(NewHandle("demo", f"{n}.root", attributes={"n": n}) for n in range(3))


@pytest.fixture
async def project_id(sutler: AsyncClient) -> int:
    """A project of three files that need no replicas."""
    new = NewProject(
        "local", FILES, is_virtual=True, idle_timeout_seconds=60, retry_pause_seconds=5, groups=("local_production",)
    )
    return (await sutler.create_project(new)).project_id


async def test_a_project_is_copied_with_what_is_different(sutler: AsyncClient, project_id: int) -> None:
    changes = ProjectCopy({"a": 1}, {"k": "v"}, worker_timeout_seconds=90, idle_timeout_seconds=0)
    copied = await sutler.copy_project(project_id, changes)
    assert (copied.id != project_id, copied.total_count, copied.attributes) == (True, 3, {"a": 1})
    assert (copied.worker_timeout_seconds, copied.idle_timeout_seconds) == (90, None)
    assert (copied.retry_pause_seconds, copied.groups) == (5, ("local_production",))
    plain = await sutler.copy_project(project_id)
    assert plain.idle_timeout_seconds == 60
    assert (await sutler.get_handle(copied.id, 1)).handle.attributes == {"n": 1, "k": "v"}
    with pytest.raises(client.NotFoundError):
        await sutler.copy_project(plain.id + 1)


async def test_a_project_is_altered_and_its_history_tells(
    sutler: AsyncClient, anna: AsyncClient, project_id: int
) -> None:
    change = ProjectChange(
        attributes={"x": [1]},
        idle_timeout_seconds=0,
        max_attempts=4,
        retry_on_timeout=False,
        retry_pause_seconds=0,
        users=("anna",),
        groups=(),
        add=(NewHandle("demo", "new.root"),),
        remove=("demo:0.root",),
    )
    altered = await sutler.alter_project(project_id, change)
    assert altered == await anna.get_project(project_id)
    assert (altered.attributes, altered.idle_timeout_seconds, altered.max_attempts) == ({"x": [1]}, None, 4)
    assert (altered.retry_on_timeout, altered.retry_pause_seconds) == (False, None)
    assert (altered.users, altered.groups, altered.total_count) == (("anna",), (), 3)
    assert (await sutler.alter_project(project_id, ProjectChange())).max_attempts == 4
    assert (await sutler.alter_project(project_id, ProjectChange(max_attempts=0))).max_attempts is None
    kinds = [event.kind async for event in sutler.iterate(sutler.list_project_history, project_id=project_id, limit=2)]
    assert kinds == ["dispatch.project_altered"] * 3 + ["dispatch.project_created"]
    with pytest.raises(client.NotPermittedError):
        await anna.alter_project(project_id, ProjectChange())
    with pytest.raises(client.InvalidInputError, match="nobody"):
        await sutler.alter_project(project_id, ProjectChange(users=("nobody",)))


async def test_a_project_is_opened_again_or_deleted(sutler: AsyncClient, anna: AsyncClient, project_id: int) -> None:
    await sutler.cancel_project(project_id)
    assert (await sutler.activate_project(project_id)).state == "active"
    with pytest.raises(client.NotPermittedError):
        await anna.delete_project(project_id)
    await sutler.delete_project(project_id)
    with pytest.raises(client.NotFoundError):
        await sutler.get_project(project_id)


async def test_what_somebody_has_or_is_final_is_a_conflict(
    admin: httpx.AsyncClient, sutler: AsyncClient, project_id: int
) -> None:
    body = {"worker_id": "w1", "request_id": "00000000-0000-4000-8000-000000000001", "count": 3}
    leases = (await admin.post(f"/projects/{project_id}/next", json=body)).json()["leases"]
    with pytest.raises(client.ConflictError, match=r"demo:0\.root is reserved"):
        await sutler.alter_project(project_id, ProjectChange(remove=("demo:0.root",)))
    done = {"worker_id": "w1", "attempt_ids": [lease["attempt_id"] for lease in leases]}
    assert (await admin.post("/attempts/done", json=done)).status_code == 200
    with pytest.raises(client.ConflictError, match="All 3 files are done"):
        await sutler.activate_project(project_id)


async def test_handles_are_filtered_and_read_in_one_stream(
    sutler: AsyncClient, sutler_of: SutlerOf, project_id: int
) -> None:
    page = await sutler.list_handles(project_id, state=["initial", "failed"], namespace="demo", name="1.r")
    assert [handle.name for handle in page.items] == ["1.root"]
    assert (await sutler.list_handles(project_id, namespace="other")).items == ()
    lines = [line async for line in sutler.stream_handles(project_id)]
    assert [(line.handle.name, line.replicas) for line in lines] == [(f"{n}.root", ()) for n in range(3)]
    await sutler.create_rse(NewRse("local", "DISK"))
    await sutler.add_replicas("local", [NewReplica("demo:0.root", "DISK", "file:///0")])
    located = await sutler.create_project(NewProject("local", FILES))
    lines = [line async for line in sutler.stream_handles(located.project_id, with_replicas=True)]
    assert [[copy.url for copy in line.replicas] for line in lines] == [["file:///0"], [], []]
    with pytest.raises(client.NotFoundError):
        await anext(sutler.stream_handles(located.project_id + 1))
    await sutler.create_user(NewUser("eve", "eve-password"))
    with pytest.raises(client.NotPermittedError):
        await anext((await sutler_of("eve")).stream_handles(project_id))


async def test_groups_are_made_filled_and_seen_by_their_members(sutler: AsyncClient, anna: AsyncClient) -> None:
    made = await sutler.create_group(NewGroup("local", "calibrators", "Calibration"))
    assert (made.name, made.members, made.is_computed) == ("calibrators", (), False)
    await sutler.set_group_member("calibrators", "anna", is_member=True)
    assert (await anna.whoami()).groups == ("calibrators", "local_analysis")
    listed = (await anna.list_groups("local")).items
    assert [(group.name, group.members) for group in listed] == [
        ("local_analysis", ("admin", "anna")),
        ("local_production", ("admin",)),
        ("calibrators", ("anna",)),
    ]
    await sutler.set_group_member("calibrators", "anna", is_member=False)
    assert (await anna.whoami()).groups == ("local_analysis",)
    with pytest.raises(client.NotPermittedError):
        await anna.create_group(NewGroup("local", "others"))
    with pytest.raises(client.NotFoundError):
        await sutler.set_group_member("unknown", "anna", is_member=True)


async def test_storage_elements_and_distances(sutler: AsyncClient, anna: AsyncClient) -> None:
    await sutler.create_rse(NewRse("local", "TAPE", is_tape=True, pin_url="https://pin", interface="wlcg"))
    changed = await sutler.update_rse("local", "TAPE", RseChange(poll_url="https://poll"))
    assert (changed.pin_url, changed.poll_url, changed.interface) == ("https://pin", "https://poll", "wlcg")
    assert await anna.get_rse("local", "TAPE") == changed
    assert await sutler.set_proximity("local", "FNAL,TAPE,5\nDEFAULT,DEFAULT,100") == 2
    listed = (await anna.list_proximity("local")).items
    assert [(one.site, one.rse, one.distance) for one in listed] == [("DEFAULT", "DEFAULT", 100), ("FNAL", "TAPE", 5)]
    with pytest.raises(client.InvalidInputError) as refused:
        await sutler.set_proximity("local", "FNAL,TAPE,5\nwrong")
    assert [problem.where for problem in refused.value.problems] == ["line 2"]
    await sutler.delete_rse("local", "TAPE")
    with pytest.raises(client.NotFoundError):
        await sutler.get_rse("local", "TAPE")
