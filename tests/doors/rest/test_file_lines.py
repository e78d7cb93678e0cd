"""Files declared and changed line by line, however many."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator

import httpx
import pytest
from tests.doors.rest.conftest import Parts, SutlerOf

from sutler.client import ApiError, AsyncClient
from sutler.wire.auth import NewUser
from sutler.wire.catalog import NewDataset, NewFile, NewNamespace
from sutler.wire.files import MetadataChange

LINES = {"Content-Type": "application/x-ndjson"}


@pytest.fixture(autouse=True)
async def namespace(sutler: AsyncClient) -> None:
    await sutler.create_namespace(NewNamespace("local", "demo"))
    await sutler.create_dataset(NewDataset("demo:all"))


def make_line(number: int, **more: object) -> bytes:
    file = {"namespace": "demo", "name": f"{number}.root", "size_bytes": number, "metadata": {"core.n": number}}
    return json.dumps({**file, **more}).encode() + b"\n"


async def count_files(parts: Parts) -> int:
    async with parts.db.connection() as connection:
        return int(await connection.fetchval("SELECT count(*) FROM catalog.files"))


async def test_files_come_line_by_line(admin: httpx.AsyncClient, sutler: AsyncClient) -> None:
    second = make_line(
        2, fid="two", checksums={"md5": "0" * 32}, parents=["demo:1.root"], created_at="2024-01-02T03:04:05Z"
    )
    body = make_line(1) + second + make_line(3, parent_fids=["two"]).rstrip()
    reply = await admin.post("/files?dataset=demo:all", content=body, headers=LINES)
    assert (reply.status_code, reply.json()) == (201, {"declared_count": 3, "known_count": 0, "added_count": 3})
    view = await sutler.get_file("demo:2.root")
    assert (view.file.fid, view.file.checksums, view.file.created_at.year) == ("two", {"md5": "0" * 32}, 2024)
    assert [one.name for one in (*view.parents, *view.children)] == ["1.root", "3.root"]
    assert (await sutler.get_dataset("demo:all")).file_count == 3
    again = await admin.post("/files?dataset=demo:all", content=body, headers=LINES)
    assert again.json() == {"declared_count": 0, "known_count": 3, "added_count": 0}


async def test_pieces_and_parts_are_cut_between_lines(
    admin: httpx.AsyncClient, sutler: AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sutler.rest.lines.PIECE_BYTES", 300)
    monkeypatch.setattr("sutler.catalog.operations.declaring_streams.FILES_AT_ONCE", 7)
    text = b"".join(map(make_line, range(200)))

    async def send() -> AsyncIterator[bytes]:
        for start in range(0, len(text), 99):
            yield text[start : start + 99]

    reply = await admin.post("/files?dataset=demo:all", content=send(), headers=LINES)
    assert reply.json()["added_count"] == 200
    assert (await sutler.get_file("demo:199.root")).file.metadata == {"core.n": 199}


async def test_a_trial_declares_nothing(admin: httpx.AsyncClient, parts: Parts) -> None:
    reply = await admin.post("/files?check_only=true", content=make_line(1), headers=LINES)
    assert reply.json() == {"declared_count": 1, "known_count": 0, "added_count": 0}
    assert await count_files(parts) == 0


@pytest.mark.parametrize(
    ("line", "what"),
    [
        (b"{no json\n", "malformed"),
        (b"\n", "is empty"),
        (b"[]\n", "object"),
        (b'{"name":"x"}\n', "namespace"),
        (b'{"namespace":"demo","name":"x","colour":1}\n', "colour"),
        (b'{"namespace":"demo","name":"a b"}\n', "may hold letters"),
        (b'{"namespace":"demo","name":"x","name":"y"}\n', "the name 'name' twice"),
        (b'{"namespace":"demo","name":"x","metadata":{"a.b":1,"a.b":2}}\n', "the name 'a.b' twice"),
        (b'{"namespace":"demo","name":"x","metadata":{"a.b":{"c" :1,"c":2}}}\n', "the name 'c' twice"),
        (b'{"namespace":"demo","name":"x","metadata":{"nodot":1}}\n', "category.name"),
        (b'{"namespace":"demo","name":"x","metadata":{"a.b":NaN}}\n', "malformed"),
        (b'{"namespace":"demo","name":"x","metadata":{"a.b":1e999}}\n', "out of range"),
        (b'{"namespace":"demo","name":"x","metadata":{"a.b":"\\u0000"}}\n', "cannot be stored"),
        (b'{"namespace":"demo","name":"x","metadata":{"a.b":"\\ud800"}}\n', ""),
        (b'{"namespace":"demo","name":"x","metadata":{"a.b":' + b"[" * 70 + b"]" * 70 + b"}}\n", "nested more than 64"),
        (b'{"namespace":"demo","name":"x","size_bytes":1.0}\n', "int"),
        (b'{"namespace":"demo","name":"x","size_bytes":-1}\n', "not possible"),
        (b'{"namespace":"demo","name":"x","parents":["nocolon"]}\n', "namespace:name"),
        (b'{"namespace":"demo","name":"x","parents":["demo:gone"]}\n', "is not in the catalogue"),
        (b'{"namespace":"nowhere","name":"x"}\n', "there is no namespace"),
        (make_line(1), "is given twice"),
    ],
)
async def test_what_is_wrong_is_told_by_its_line_and_nothing_is_declared(
    admin: httpx.AsyncClient, parts: Parts, line: bytes, what: str
) -> None:
    reply = await admin.post("/files", content=make_line(1) + make_line(2) + line + make_line(3), headers=LINES)
    assert reply.status_code == 422, reply.text
    [problem] = reply.json()["problems"]
    assert (problem["where"], what in problem["what"]) == ("line 3", True), problem
    assert await count_files(parts) == 0


async def test_a_file_declared_otherwise_is_told_with_its_line(admin: httpx.AsyncClient, parts: Parts) -> None:
    await admin.post("/files", content=make_line(5), headers=LINES)
    other = make_line(5, size_bytes=7)
    reply = await admin.post("/files", content=make_line(1) + other, headers=LINES)
    assert (reply.status_code, reply.json()["code"]) == (409, "catalog.file_exists")
    assert "demo:5.root (line 2) is declared already" in reply.json()["detail"]
    assert await count_files(parts) == 1


@pytest.mark.parametrize(
    "asked", ["colour=red", "check_only=yes", "dataset=demo:all&dataset=demo:b", "dataset=nocolon"]
)
async def test_the_address_of_a_stream_is_exact(admin: httpx.AsyncClient, parts: Parts, asked: str) -> None:
    reply = await admin.post(f"/files?{asked}", content=make_line(1), headers=LINES)
    assert reply.status_code == 422, reply.text
    assert await count_files(parts) == 0


async def test_a_stream_with_a_key_is_declared_once(admin: httpx.AsyncClient, parts: Parts) -> None:
    headers = LINES | {"Idempotency-Key": "k1"}
    first = await admin.post("/files?dataset=demo:all", content=make_line(1), headers=headers)
    again = await admin.post("/files?dataset=demo:all", content=make_line(1), headers=headers)
    assert again.json() == first.json() == {"declared_count": 1, "known_count": 0, "added_count": 1}
    other = await admin.post("/files", content=make_line(1), headers=headers)
    assert (other.status_code, other.json()["code"]) == (409, "rest.idempotency_key_reused")
    assert await count_files(parts) == 1


async def test_a_refused_stream_is_refused_again_under_its_key(admin: httpx.AsyncClient, parts: Parts) -> None:
    headers = LINES | {"Idempotency-Key": "k2"}
    replies = [await admin.post("/files", content=make_line(1) * 2, headers=headers) for _ in range(2)]
    assert [reply.status_code for reply in replies] == [422, 422]
    assert await count_files(parts) == 0


async def test_metadata_come_line_by_line(admin: httpx.AsyncClient, sutler: AsyncClient) -> None:
    await admin.post("/files", content=make_line(1, fid="one") + make_line(2), headers=LINES)
    lines = [
        {"fid": "one", "metadata": {"core.x": 1}},
        {"did": "demo:2.root", "metadata": {"core.y": [2]}, "mode": "replace"},
    ]
    body = "\n".join(map(json.dumps, lines)).encode()
    headers = LINES | {"Idempotency-Key": "k3"}
    for _ in range(2):
        reply = await admin.post("/files/metadata", content=body, headers=headers)
        assert (reply.status_code, reply.json()) == (200, {"changed_count": 2})
    assert (await sutler.get_file("demo:1.root")).file.metadata == {"core.n": 1, "core.x": 1}
    assert (await sutler.get_file("demo:2.root")).file.metadata == {"core.y": [2]}


@pytest.mark.parametrize(
    ("line", "what"),
    [
        (b'{"metadata":{}}\n', "one of the two"),
        (b'{"did":"demo:2.root","fid":"x","metadata":{}}\n', "one of the two"),
        (b'{"did":"nocolon","metadata":{}}\n', "namespace:name"),
        (b'{"did":"demo:2.root"}\n', "metadata"),
        (b'{"did":"demo:2.root","metadata":{},"mode":"add"}\n', "add"),
        (b'{"did":"demo:2.root","metadata":{"nodot":1}}\n', "category.name"),
        (b'{"did":"demo:2.root","metadata":{"a.b":1,"a.b":1}}\n', "twice"),
        (b'{"did":"demo:gone","metadata":{}}\n', "is not in the catalogue"),
        (b'{"did":"demo:1.root","metadata":{}}\n', "is given twice"),
    ],
)
async def test_what_is_wrong_with_metadata_is_told_by_its_line_and_nothing_is_changed(
    admin: httpx.AsyncClient, sutler: AsyncClient, line: bytes, what: str
) -> None:
    await admin.post("/files", content=make_line(1) + make_line(2), headers=LINES)
    first = b'{"did":"demo:1.root","metadata":{"core.n":9}}\n'
    reply = await admin.post("/files/metadata", content=first + line, headers=LINES)
    assert reply.status_code == 422, reply.text
    [problem] = reply.json()["problems"]
    assert (problem["where"], what in problem["what"]) == ("line 2", True), problem
    assert (await sutler.get_file("demo:1.root")).file.metadata == {"core.n": 1}


async def test_somebody_without_the_permission_streams_nothing(sutler: AsyncClient, sutler_of: SutlerOf) -> None:
    await sutler.create_user(NewUser("eve", password="eve-password-1"))
    eve = await sutler_of("eve")
    with pytest.raises(ApiError) as caught:
        await eve.declare_streamed_files([{"namespace": "demo", "name": "x"}])
    assert caught.value.status == 403


async def test_the_client_sends_shapes_and_documents(sutler: AsyncClient) -> None:
    files = (NewFile("demo", f"{number}", size_bytes=number) for number in range(2500))
    told = await sutler.declare_streamed_files(files, dataset="demo:all")
    assert (told.declared_count, told.added_count) == (2500, 2500)
    tried = await sutler.declare_streamed_files([{"namespace": "demo", "name": "new"}], check_only=True, key="k4")
    assert (tried.declared_count, tried.known_count) == (1, 0)
    changes: list[MetadataChange | dict[str, object]] = [
        MetadataChange({"a.b": 1}, did="demo:7"),
        {"did": "demo:8", "metadata": {"a.b": 2}},
    ]
    assert (await sutler.update_streamed_metadata(changes)).changed_count == 2
    assert (await sutler.get_file("demo:7")).file.metadata == {"a.b": 1}
