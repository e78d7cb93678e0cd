"""What holds for every route: who passes, what failures look like, what is described."""

from __future__ import annotations

import re

import httpx
import pytest
from fastapi import APIRouter, FastAPI
from fastapi.routing import APIRoute

from sutler.client import AsyncClient
from sutler.rest import OPEN_ROUTES

PROBLEM_FIELDS = {"type", "title", "status", "detail", "code", "facts", "problems", "incident"}


def list_routes(router: APIRouter) -> list[tuple[str, str]]:
    """Every method and path, with something in the place of each parameter."""
    values = {"jti": "7a1f6c0e-0000-4000-8000-000000000000"}
    return [
        (method, re.sub(r"\{(\w+)(:path)?\}", lambda match: values.get(match[1], "7"), route.path))
        for route in router.routes
        if isinstance(route, APIRoute)
        for method in route.methods or ()
    ]


def assert_is_problem(reply: httpx.Response, status: int) -> None:
    assert reply.status_code == status, f"{reply.request.method} {reply.request.url}: {reply.status_code} {reply.text}"
    assert reply.headers["content-type"] == "application/problem+json"
    document = reply.json()
    assert document.keys() == PROBLEM_FIELDS
    assert document["status"] == status
    assert document["title"]
    assert document["detail"]
    assert "." in document["code"]


async def test_every_route_but_the_open_ones_needs_a_token(router: APIRouter, stranger: httpx.AsyncClient) -> None:
    walked = 0
    for method, path in list_routes(router):
        if f"{method} {path}" not in OPEN_ROUTES:
            reply = await stranger.request(method, f"http://sutler.test{path}", content=b"{not even JSON")
            assert_is_problem(reply, 401) if method != "HEAD" else None
            assert reply.status_code == 401
            assert reply.headers["www-authenticate"].startswith("Bearer")
            walked += 1
    assert walked > 60


async def test_the_open_routes_are_the_description_and_signing_in(
    router: APIRouter, stranger: httpx.AsyncClient
) -> None:
    assert {"GET /api/v1/openapi.json", "POST /api/v1/tokens"} == OPEN_ROUTES
    assert {f"{method} {path}" for method, path in list_routes(router)} >= OPEN_ROUTES
    assert (await stranger.get("/openapi.json")).status_code == 200
    assert_is_problem(await stranger.post("/tokens", json={}), 422)


async def test_nobody_gets_through_with_a_token_that_is_wrong_or_in_a_cookie(
    sutler: AsyncClient, stranger: httpx.AsyncClient
) -> None:
    token = sutler.token or ""
    for headers in (
        {"Authorization": "Bearer "},
        {"Authorization": f"Bearer {token[:-3]}abc"},
        {"Authorization": f"Basic {token}"},
        {"Cookie": f"sutler={token}; session={token}"},
    ):
        assert_is_problem(await stranger.get("/whoami", headers=headers), 401)


async def test_every_route_answers_nonsense_with_a_problem_document(
    router: APIRouter, admin: httpx.AsyncClient
) -> None:
    for method, path in list_routes(router):
        if method not in {"POST", "PUT", "PATCH"} or path.endswith(("/{path}", "/launch")):
            continue
        for body in (b"{not JSON", b"[]", b'"text"', b'{"unknown": 1}'):
            reply = await admin.request(
                method, f"http://sutler.test{path}", content=body, headers={"Content-Type": "application/json"}
            )
            assert 400 <= reply.status_code < 500, f"{method} {path}: {reply.status_code} {reply.text}"
            assert_is_problem(reply, reply.status_code)


async def test_things_that_are_not_there_are_problems_with_kind_and_key(admin: httpx.AsyncClient) -> None:
    for path in (
        "/projects/7",
        "/projects/7/handles/1",
        "/campaigns/7",
        "/stages/7",
        "/submissions/7",
        "/submissions/7/files",
        "/submissions/7/outputs",
        "/submissions/7/jobs/1/output",
        "/files/local/none",
        "/fids/none",
        "/datasets/local/none",
        "/experiments/none/members",
        "/rses?experiment=none",
        "/campaigns?experiment=none",
    ):
        reply = await admin.get(path)
        assert_is_problem(reply, 404)
        assert {"kind", "key"} <= reply.json()["facts"].keys(), path


@pytest.mark.parametrize(
    "path", ["/nothing", "/projects/1/2/3/4", "/users/", "/files/onlynamespace", "/files/demo/a%0Ab", "/a%0A"]
)
async def test_an_unknown_address_is_a_problem_document(admin: httpx.AsyncClient, path: str) -> None:
    reply = await admin.get(path)
    assert_is_problem(reply, 404)
    assert reply.json()["code"] == "rest.no_such_route"


async def test_a_wrong_method_names_those_that_are_right(admin: httpx.AsyncClient) -> None:
    reply = await admin.delete("/users")
    assert_is_problem(reply, 405)
    assert reply.headers["allow"] == "GET, POST"


@pytest.mark.parametrize(
    ("path", "where"),
    [
        ("/projects/0", "project_id"),
        ("/projects/many", "project_id"),
        (f"/projects/{2**63}", "project_id"),
        ("/submissions?limit=0", "limit"),
        ("/submissions?limit=1001", "limit"),
        ("/submissions?cursor=bad", "cursor"),
        ("/submissions/1/files?state=tired", "state"),
        ("/tokens/current/7", ""),
    ],
)
async def test_a_bad_parameter_is_named(admin: httpx.AsyncClient, path: str, where: str) -> None:
    reply = await admin.get(path)
    assert_is_problem(reply, 422 if where else 404)
    assert [problem["where"] for problem in reply.json()["problems"]] == ([where] if where else [])


async def test_an_unknown_field_of_a_request_is_refused_and_named(admin: httpx.AsyncClient) -> None:
    reply = await admin.post("/users", json={"username": "eve", "password": "long-enough", "isadmin": True})
    assert_is_problem(reply, 422)
    assert [problem["where"] for problem in reply.json()["problems"]] == ["isadmin"]


async def test_a_defect_shows_an_incident_id_and_nothing_else(
    admin: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    async def fail(*_: object, **__: object) -> None:
        raise KeyError("the secret inside")

    monkeypatch.setattr("sutler.auth.list_users", fail)
    reply = await admin.get("/users")
    assert_is_problem(reply, 500)
    assert "secret" not in reply.text
    assert reply.json()["incident"] in reply.json()["detail"]
    assert reply.json()["incident"] in capsys.readouterr().out


async def test_a_busy_database_says_when_to_come_again(
    admin: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    from sutler.database.errors import DatabaseBusyError

    async def refuse(*_: object, **__: object) -> None:
        raise DatabaseBusyError(reason="test")

    monkeypatch.setattr("sutler.auth.list_users", refuse)
    reply = await admin.get("/users")
    assert_is_problem(reply, 503)
    assert int(reply.headers["retry-after"]) >= 1


async def test_the_description_tells_every_route_its_security_and_its_problems(
    router: APIRouter, stranger: httpx.AsyncClient
) -> None:
    document = (await stranger.get("/openapi.json")).json()
    operations = {
        f"{method.upper()} {path}": operation
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    }
    assert len(operations) >= 60
    for name, operation in operations.items():
        assert bool(operation.get("security")) != (name in OPEN_ROUTES), name
        assert operation["description"], name
        failures = {status: reply for status, reply in operation["responses"].items() if not status.startswith("2")}
        assert {"401", "422", "503"} <= failures.keys(), name
        assert not {"default", "500"} & failures.keys(), name
        for reply in failures.values():
            assert reply["description"], name
            assert list(reply["content"]) == ["application/problem+json"], name
    names = [operation["operationId"] for operation in operations.values()]
    assert len(set(names)) == len(names)


def test_no_application_error_handler_is_needed(application: FastAPI) -> None:
    assert all(status != 500 for status in application.exception_handlers)
