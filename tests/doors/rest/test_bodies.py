"""Bodies: how large, how sent, how read."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import pytest
import uvicorn
from fastapi import FastAPI
from tests.doors.rest.test_routes import assert_is_problem

from sutler.client import AsyncClient
from sutler.rest.bodies import DEEPEST_NESTING, LARGER_BODIES, LARGEST_BODY_BYTES, find_limit

JSON = {"Content-Type": "application/json"}


def test_a_body_has_a_megabyte_at_most_but_lists_of_files_more() -> None:
    assert find_limit("/api/v1/users", {"POST"}) == LARGEST_BODY_BYTES == 1024 * 1024
    assert find_limit("/api/v1/projects", {"POST"}) == 256 * 1024 * 1024
    assert find_limit("/api/v1/files", {"POST"}) == 32 * 1024 * 1024
    assert find_limit("/api/v1/files", {"GET"}) == LARGEST_BODY_BYTES


async def test_the_limit_of_a_route_stands_in_the_description(stranger: httpx.AsyncClient) -> None:
    paths = (await stranger.get("/openapi.json")).json()["paths"]
    for name, limit in LARGER_BODIES.items():
        method, _, path = name.partition(" ")
        assert str(limit) in paths[path][method.lower()]["responses"]["413"]["description"]
    assert str(LARGEST_BODY_BYTES) in paths["/api/v1/users"]["post"]["responses"]["413"]["description"]


async def test_a_body_that_announces_too_much_is_refused_unread(admin: httpx.AsyncClient) -> None:
    read = 0

    async def send() -> AsyncIterator[bytes]:
        nonlocal read
        for _ in range(3):
            read += 1
            yield b" "

    headers = JSON | {"Content-Length": str(LARGEST_BODY_BYTES + 1)}
    reply = await admin.post("/users", content=send(), headers=headers)
    assert_is_problem(reply, 413)
    assert reply.json()["code"] == "rest.body_too_large"
    assert reply.json()["facts"] == {"limit_bytes": LARGEST_BODY_BYTES}
    assert str(LARGEST_BODY_BYTES) in reply.json()["detail"]
    assert reply.headers["connection"] == "close"


async def test_a_body_in_chunks_is_refused_where_it_passes_the_limit(admin: httpx.AsyncClient) -> None:
    async def send() -> AsyncIterator[bytes]:
        for _ in range(17):
            yield b" " * 65_536

    assert_is_problem(await admin.post("/users", content=send(), headers=JSON), 413)


async def test_a_body_in_chunks_below_the_limit_is_taken(admin: httpx.AsyncClient) -> None:
    async def send() -> AsyncIterator[bytes]:
        yield b'{"name": "nova",'
        yield b" " * 100_000
        yield b'"full_name": "N"}'

    reply = await admin.post("/experiments", content=send(), headers=JSON)
    assert (reply.status_code, reply.json()["full_name"]) == (201, "N")


async def test_a_project_may_be_larger_than_other_things(admin: httpx.AsyncClient) -> None:
    note = "x" * 1_500
    handles = ",".join(
        f'{{"namespace": "demo", "name": "file_{number:08}", "attributes": {{"note": "{note}"}}}}'
        for number in range(900)
    )
    body = f'{{"experiment": "local", "is_virtual": true, "files": [{handles}]}}'
    assert len(body) > LARGEST_BODY_BYTES
    reply = await admin.post("/projects", content=body, headers=JSON)
    assert (reply.status_code, reply.json()["handle_count"]) == (201, 900)


@asynccontextmanager
async def listening(application: FastAPI) -> AsyncIterator[int]:
    """The application on a port, where what a client sends and what it reads can be told apart."""
    place = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(application, log_config=None, access_log=False, lifespan="off"))
    serving = asyncio.create_task(server.serve(sockets=[place]))
    try:
        yield place.getsockname()[1]
    finally:
        server.should_exit = True
        await serving
        place.close()


@pytest.mark.parametrize("is_announced", [True, False], ids=["announced", "in chunks"])
async def test_who_sends_everything_before_reading_still_reads_the_refusal_and_is_then_cut_off(
    application: FastAPI, sutler: AsyncClient, *, is_announced: bool
) -> None:
    size = 8 * LARGEST_BODY_BYTES
    length = f"Content-Length: {size}" if is_announced else "Transfer-Encoding: chunked"
    head = (
        f"POST /api/v1/users HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {sutler.token}\r\n"
        f"Content-Type: application/json\r\n{length}\r\n\r\n"
    )
    part = b" " * 65_536
    chunk = part if is_announced else b"10000\r\n" + part + b"\r\n"
    async with listening(application) as port, asyncio.timeout(30):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(head.encode())
        for _ in range(size // len(part)):
            writer.write(chunk)
            await writer.drain()
        if not is_announced:
            writer.write(b"0\r\n\r\n")
        answer = await reader.read()
        writer.close()
    top, _, rest = answer.partition(b"\r\n\r\n")
    assert top.startswith(b"HTTP/1.1 413 ")
    assert b"application/problem+json" in top
    assert b"connection: close" in top.lower()
    assert b"rest.body_too_large" in rest


async def test_a_body_without_end_is_cut_off(
    application: FastAPI, sutler: AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sutler.rest.bodies.DISCARDED_BYTES", LARGEST_BODY_BYTES)
    head = (
        f"POST /api/v1/users HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {sutler.token}\r\n"
        "Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
    )
    async with listening(application) as port, asyncio.timeout(30):
        _, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(head.encode())
        with pytest.raises(ConnectionError):
            await send_without_end(writer)
        writer.close()


async def send_without_end(writer: asyncio.StreamWriter) -> None:
    while True:
        writer.write(b"10000\r\n" + b" " * 65_536 + b"\r\n")
        await writer.drain()


async def test_a_large_body_is_still_refused_to_strangers_first(stranger: httpx.AsyncClient) -> None:
    headers = JSON | {"Content-Length": str(10 * LARGEST_BODY_BYTES)}
    assert_is_problem(await stranger.post("/users", content=b"", headers=headers), 401)


@pytest.mark.parametrize(
    "media_type", ["text/plain", "application/x-www-form-urlencoded", "application/xml", "nonsense", None]
)
async def test_a_body_that_is_not_called_json_is_refused(admin: httpx.AsyncClient, media_type: str | None) -> None:
    headers = {} if media_type is None else {"Content-Type": media_type}
    reply = await admin.post("/experiments", content=b'{"name": "nova"}', headers=headers)
    assert_is_problem(reply, 415)
    assert reply.json()["code"] == "rest.wrong_media_type"


@pytest.mark.parametrize("media_type", ["application/json; charset=utf-8", "application/merge-patch+json"])
async def test_a_body_may_be_called_json_in_several_ways(admin: httpx.AsyncClient, media_type: str) -> None:
    reply = await admin.post("/experiments", content=b'{"name": "nova"}', headers={"Content-Type": media_type})
    assert reply.status_code == 201


@pytest.mark.parametrize(
    ("body", "what"),
    [
        (b'{"name": "nova\xff"}', "is not UTF-8"),
        ('{"name": "nova"}'.encode("utf-16"), "is not UTF-8"),
        (b'{"name": "nova", "name": "icarus"}', "has the name 'name' twice in one object"),
        (b'{"name": "nova", "full_name": ' + b"[" * 5000 + b"]" * 5000 + b"}", "nested more than"),
        (b'{"name": ' + b"1" * 5000 + b"}", "too many digits"),
        (b'{"name": "nova"', "is not JSON"),
        (b'{"name": "nova"} {}', "is not JSON: Extra data"),
        (b"\xef\xbb\xbf{}", "is not JSON"),
    ],
)
async def test_what_is_wrong_with_a_body_is_said(admin: httpx.AsyncClient, body: bytes, what: str) -> None:
    reply = await admin.post("/experiments", content=body, headers=JSON)
    assert_is_problem(reply, 422)
    [problem] = reply.json()["problems"]
    assert problem["where"] == "body"
    assert what in problem["what"]
    assert [item["name"] for item in (await admin.get("/experiments")).json()["items"]] == ["local"]


async def test_attributes_may_be_nested_to_the_limit_and_come_back_so(
    admin: httpx.AsyncClient, sutler: AsyncClient
) -> None:
    def nest(depth: int) -> str:
        return "[" * depth + "]" * depth

    def body(depth: int) -> str:
        files = '[{"namespace": "demo", "name": "a"}]'
        return f'{{"experiment": "local", "files": {files}, "attributes": {{"deep": {nest(depth)}}}}}'

    reply = await admin.post("/projects", content=body(DEEPEST_NESTING - 2), headers=JSON)
    assert reply.status_code == 201, reply.text
    shown = await sutler.get_project(reply.json()["project_id"])
    assert str(shown.attributes["deep"]) == nest(DEEPEST_NESTING - 2)
    assert_is_problem(await admin.post("/projects", content=body(DEEPEST_NESTING - 1), headers=JSON), 422)


async def test_numbers_and_flags_are_not_read_out_of_texts(admin: httpx.AsyncClient) -> None:
    for wrong in ({"retry_pause_seconds": False}, {"max_attempts": "5"}, {"is_virtual": "yes"}, {"is_virtual": 1}):
        document = {"experiment": "local", "query": "files from a:b", **wrong}
        reply = await admin.post("/projects", json=document)
        assert_is_problem(reply, 422)
        assert [problem["where"] for problem in reply.json()["problems"]] == list(wrong)
