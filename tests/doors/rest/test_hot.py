"""The hot calls answer as the ordinary routes do, byte for byte, and do not need them for what is in order."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from uuid import UUID, uuid4

import httpx
import msgspec
import pytest
from tests.doors.rest.hot_scene import CALLS, ENDED, JSON, NEXT, Both

from sutler import dispatch
from sutler.base.did import Did
from sutler.dispatch import NothingReady


@pytest.mark.parametrize(("path", "body"), CALLS.items())
async def test_calls_in_order_are_answered_alike_and_without_the_ordinary_routes(
    both: Both, alone: httpx.AsyncClient, path: str, body: Mapping[str, object]
) -> None:
    content = msgspec.json.encode(body)
    reply = await both.post(path, content=content)
    assert reply.status_code == 200
    assert (await alone.post(path, content=content, headers=JSON)).content == reply.content


async def test_the_python_client_sends_what_the_hot_calls_take(alone: httpx.AsyncClient) -> None:
    for path, body in CALLS.items():
        assert (await alone.post(path, json=body)).status_code == 200


async def test_a_reply_to_next_is_as_documented(both: Both) -> None:
    reply = (await both.post("/projects/3/next", content=msgspec.json.encode(NEXT))).json()
    assert reply == {
        "leases": [
            {
                "attempt_id": 7,
                "attempt": 2,
                "namespace": "démo",
                "name": "a",
                "fid": None,
                "size_bytes": 2**40,
                "attributes": {"n": [1, 2.5, None, True, 2**70], "é": "\u2028"},
                "replicas": [{"rse": "DISK1", "url": "root://x//a"}],
                "expires_at": "2030-01-02T03:04:05.678901Z",
                "renew_seconds": 120.0,
            }
        ],
        "reason": "reserved",
        "why": "",
        "retry": False,
    }


@pytest.mark.parametrize(
    ("nothing", "reason", "retry"),
    [(NothingReady.WAIT, "wait", True), (NothingReady.OVER, "over", False), (NothingReady.NO_TIME, "no_time", False)],
)
async def test_why_there_is_nothing_is_said_alike(both: Both, nothing: NothingReady, reason: str, retry: bool) -> None:
    both.lane.reply = dispatch.Reply((), nothing, "because")
    reply = (await both.post("/projects/3/next", content=msgspec.json.encode(NEXT))).json()
    assert reply == {"leases": [], "reason": reason, "why": "because", "retry": retry}


@pytest.mark.parametrize(
    ("seconds", "time_left"),
    [(None, None), (90, timedelta(seconds=90)), (0.5, timedelta(seconds=0.5)), (-3, timedelta(0))],
)
async def test_what_is_left_of_the_workers_time_becomes_part_of_the_wish(
    both: Both, seconds: float | None, time_left: timedelta | None
) -> None:
    await both.post("/projects/3/next", content=msgspec.json.encode({**NEXT, "time_left_seconds": seconds}))
    [(_, _, wish)] = both.lane.asked
    assert wish.time_left == time_left
    assert (wish.worker_id, wish.request_id) == ("w", UUID(NEXT["request_id"]))


async def test_a_huge_time_is_no_defect(both: Both) -> None:
    reply = await both.post("/projects/3/next", content=msgspec.json.encode({**NEXT, "time_left_seconds": 1e300}))
    assert reply.status_code == 200


@pytest.mark.parametrize("path", CALLS)
@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b'"text"',
        b"{}",
        b'{"worker_id": "w"}',
        b'{"worker_id": 7, "request_id": "x", "attempt_ids": "y"}',
        b'{"worker_id": "w", "attempt_ids": [0, -1, 1.5, 1e3]}',
        b'{"worker_id": "\xff", "attempt_ids": [1]}',
        b'{"worker_id": "\xed\xa0\x80", "attempt_ids": [1]}',
        b'{"worker_id": "w", "attempt_ids": [1], "x": "\xff"}',
        b'\xef\xbb\xbf{"worker_id": "w", "attempt_ids": [1]}',
        '{"worker_id": "w", "attempt_ids": [1]}'.encode("utf-16"),
        b'{"worker_id": "a\\u0000b", "attempt_ids": [1]}',
        b'{"worker_id": "a\\ud800", "attempt_ids": [1]}',
        b'{"worker_id": "w", "attempt_ids": [1], "measures": {"a": 1e999}}',
        b'{"worker_id": "w", "attempt_ids": [1], "measures": {"a": NaN}}',
        b'{"worker_id": "w", "attempt_ids": [' + b"9" * 5000 + b"]}",
        b'{"worker_id": "w", "attempt_ids": [1], "measures": {"a": ' + b"9" * 5000 + b"}}",
        b'{"worker_id": "w", "attempt_ids": [1], "measures": {"a": ' + b"[" * 20_000 + b"]" * 20_000 + b"}}",
    ],
)
async def test_bad_bodies_are_refused_alike(both: Both, path: str, body: bytes) -> None:
    await both.post(path, content=body)


@pytest.mark.parametrize("path", CALLS)
async def test_unknown_fields_are_ignored_and_texts_are_no_numbers(both: Both, path: str) -> None:
    body = {**CALLS[path], "invented": [1]}
    assert (await both.post(path, content=msgspec.json.encode(body))).status_code == 200
    for text in ({"count": "2"}, {"attempt_ids": ["7"]}):
        reply = await both.post(path, content=msgspec.json.encode(body | text))
        assert reply.status_code == (422 if text.keys() & CALLS[path].keys() else 200)


@pytest.mark.parametrize(
    "path",
    [
        "/projects/0/next",
        "/projects/007/next",
        "/projects/-1/next",
        "/projects/%31/next",
        "/projects/\u0661/next",
        "/projects/many/next",
        f"/projects/{2**63}/next",
        f"/projects/{2**63 - 1}/next",
        "/projects//next",
        "/projects/1/2/next",
        "/projects/1/next/",
        "/projects/1/next?a=%00",
        "/projects/1/next?a=1",
        "/attempts/renew/",
        "/attempts/done?x=%00",
        "/attempts",
    ],
)
async def test_odd_addresses_are_answered_alike(both: Both, path: str) -> None:
    await both.post(path, content=msgspec.json.encode({**NEXT, **ENDED}))


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "PATCH", "DELETE", "OPTIONS"])
async def test_other_methods_are_answered_alike(both: Both, method: str) -> None:
    for path in CALLS:
        hot, ordinary = [await client.request(method, path) for client in (both.hot, both.ordinary)]
        assert (hot.status_code, hot.content, hot.headers) == (ordinary.status_code, ordinary.content, ordinary.headers)


@pytest.mark.parametrize(
    "content_type",
    ["", "text/plain", "application/json; charset=utf-8", "application/problem+json", "APPLICATION/JSON"],
)
async def test_other_content_types_are_answered_alike(both: Both, content_type: str) -> None:
    headers = {"Content-Type": content_type} if content_type else {}
    for path, body in CALLS.items():
        await both.post(path, content=msgspec.json.encode(body), headers=headers)


@pytest.mark.parametrize("authorization", ["", "Bearer", "Bearer  ", "Bearer nonsense", "Basic YTpi", "bearer a.b.c"])
async def test_strangers_are_refused_alike_before_their_body_is_looked_at(both: Both, authorization: str) -> None:
    for path in CALLS:
        reply = await both.post(path, content=b"{", headers={**JSON, "Authorization": authorization})
        assert reply.status_code == 401
        assert reply.headers["www-authenticate"].startswith("Bearer")


@pytest.mark.parametrize(
    ("trouble", "status"),
    [
        (dispatch.ProjectNotFoundError(3), 404),
        (dispatch.AttemptNotFoundError(7), 404),
        (dispatch.InvalidWishError("No."), 422),
        (dispatch.RequestTakenError(uuid4()), 409),
        (dispatch.WrongWorkerError(Did("a", "b"), "w", "v"), 403),
    ],
)
async def test_what_is_raised_is_told_alike(both: Both, trouble: Exception, status: int) -> None:
    both.lane.trouble = trouble
    for path, body in CALLS.items():
        assert (await both.post(path, content=msgspec.json.encode(body))).status_code == status
