"""Workers that were refused, over our own API: noted by its routes, listed by its clients and its command."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest
from tests.doors.rest.conftest import Parts

from sutler.base.clock import MovableClock
from sutler.client import AsyncClient
from sutler.client.errors import ClientError
from sutler.wire.dispatch import NewHandle, NewProject


@pytest.fixture
async def project_id(sutler: AsyncClient) -> int:
    """A project of the administrator with one file."""
    new = NewProject("local", (NewHandle("demo", "a"),), is_virtual=True)
    return (await sutler.create_project(new)).project_id


def wish(worker_id: object = "w1", **more: object) -> dict[str, Any]:
    return {"worker_id": worker_id, "request_id": str(uuid4()), **more}


async def post_as(client: AsyncClient, path: str, body: dict[str, Any]) -> int:
    """Send what a worker sends, with the token of a client, and return the status."""
    async with httpx.AsyncClient(transport=client._http._transport, base_url="http://sutler.test/api/v1") as bare:
        return (await bare.post(path, json=body, headers={"Authorization": f"Bearer {client.token}"})).status_code


async def list_noted(parts: Parts, sutler: AsyncClient, project_id: int) -> list[tuple[str, str, int]]:
    await parts.refusals.write()
    page = await sutler.list_refusals(project_id)
    return sorted((refusal.worker_id, refusal.reason, refusal.times) for refusal in page.items)


async def test_a_worker_without_a_token_is_noted_by_its_name(
    stranger: httpx.AsyncClient, sutler: AsyncClient, parts: Parts, project_id: int
) -> None:
    for body in (wish(), wish(), wish(7), wish(site="x" * 5000)):
        assert (await stranger.post(f"/projects/{project_id}/next", json=body)).status_code == 401
    assert (await stranger.post(f"/projects/{project_id}/next", content=b"{")).status_code == 401
    assert await list_noted(parts, sutler, project_id) == [
        (" a worker without a name", "It sent no token.", 3),
        ("w1", "It sent no token.", 2),
    ]


async def test_a_stranger_whose_body_is_nested_deeply_is_refused_like_any_other(
    stranger: httpx.AsyncClient, sutler: AsyncClient, parts: Parts, project_id: int
) -> None:
    for deep in (b"[" * 4_000, b'{"a":' + b"[" * 4_000):
        assert (await stranger.post(f"/projects/{project_id}/next", content=deep)).status_code == 401
    assert await list_noted(parts, sutler, project_id) == [(" a worker without a name", "It sent no token.", 2)]


async def test_a_token_that_has_expired_says_when(
    sutler: AsyncClient, anna: AsyncClient, parts: Parts, project_id: int, clock: MovableClock
) -> None:
    clock.advance(timedelta(hours=25))
    assert await post_as(anna, f"/projects/{project_id}/next", wish()) == 401
    clock.advance(timedelta(hours=-25))
    reason = "The token of anna expired on 2026-03-02 at 12:00:00 UTC."
    assert await list_noted(parts, sutler, project_id) == [("w1", reason, 1)]


async def test_rights_that_do_not_reach_are_noted_for_every_call_of_a_worker(
    sutler: AsyncClient, anna: AsyncClient, admin: httpx.AsyncClient, parts: Parts, project_id: int
) -> None:
    taken = await admin.post(f"/projects/{project_id}/next", json=wish("w0"))
    attempts = [lease["attempt_id"] for lease in taken.json()["leases"]]
    calls: list[tuple[str, dict[str, Any]]] = [
        (f"/projects/{project_id}/next", wish("next")),
        ("/attempts/renew", {"worker_id": "renew", "attempt_ids": attempts}),
        ("/attempts/done", {"worker_id": "done", "attempt_ids": attempts, "log_tail": "x" * 9000}),
        ("/attempts/failed", {"worker_id": "failed", "attempt_ids": attempts, "reason": "none"}),
    ]
    for path, body in calls:
        assert await post_as(anna, path, body) == 403, path
    noted = await list_noted(parts, sutler, project_id)
    assert [worker_id for worker_id, _, _ in noted] == ["done", "failed", "next", "renew"]
    assert all(reason.startswith("anna may not process files of this project: it takes") for _, reason, _ in noted)


async def test_reports_of_strangers_are_not_looked_up(
    stranger: httpx.AsyncClient, sutler: AsyncClient, parts: Parts, project_id: int
) -> None:
    body = {"worker_id": "w1", "attempt_ids": [1]}
    assert (await stranger.post("/attempts/done", json=body)).status_code == 401
    assert (await stranger.get(f"/projects/{project_id}")).status_code == 401
    assert await list_noted(parts, sutler, project_id) == []


async def test_only_who_may_see_a_project_sees_who_was_refused(
    sutler: AsyncClient, anna: AsyncClient, project_id: int
) -> None:
    assert (await anna.list_refusals(project_id)).items == ()
    with pytest.raises(ClientError) as caught:
        await sutler.list_refusals(project_id + 1)
    assert getattr(caught.value, "code", "") == "dispatch.project_not_found"
