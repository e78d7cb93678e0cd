"""Workers whose answer is held back while their rights are withdrawn."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from uuid import uuid4

import httpx
import pytest
from fastapi import FastAPI
from starlette.types import ASGIApp
from tests.doors.rest.conftest import Parts
from tests.doors.rest.hot_scene import connect

from sutler.client import AsyncClient
from sutler.wire.dispatch import NewHandle, NewProject

Withdraw = Callable[[AsyncClient, AsyncClient], Awaitable[None]]


async def revoke_token(_admin: AsyncClient, anna: AsyncClient) -> None:
    [token] = (await anna.list_tokens()).items
    await anna.revoke_token(token.jti)


async def end_membership(admin: AsyncClient, _anna: AsyncClient) -> None:
    await admin.set_member("local", "anna", None)


@pytest.fixture(params=["hot", "ordinary"])
async def worker(
    request: pytest.FixtureRequest, front: ASGIApp, application: FastAPI, anna: AsyncClient
) -> AsyncIterator[httpx.AsyncClient]:
    """A worker of anna's, on either way to the answer."""
    async with connect(front if request.param == "hot" else application, anna.token) as client:
        yield client


@pytest.mark.parametrize(("withdraw", "status"), [(revoke_token, 401), (end_membership, 403)])
async def test_who_loses_the_right_while_waiting_gets_no_file(
    worker: httpx.AsyncClient, parts: Parts, sutler: AsyncClient, anna: AsyncClient, *, withdraw: Withdraw, status: int
) -> None:
    created = await anna.create_project(NewProject("local", (NewHandle("demo", "a"),), is_virtual=True))
    path = f"/projects/{created.project_id}/next"
    [lease] = (await worker.post(path, json={"worker_id": "w1", "request_id": str(uuid4())})).json()["leases"]
    wish = {"worker_id": "w2", "request_id": str(uuid4()), "wait_seconds": 30}
    waiting = asyncio.create_task(worker.post(path, json=wish))
    await asyncio.wait([waiting], timeout=0.2)
    assert not waiting.done()
    await withdraw(sutler, anna)
    async with connect(worker._transport.app, sutler.token) as other:  # type: ignore[attr-defined]
        ended = {"worker_id": "w1", "attempt_ids": [lease["attempt_id"]], "reason": "once more", "retry": True}
        assert (await other.post("/attempts/failed", json=ended)).json()["results"][0]["accepted"]
    reply = await asyncio.wait_for(waiting, 10)
    assert reply.status_code == status
    assert (await sutler.get_project(created.project_id)).initial_count == 1
    await parts.refusals.write()
    [refusal] = (await sutler.list_refusals(created.project_id)).items
    assert refusal.worker_id == "w2"
