"""Documents of files that are read the quick way are answered as the ordinary way would, and the rest is left to it."""

from __future__ import annotations

import json

import httpx
import pytest
from tests.doors.rest.conftest import Parts

from sutler.client import AsyncClient
from sutler.rest.declaring import decode_declaration
from sutler.wire.catalog import NewNamespace

PLAIN = {"namespace": "demo", "name": "x", "metadata": {"a.b": {"c": [1, {"d": None}]}}}


def write(**more: object) -> bytes:
    return json.dumps({"files": [{**PLAIN, **more}]}).encode()


@pytest.mark.parametrize(
    "body",
    [
        write(),
        write(metadata={}, checksums={"md5": "0" * 32}, parents=["demo:y"], parent_fids=["p"], fid=None, size_bytes=5),
        write(metadata={"a.b": "é", "a.c": 10**40, "a.d": 1e300}),
        json.dumps({"files": [PLAIN], "dataset": "demo:all", "check_only": True}).encode(),
        b'{"files":[]}',
    ],
)
async def test_plain_documents_are_read_the_quick_way(body: bytes) -> None:
    assert await decode_declaration(body) is not None


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        write(colour=1),
        write(size_bytes=1.0),
        write(created_at="2024-01-01T00:00:00Z"),
        write(parents=["nocolon"]),
        b'{"files":[{"namespace":"demo","name":"x","name":"y"}]}',
        b'{"files":[{"namespace":"demo","name" :"x","name":"y"}]}',
        b'{"files":[{"namespace":"demo","metadata":{"a.b":1,"a.b":2}}]}',
        b'{"files":[{"namespace":"demo","metadata":{"a.b":[{"c":1,"c":2}]}}]}',
        b'{"files":[{"namespace":"demo","metadata":{"a.b":"\\u0000"}}]}',
        b'{"files":[{"namespace":"demo","metadata":{"a.b":"\\uD800"}}]}',
        b'{"files":[],"files":[]}',
        b'{"files":[],"dataset":"nocolon"}',
    ],
)
async def test_what_somebody_has_to_look_at_is_left_to_the_ordinary_way(body: bytes) -> None:
    assert await decode_declaration(body) is None


async def test_both_ways_give_the_same_answer_and_store_the_same(
    admin: httpx.AsyncClient, sutler: AsyncClient, parts: Parts
) -> None:
    await sutler.create_namespace(NewNamespace("local", "demo"))
    metadata = {"a.f": 1e22, "a.g": 100000.0, "a.i": 2**70, "a.t": 'é\\"', "a.n": None, "a.l": [True, 0.1, {"x": []}]}
    replies = []
    for name, separators in (("quick", (",", ":")), ("slow", (", ", " : "))):
        file = {"namespace": "demo", "name": name, "fid": name, "size_bytes": 3, "metadata": metadata}
        body = json.dumps({"files": [file]}, separators=separators, ensure_ascii=False).encode()
        assert (await decode_declaration(body) is None) == (name == "slow")
        replies.append(await admin.post("/files", content=body, headers={"Content-Type": "application/json"}))
    quick, slow = (reply.text.replace("slow", "quick") for reply in replies)
    assert (replies[0].status_code, quick) == (replies[1].status_code, slow)
    assert {**replies[0].headers} == {**replies[1].headers} | {"content-length": replies[0].headers["content-length"]}
    async with parts.db.connection() as connection:
        rows = await connection.fetch("SELECT metadata::text AS stored FROM catalog.files")
    assert rows[0]["stored"] == rows[1]["stored"]


async def test_the_quick_way_honours_a_key(admin: httpx.AsyncClient, sutler: AsyncClient) -> None:
    await sutler.create_namespace(NewNamespace("local", "demo"))
    headers = {"Content-Type": "application/json", "Idempotency-Key": "k"}
    first = await admin.post("/files", content=write(), headers=headers)
    assert first.status_code == 201, first.text
    assert (await admin.post("/files", content=write(), headers=headers)).content == first.content
    other = await admin.post("/files", content=write(name="y"), headers=headers)
    assert (other.status_code, other.json()["code"]) == (409, "rest.idempotency_key_reused")
