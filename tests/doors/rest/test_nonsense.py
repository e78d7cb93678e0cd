"""Values that no database could hold are refused with their place, on every route."""

from __future__ import annotations

import httpx
import pytest
from tests.doors.rest.test_routes import assert_is_problem

from sutler.client import AsyncClient
from sutler.wire.dispatch import NewHandle, NewProject

NUL = '"\\u0000"'
BIG = str(2**70)
NEXT = '"worker_id": "w", "request_id": "3f0c3a52-7d36-4a0e-9a55-0f6f3b9d7c11"'


@pytest.mark.parametrize(
    "path", ["/campaigns?name=%00", "/projects?owner=%00", "/experiments/%00/members", "/files?q=%00", "/fids/a%00"]
)
async def test_a_nul_in_an_address_is_refused(admin: httpx.AsyncClient, path: str) -> None:
    reply = await admin.get(path)
    assert_is_problem(reply, 422)
    assert reply.json()["problems"][0]["where"] in {"path", "query"}


@pytest.mark.parametrize(
    ("path", "body", "where"),
    [
        ("/projects/{}/next", f'{{{NEXT}, "site": {NUL}}}', "body.site"),
        ("/projects/{}/next", f'{{{NEXT}, "share_id": {BIG}}}', "share_id"),
        ("/projects/{}/next", f'{{{NEXT}, "wait_seconds": NaN}}', "body.wait_seconds"),
        ("/attempts/renew", f'{{"worker_id": "w", "attempt_ids": [{BIG}]}}', "attempt_ids[0]"),
        ("/attempts/done", f'{{"worker_id": "w", "attempt_ids": [{BIG}]}}', "attempt_ids[0]"),
        ("/attempts/done", '{"worker_id": "w", "attempt_ids": [1], "measures": {"a": [1e999]}}', "body.measures.a[0]"),
        ("/attempts/failed", '{"worker_id": "w", "attempt_ids": [1], "reason": "a\\ud800b"}', "body.reason"),
        ("/tokens", f'{{"username": "admin", "password": {NUL}}}', "body.password"),
        ("/users", f'{{"username": "eve", "password": "long-enough", "display_name": {NUL}}}', "body.display_name"),
        ("/campaigns", f'{{"experiment": "local", "name": "a", "keywords": {{"k": {NUL}}}}}', "body.keywords.k"),
        ("/rses", f'{{"experiment": "local", "name": "a", "preference": {BIG}}}', "preference"),
        ("/projects", f'{{"experiment": "local", "query": "x", "max_attempts": {BIG}}}', "max_attempts"),
        (
            "/projects",
            f'{{"experiment": "local", "files": [{{"namespace": "a", "name": "b", "size_bytes": {BIG}}}]}}',
            "files[0].size_bytes",
        ),
    ],
)
async def test_a_value_in_a_body_is_refused_with_its_place(
    admin: httpx.AsyncClient, sutler: AsyncClient, path: str, body: str, where: str
) -> None:
    created = await sutler.create_project(NewProject("local", (NewHandle("demo", "a"),), is_virtual=True))
    reply = await admin.post(
        path.format(created.project_id), content=body, headers={"Content-Type": "application/json"}
    )
    assert_is_problem(reply, 422)
    assert [problem["where"] for problem in reply.json()["problems"]] == [where]


async def test_characters_of_two_halves_are_fine(sutler: AsyncClient, admin: httpx.AsyncClient) -> None:
    body = '{"name": "nova", "full_name": "\\ud83d\\ude00"}'
    reply = await admin.post("/experiments", content=body, headers={"Content-Type": "application/json"})
    assert reply.status_code == 201
    assert reply.json()["full_name"] == "😀"
