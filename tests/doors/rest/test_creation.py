"""Projects of very many files: line by line, or in one large document."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterable

import httpx
import pytest
from starlette.types import ASGIApp, Message
from tests.doors.rest.conftest import Parts, SutlerOf

from sutler.client import AsyncClient, ClientError
from sutler.wire.auth import NewUser
from sutler.wire.dispatch import NewHandle, NewProject

LINES = {"Content-Type": "application/x-ndjson"}
HEAD = b'{"experiment":"local","is_virtual":true}\n'
FILE = b'{"namespace":"a","name":"x"}\n'


def make_lines(count: int) -> bytes:
    return HEAD + b"".join(b'{"namespace":"a","name":"%d.root"}\n' % number for number in range(count))


async def count_projects(parts: Parts) -> int:
    async with parts.db.connection() as connection:
        return int(await connection.fetchval("SELECT count(*) FROM dispatch.projects"))


async def test_files_come_line_by_line(admin: httpx.AsyncClient, sutler: AsyncClient) -> None:
    second = b'{"namespace":"a b","name":"y:z","fid":"7","size_bytes":5,"attributes":{"n":[1],"t":"\\u00e9"}}\n'
    reply = await admin.post("/projects", content=HEAD + FILE + second, headers=LINES)
    assert reply.status_code == 201, reply.text
    created = reply.json()
    assert created == {**created, "handle_count": 2}
    handles = [line.handle async for line in sutler.stream_handles(created["project_id"])]
    assert [(one.namespace, one.name, one.fid, one.size_bytes, one.attributes) for one in handles] == [
        ("a", "x", None, None, {}),
        ("a b", "y:z", "7", 5, {"n": [1], "t": "é"}),
    ]
    project = await sutler.get_project(created["project_id"])
    assert (project.state, project.total_count, project.initial_count, project.is_virtual) == ("active", 2, 2, True)


async def test_the_last_line_need_not_end(admin: httpx.AsyncClient) -> None:
    reply = await admin.post("/projects", content=(HEAD + FILE).rstrip(), headers=LINES)
    assert reply.json()["handle_count"] == 1


async def test_of_a_file_that_is_named_twice_the_first_mention_stands(
    admin: httpx.AsyncClient, sutler: AsyncClient
) -> None:
    other = FILE.replace(b"}", b',"size_bytes":7}')
    reply = await admin.post("/projects", content=HEAD + FILE + other + FILE.replace(b"x", b"y"), headers=LINES)
    created = reply.json()
    assert created["handle_count"] == 2
    page = await sutler.list_handles(created["project_id"])
    assert [(handle.position, handle.name, handle.size_bytes) for handle in page.items] == [
        (0, "x", None),
        (2, "y", None),
    ]
    assert (await sutler.get_project(created["project_id"])).total_count == 2


async def test_pieces_are_cut_between_lines(
    admin: httpx.AsyncClient, sutler: AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sutler.rest.lines.PIECE_BYTES", 100)
    monkeypatch.setattr("sutler.dispatch.operations.adding.FILES_AT_ONCE", 7)
    text = make_lines(200)

    async def send() -> AsyncIterator[bytes]:
        for start in range(0, len(text), 33):
            yield text[start : start + 33]

    reply = await admin.post("/projects", content=send(), headers=LINES)
    project_id = reply.json()["project_id"]
    assert [line.handle.name async for line in sutler.stream_handles(project_id)] == [f"{n}.root" for n in range(200)]


@pytest.mark.parametrize(
    ("body", "where", "what"),
    [
        (HEAD + FILE + b"{no json\n" + FILE, "line 3", "malformed"),
        (HEAD + b'{"namespace":"a"}\n' + FILE, "line 2", "name"),
        (HEAD + FILE + b'{"namespace":"a","name":7}\n', "line 3", "str"),
        (HEAD + FILE + b'{"namespace":"a","name":"x","colour":1}\n', "line 3", "colour"),
        (HEAD + FILE + b'{"namespace":"a","name":""}\n', "line 3", "1 to 1024 characters"),
        (HEAD + FILE + b'{"namespace":"a","name":"\\u0000"}\n', "line 3", "no NUL"),
        (HEAD + FILE + b'{"namespace":"a","name":"x","size_bytes":-1}\n', "line 3", ">= 0"),
        (HEAD + FILE + b'{"namespace":"a","name":"x","size_bytes":1e30}\n', "line 3", "int"),
        (HEAD + FILE + b'{"namespace":"a","name":"x","attributes":{"n":1e999}}\n', "line 3", ""),
        (HEAD + FILE + b'{"namespace":"a","name":"\xff"}\n', "line 3", ""),
        (HEAD + FILE + b'{"namespace":"a","name":"\\ud800"}\n', "line 3", ""),
        (HEAD + FILE + b'{"namespace":"a","name":"x","fid":"\\u0000"}\n', "line 3", "fid"),
        (HEAD + FILE + b"\n" + FILE, "line 3", "is empty"),
        (HEAD + FILE + FILE.rstrip() + FILE, "line 3", "malformed"),
        (HEAD + FILE + b"[" * 100_000 + b"\n", "line 3", ""),
        (HEAD + FILE + b'"' + b"x" * 3_000_000 + b'"\n' + FILE, "line 3", "is longer than"),
        (b"x" * 2_000_000, "line 1", "is longer than"),
        (b"", "line 1", "is missing"),
        (b"\n" + FILE, "line 1", "is empty"),
        (b"[]\n" + FILE, "line 1", "object"),
        (b'{"experiment":"local","max_attempts":0}\n' + FILE, "line 1", ">= 1"),
        (b'{"experiment":"local","files":[' + FILE.rstrip() + b"]}\n" + FILE, "line 1", "no files"),
        (b'{"experiment":"local","limit":5}\n' + FILE, "line 1", "no files"),
        (b'{"experiment":"local","attributes":{"x":"\\u0000"}}\n' + FILE, "line 1.attributes.x", "cannot be stored"),
        (b'{"experiment":"local","worker_timeout_seconds":-1}\n' + FILE, "worker_timeout_seconds", "must be"),
        (b'{"experiment":"local","users":["nobody"]}\n' + FILE, "users", "there is no user"),
        (make_lines(1001), "files", "more than the 1000"),
    ],
)
async def test_what_is_wrong_is_told_by_its_line_and_nothing_is_saved(
    admin: httpx.AsyncClient, parts: Parts, body: bytes, where: str, what: str
) -> None:
    reply = await admin.post("/projects", content=body, headers=LINES)
    assert reply.status_code == 422, reply.text
    [problem] = reply.json()["problems"]
    assert (problem["where"], what in problem["what"]) == (where, True), problem
    assert await count_projects(parts) == 0


async def test_a_project_without_any_line_of_a_file_is_refused(admin: httpx.AsyncClient) -> None:
    reply = await admin.post("/projects", content=HEAD, headers=LINES)
    assert (reply.status_code, reply.json()["code"]) == (422, "dispatch.empty_project")


async def test_several_lines_that_are_wrong_are_told_at_once(admin: httpx.AsyncClient) -> None:
    reply = await admin.post("/projects", content=HEAD + b"{}\n" + FILE + b"{}\n", headers=LINES)
    assert [problem["where"] for problem in reply.json()["problems"]] == ["line 2", "line 4"]


async def test_of_a_stream_that_is_cut_off_nothing_is_saved(front: ASGIApp, parts: Parts, sutler: AsyncClient) -> None:
    messages: list[Message] = [
        {"type": "http.disconnect"},
        {"type": "http.request", "body": make_lines(50), "more_body": True},
    ]

    async def receive() -> Message:
        return messages.pop()

    async def send(_message: Message) -> None:
        return None

    headers = [
        (b"host", b"sutler.test"),
        (b"authorization", f"Bearer {sutler.token}".encode()),
        (b"content-type", b"application/x-ndjson"),
    ]
    scope = {
        "type": "http",
        "http_version": "1.1",
        "method": "POST",
        "scheme": "http",
        "path": "/api/v1/projects",
        "raw_path": b"/api/v1/projects",
        "query_string": b"",
        "root_path": "",
        "headers": headers,
        "client": ("test", 1),
        "server": ("sutler.test", 80),
    }
    await front(scope, receive, send)
    assert await count_projects(parts) == 0


async def test_whoever_may_not_make_projects_is_refused_before_the_files_are_read(
    stranger: httpx.AsyncClient, sutler: AsyncClient, sutler_of: SutlerOf, parts: Parts
) -> None:
    read = 0

    async def send() -> AsyncIterator[bytes]:
        nonlocal read
        yield HEAD
        for _ in range(1000):
            read += 1
            yield FILE * 1000

    assert (await stranger.post("/projects", content=send(), headers=LINES)).status_code == 401
    await sutler.create_user(NewUser("eve", "eve-password", "Eve"))
    stranger.headers["Authorization"] = f"Bearer {(await sutler_of('eve')).token}"
    assert (await stranger.post("/projects", content=send(), headers=LINES)).status_code == 404
    assert read == 0
    assert await count_projects(parts) == 0


async def test_a_large_document_is_read_too(admin: httpx.AsyncClient, sutler: AsyncClient, parts: Parts) -> None:
    parts.largest_project = 30_000
    files = [{"namespace": "a", "name": f"{number}.root", "attributes": {"n": number}} for number in range(25_000)]
    document = {"experiment": "local", "is_virtual": True, "files": files, "attributes": {"k": 1}}
    body = json.dumps(document)
    assert len(body) > 1024 * 1024
    reply = await admin.post("/projects", content=body, headers={"Content-Type": "application/json"})
    assert reply.status_code == 201, reply.text
    assert reply.json()["handle_count"] == 25_000
    page = await sutler.list_handles(reply.json()["project_id"], limit=2)
    assert [(handle.name, handle.attributes) for handle in page.items] == [("0.root", {"n": 0}), ("1.root", {"n": 1})]
    files[17_000] = {"namespace": "a"}
    reply = await admin.post("/projects", json=document)
    assert [problem["where"] for problem in reply.json()["problems"]] == ["files[17000]"]
    files[17_000] = {"namespace": "a", "name": ""}
    reply = await admin.post("/projects", json=document)
    assert [problem["where"] for problem in reply.json()["problems"]] == ["files[17000]"]
    assert await count_projects(parts) == 1


async def test_a_document_of_unknown_length_is_read(admin: httpx.AsyncClient, parts: Parts) -> None:
    async def send(body: bytes) -> AsyncIterator[bytes]:
        yield body

    headers = {"Content-Type": "application/json"}
    body = b'{"experiment":"local","is_virtual":true,"files":[' + FILE.rstrip() + b"]}"
    assert (await admin.post("/projects", content=send(body), headers=headers)).json()["handle_count"] == 1
    reply = await admin.post("/projects", content=send(body[:-1]), headers=headers)
    assert (reply.status_code, reply.json()["problems"][0]["where"]) == (422, "body")
    reply = await admin.post("/projects", content=send(b'{"experiment":"local"}'), headers=headers)
    assert (reply.status_code, reply.json()["code"]) == (422, "dispatch.empty_project")
    assert await count_projects(parts) == 1


async def test_a_document_that_is_too_large_is_refused(
    admin: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sutler.rest.creation.SMALL_BODY_BYTES", 100)
    monkeypatch.setattr("sutler.rest.creation.LARGEST_DOCUMENT_BYTES", 1000)
    reply = await admin.post("/projects", content=b" " * 1001, headers={"Content-Type": "application/json"})
    assert (reply.status_code, reply.json()["facts"]) == (413, {"limit_bytes": 1000})


async def test_the_client_sends_files_as_they_come(sutler: AsyncClient) -> None:
    new = NewProject("local", is_virtual=True)
    created = await sutler.create_project(new, files=(NewHandle("a", f"{n}.root") for n in range(900)))
    assert created.handle_count == 900

    def find_files() -> Iterable[str | NewHandle]:
        yield "a:first.root"
        yield NewHandle("a", "b:c", size_bytes=1)

    created = await sutler.create_project(new, files=find_files())
    page = await sutler.list_handles(created.project_id)
    assert [(handle.name, handle.size_bytes) for handle in page.items] == [("first.root", None), ("b:c", 1)]


async def test_the_client_is_told_which_line_is_wrong(sutler: AsyncClient, parts: Parts) -> None:
    files = [NewHandle("a", "x"), NewHandle("a", "")]
    with pytest.raises(ClientError, match="line 3"):
        await sutler.create_project(NewProject("local", is_virtual=True), files=files)
    assert await count_projects(parts) == 0
