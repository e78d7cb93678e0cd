"""What the hot calls do on the wire: bodies in parts, bodies without end, waiting, hanging up, refusing."""

from __future__ import annotations

import asyncio

import httpx
import msgspec
import pytest
from starlette.types import ASGIApp, Message
from tests.doors.rest.conftest import Parts, SutlerOf
from tests.doors.rest.hot_scene import (
    ENDED,
    JSON,
    LEASE,
    NEXT,
    NotingLane,
    Wire,
    connect,
    make_parts,
    put_alone,
    until,
)

from sutler import dispatch
from sutler.client import AsyncClient
from sutler.dispatch import NothingReady
from sutler.rest.bodies import LARGEST_BODY_BYTES
from sutler.wire.auth import NewUser
from sutler.wire.dispatch import NewHandle, NewProject


async def test_a_defect_is_logged_and_answered_with_an_incident(
    alone: httpx.AsyncClient, lane: NotingLane, capsys: pytest.CaptureFixture[str]
) -> None:
    lane.trouble = KeyError("the secret inside")
    reply = await alone.post("/projects/3/next", json=NEXT)
    assert reply.status_code == 500
    assert "secret" not in reply.text
    assert reply.json()["incident"] in capsys.readouterr().out


async def test_a_body_may_be_of_a_megabyte_and_no_more(alone: httpx.AsyncClient) -> None:
    body = msgspec.json.encode({**ENDED, "log_tail": ""})
    full = body.replace(b'"log_tail":""', b'"log_tail":"' + b"x" * (LARGEST_BODY_BYTES - len(body)) + b'"')
    assert len(full) == LARGEST_BODY_BYTES
    assert (await alone.post("/attempts/done", content=full, headers=JSON)).status_code == 200
    reply = await alone.post("/attempts/done", content=full + b" ", headers=JSON)
    assert (reply.status_code, reply.json()["code"]) == (413, "rest.body_too_large")
    assert reply.headers["content-type"] == "application/problem+json"


async def test_a_body_may_come_in_parts(parts: Parts, lane: NotingLane, sutler: AsyncClient) -> None:
    connection = Wire("/projects/3/next", sutler.token, *make_parts(msgspec.json.encode(NEXT), size=7))
    await connection.call(put_alone(parts))
    assert [message["type"] for message in connection.sent] == ["http.response.start", "http.response.body"]
    assert connection.sent[0]["status"] == 200
    assert msgspec.json.decode(connection.sent[1]["body"])["reason"] == "reserved"


async def test_a_body_that_comes_in_parts_and_must_be_judged_reaches_the_ordinary_route_whole(
    front: ASGIApp, lane: NotingLane, sutler: AsyncClient
) -> None:
    connection = Wire("/projects/3/next", sutler.token, *make_parts(b'{"worker_id": "w", "count": 0}', size=4))
    await connection.call(front)
    assert connection.sent[0]["status"] == 422
    problems = msgspec.json.decode(connection.sent[1]["body"])["problems"]
    assert [problem["where"] for problem in problems] == ["request_id", "count"]


async def test_too_much_is_refused_before_it_has_all_come(parts: Parts, lane: NotingLane, sutler: AsyncClient) -> None:
    part: Message = {"type": "http.request", "body": b" " * 300_000, "more_body": True}
    connection = Wire("/projects/3/next", sutler.token, *[part] * 9)
    await connection.call(put_alone(parts))
    assert connection.sent[0]["status"] == 413
    assert lane.asked == []


async def test_whoever_hangs_up_while_sending_is_asked_nothing(
    parts: Parts, lane: NotingLane, sutler: AsyncClient
) -> None:
    half: Message = {"type": "http.request", "body": b"{", "more_body": True}
    connection = Wire("/projects/3/next", sutler.token, half, {"type": "http.disconnect"})
    await connection.call(put_alone(parts))
    assert connection.sent[0]["status"] == 400
    assert lane.asked == []


async def test_a_worker_that_waits_is_answered_when_something_turns_up(
    parts: Parts, lane: NotingLane, alone: httpx.AsyncClient
) -> None:
    lane.reply = dispatch.Reply((), NothingReady.WAIT, "later")
    asking = asyncio.create_task(alone.post("/projects/3/next", json={**NEXT, "wait_seconds": 25}))
    await until(lambda: len(lane.asked) == 2)
    lane.reply = dispatch.Reply((LEASE,))
    parts.db.notices.post({"project/3"})
    reply = await asyncio.wait_for(asking, 10)
    assert reply.json()["reason"] == "reserved"
    assert len(lane.asked) == 3


async def test_nobody_waits_for_what_cannot_come(lane: NotingLane, alone: httpx.AsyncClient) -> None:
    for nothing in (NothingReady.OVER, NothingReady.NO_TIME):
        lane.asked.clear()
        lane.reply = dispatch.Reply((), nothing, "")
        reply = await asyncio.wait_for(alone.post("/projects/3/next", json={**NEXT, "wait_seconds": 25}), 10)
        assert reply.json()["reason"] == nothing
        assert len(lane.asked) == 1


async def test_a_worker_that_hangs_up_while_waiting_asks_no_more(
    parts: Parts, lane: NotingLane, sutler: AsyncClient
) -> None:
    lane.reply = dispatch.Reply((), NothingReady.WAIT, "later")
    body = msgspec.json.encode({**NEXT, "wait_seconds": 25})
    connection = Wire("/projects/3/next", sutler.token, {"type": "http.request", "body": body, "more_body": False})
    calling = asyncio.create_task(connection.call(put_alone(parts)))
    await until(lambda: len(lane.asked) == 2)
    connection.incoming.put_nowait({"type": "http.disconnect"})
    parts.db.notices.post({"project/3"})
    await asyncio.wait_for(calling, 10)
    assert len(lane.asked) == 2


async def test_a_refused_worker_leaves_a_trace(
    parts: Parts, sutler: AsyncClient, sutler_of: SutlerOf, front: ASGIApp
) -> None:
    await sutler.create_user(NewUser("eve", "eve-password", "Eve"))
    created = await sutler.create_project(NewProject("local", (NewHandle("demo", "a"),), is_virtual=True))
    async with connect(front, (await sutler_of("eve")).token) as eve:
        reply = await eve.post(f"/projects/{created.project_id}/next", json={**NEXT, "worker_id": "w-77"})
    assert reply.status_code == 403
    await parts.refusals.write()
    [refusal] = (await sutler.list_refusals(created.project_id)).items
    assert (refusal.worker_id, refusal.times) == ("w-77", 1)
