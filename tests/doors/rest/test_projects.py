"""Projects and the protocol of workers."""

from __future__ import annotations

import asyncio
import time
from typing import Any
from uuid import uuid4

import httpx
import pytest
from tests.doors.rest.conftest import Parts

from sutler import client
from sutler.client import AsyncClient
from sutler.wire.catalog import NewDataset, NewFile, NewNamespace
from sutler.wire.dispatch import NewHandle, NewProject

QUERY = "files from demo:all"
FILES = tuple(NewHandle("demo", f"{n}.root", attributes={"n": n}) for n in range(3))


@pytest.fixture
async def project_id(sutler: AsyncClient) -> int:
    """A project of three files that need no replicas, each tried twice at most."""
    created = await sutler.create_project(NewProject("local", FILES, is_virtual=True, max_attempts=2))
    assert created.handle_count == 3
    return created.project_id


async def ask_next(admin: httpx.AsyncClient, project_id: int, **wish: object) -> dict[str, Any]:
    body = {"worker_id": "w1", "request_id": str(uuid4()), "count": 1, "batch_job_id": None, **wish}
    reply = await admin.post(f"/projects/{project_id}/next", json=body)
    assert reply.status_code == 200, reply.text
    answer: dict[str, Any] = reply.json()
    return answer


async def report(admin: httpx.AsyncClient, outcome: str, attempt_id: int, **facts: object) -> dict[str, Any]:
    body = {
        "worker_id": "w1",
        "attempt_ids": [attempt_id],
        "measures": {"wall_seconds": 1.5},
        "log_tail": "end",
        **facts,
    }
    reply = await admin.post(f"/attempts/{outcome}", json=body)
    assert reply.status_code == 200, reply.text
    [result] = reply.json()["results"]
    answer: dict[str, Any] = result
    return answer


async def test_a_project_is_shown_listed_and_cancelled(sutler: AsyncClient, project_id: int) -> None:
    project = await sutler.get_project(project_id)
    assert (project.experiment, project.owner, project.state) == ("local", "admin", "active")
    assert (project.total_count, project.initial_count, project.percent_completed) == (3, 3, 0)
    assert (await sutler.list_projects(experiment="local", state="active", owner="admin")).items == (project,)
    page = await sutler.list_handles(project_id, limit=2)
    assert [handle.attributes for handle in page.items] == [{"n": 0}, {"n": 1}]
    assert page.next_cursor
    assert [handle.name async for handle in sutler.iterate(sutler.list_handles, project_id=project_id, limit=1)] == [
        "0.root",
        "1.root",
        "2.root",
    ]
    assert (await sutler.cancel_project(project_id, reason="a test")).state == "cancelled"


async def test_a_project_of_a_query_holds_its_files(sutler: AsyncClient) -> None:
    await sutler.create_namespace(NewNamespace("local", "demo"))
    await sutler.create_dataset(NewDataset("demo:all"))
    files = [NewFile("demo", f"q{n}.root", 5) for n in range(4)]
    declared = await sutler.declare_files(files, dataset="demo:all")
    created = await sutler.create_project(NewProject("local", query=QUERY, limit=3))
    assert created.handle_count == 3
    handles = (await sutler.list_handles(created.project_id)).items
    assert {handle.fid for handle in handles} <= {file.fid for file in declared.items}


async def test_a_worker_leases_renews_and_reports(
    admin: httpx.AsyncClient, sutler: AsyncClient, project_id: int
) -> None:
    answer = await ask_next(admin, project_id, count=2, site="here", unknown_field="of a newer worker")
    assert (answer["reason"], answer["retry"]) == ("reserved", False)
    first, second = answer["leases"]
    assert first.keys() == {
        "attempt_id", "attempt", "namespace", "name", "fid", "size_bytes", "attributes", "replicas", "expires_at",
        "renew_seconds",
    }  # fmt: skip
    assert (first["attempt"], first["renew_seconds"], first["attributes"]) == (1, 120.0, {"n": 0})
    assert first["expires_at"] == "2026-03-01T12:10:00Z"
    renewed = await admin.post(
        "/attempts/renew", json={"worker_id": "w1", "attempt_ids": [first["attempt_id"], second["attempt_id"]]}
    )
    assert [lease["order"] for lease in renewed.json()["leases"]] == ["continue", "continue"]
    done = await report(admin, "done", first["attempt_id"], outputs=[])
    assert (done["accepted"], done["state"]) == (True, "done")
    failed = await report(admin, "failed", second["attempt_id"], reason="exit code 1", retry=False)
    assert (failed["accepted"], failed["state"]) == (True, "failed")
    view = await sutler.get_handle(
        project_id, 2 if (await sutler.get_handle(project_id, 1)).handle.name == "0.root" else 1
    )
    assert (view.handle.state, view.handle.reason) == ("failed", "exit code 1")
    assert [(attempt.worker_id, attempt.site, attempt.outcome) for attempt in view.attempts] == [
        ("w1", "here", "failed")
    ]
    assert view.attempts[0].measures == {"wall_seconds": 1.5}


async def test_the_same_request_gives_the_same_lease(admin: httpx.AsyncClient, project_id: int) -> None:
    request_id = str(uuid4())
    first = await ask_next(admin, project_id, request_id=request_id)
    assert await ask_next(admin, project_id, request_id=request_id) == first


async def test_a_report_of_another_worker_is_not_accepted_and_says_why(
    admin: httpx.AsyncClient, project_id: int
) -> None:
    [lease] = (await ask_next(admin, project_id))["leases"]
    result = await report(admin, "done", lease["attempt_id"], worker_id="w2")
    assert not result["accepted"]
    assert result["why"]


async def test_nothing_to_do_says_whether_to_come_again(admin: httpx.AsyncClient, project_id: int) -> None:
    leases = (await ask_next(admin, project_id, count=3))["leases"]
    waiting = await ask_next(admin, project_id)
    assert (waiting["leases"], waiting["reason"], waiting["retry"]) == ([], "wait", True)
    assert waiting["why"]
    for lease in leases:
        await report(admin, "done", lease["attempt_id"])
    over = await ask_next(admin, project_id, wait_seconds=30)
    assert (over["leases"], over["reason"], over["retry"]) == ([], "over", False)


async def test_an_answer_that_is_held_back_comes_as_soon_as_a_file_is_ready(
    admin: httpx.AsyncClient, project_id: int
) -> None:
    leases = (await ask_next(admin, project_id, count=3))["leases"]
    waiting = asyncio.create_task(ask_next(admin, project_id, worker_id="w2", wait_seconds=30))
    await asyncio.wait([waiting], timeout=0.2)
    assert not waiting.done()
    await report(admin, "failed", leases[0]["attempt_id"], reason="once more", retry=True)
    answer = await asyncio.wait_for(waiting, 10)
    assert [lease["name"] for lease in answer["leases"]] == [leases[0]["name"]]
    assert answer["leases"][0]["attempt"] == 2


async def test_the_door_waits_no_longer_than_it_is_asked_to(admin: httpx.AsyncClient, project_id: int) -> None:
    await ask_next(admin, project_id, count=3)
    begun = time.monotonic()
    answer = await ask_next(admin, project_id, wait_seconds=0.3)
    assert answer["reason"] == "wait"
    assert 0.25 <= time.monotonic() - begun < 5


async def test_outputs_are_declared_with_the_report(admin: httpx.AsyncClient, sutler: AsyncClient) -> None:
    await sutler.create_namespace(NewNamespace("local", "demo"))
    await sutler.declare_files([NewFile("demo", "in.root", 5)])
    fid = (await sutler.get_file("demo:in.root")).file.fid
    created = await sutler.create_project(NewProject("local", (NewHandle("demo", "in.root", fid),), is_virtual=True))
    [lease] = (await ask_next(admin, created.project_id))["leases"]
    output = {
        "namespace": "demo", "name": "out.png", "size_bytes": 9, "checksums": {"adler32": "0000000a"},
        "metadata": {"demo.x": 1}, "dataset": None, "rse": None, "url": None, "media_type": "image/png",
    }  # fmt: skip
    assert (await report(admin, "done", lease["attempt_id"], outputs=[output]))["accepted"]
    view = await sutler.get_file("demo:out.png")
    assert [parent.name for parent in view.parents] == ["in.root"]
    assert view.file.metadata == {"demo.x": 1}


async def test_handles_are_put_back_by_state_or_by_name(
    admin: httpx.AsyncClient, sutler: AsyncClient, project_id: int
) -> None:
    for lease in (await ask_next(admin, project_id, count=2))["leases"]:
        await report(admin, "failed", lease["attempt_id"], reason="bad", retry=False)
    assert await sutler.restart_handles(project_id, states=["failed"]) == 2
    assert (await sutler.get_project(project_id)).initial_count == 3


async def test_members_look_at_the_projects_of_others_but_do_not_cancel_them(
    anna: AsyncClient, project_id: int, parts: Parts
) -> None:
    assert (await anna.get_project(project_id)).id == project_id
    with pytest.raises(client.NotPermittedError):
        await anna.cancel_project(project_id)
    with pytest.raises(client.InvalidInputError):
        await anna.create_project(NewProject("local"))
    with pytest.raises(client.NotFoundError, match="nova"):
        await anna.create_project(NewProject("nova", FILES))


async def test_a_timeout_that_makes_no_sense_is_named(sutler: AsyncClient) -> None:
    with pytest.raises(client.InvalidInputError) as refused:
        await sutler.create_project(NewProject("local", FILES, worker_timeout_seconds=-1))
    assert [problem.where for problem in refused.value.problems] == ["worker_timeout_seconds"]
