"""Requests that no route can use: each is answered with a problem document, and nothing of it is saved."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
from fastapi import APIRouter
from fastapi.routing import APIRoute
from tests.doors.rest.conftest import Parts
from tests.doors.rest.test_routes import assert_is_problem

from sutler.client import AsyncClient
from sutler.database import Database
from sutler.rest.bodies import LARGER_BODIES, LARGEST_BODY_BYTES
from sutler.wire.campaigns import NewCampaign, NewJobType, NewLoginSetup, NewStage
from sutler.wire.catalog import NewDataset, NewFile, NewNamespace
from sutler.wire.dispatch import NewHandle, NewProject
from sutler.wire.replicas import NewRse

JSON = {"Content-Type": "application/json"}
UNCOUNTED = {"dispatch.refusals"}
IDS = (0, -1, 2**63 - 1, 2**63, 10**30)

BODIES = {
    "nothing": (b"", JSON),
    "no JSON": (b"{not JSON", JSON),
    "half of it": (b'{"name": "a', JSON),
    "a list": (b"[]", JSON),
    "a text": (b'"text"', JSON),
    "null": (b"null", JSON),
    "a number": (b"1e999", JSON),
    "not UTF-8": (b'{"name": "\xff\xfe"}', JSON),
    "UTF-16": ('{"name": "a"}'.encode("utf-16"), JSON),
    "half a character": (b'{"name": "\\ud800"}', JSON),
    "NUL": (b'{"name": "a\\u0000b"}', JSON),
    "a name twice": (b'{"name": "a", "name": "b"}', JSON),
    "nested deeply": (b"[" * 100_000, JSON),
    "many digits": (b'{"limit": ' + b"9" * 10_000 + b"}", JSON),
    "a form": (b"name=a&experiment=local", {"Content-Type": "application/x-www-form-urlencoded"}),
    "no type": (b'{"name": "a"}', {}),
    "announced as larger than it may be": (b"{}", JSON | {"Content-Length": str(10**12)}),
}
MAY_BE_EMPTY = {f"/api/v1/stages/{{stage_id}}/{end}" for end in ("launch", "rehearsal", "hold", "release")}


@dataclass(frozen=True)
class Route:
    """A route: its method, its address with places for parameters, and whether it reads a body."""

    method: str
    path: str
    has_body: bool

    def fill(self, **values: object) -> str:
        """Return an address of it; what is not given is named like something that is there."""
        known = {"project_id": 1, "position": 0, "number": 1, "jti": "7a1f6c0e-0000-4000-8000-000000000000", "fid": "f"}
        given = {
            "experiment": "local",
            "namespace": "demo",
            "name": "local",
            "username": "anna",
            "kind": "production",
            **known,
            **values,
        }
        return "http://sutler.test" + re.sub(r"\{(\w+)(:\w+)?\}", lambda match: str(given.get(match[1], 1)), self.path)


@pytest.fixture(scope="session")
def routes(router: APIRouter) -> list[Route]:
    """Every route of the door but the one that refuses."""
    return [
        Route(method, route.path, route.body_field is not None)
        for route in router.routes
        if isinstance(route, APIRoute) and route.include_in_schema
        for method in sorted(route.methods or ())
    ]


@pytest.fixture
async def filled(sutler: AsyncClient, anna: AsyncClient, parts: Parts) -> Database:
    """A database with a little of everything, so that there is something to be spoiled."""
    await sutler.create_namespace(NewNamespace("local", "demo"))
    await sutler.create_dataset(NewDataset("demo:local"))
    await sutler.declare_files([NewFile("demo", "local", fid="f")], dataset="demo:local")
    await sutler.create_rse(NewRse("local", "local"))
    await sutler.save_login_setup(NewLoginSetup("local", "here"))
    await sutler.save_job_type(NewJobType("local", "simulate", "/bin/true"))
    stage = NewStage("generate", "simulate", "here", stage_type="generator", unit_count=3)
    await sutler.create_campaign(NewCampaign("local", "spring", {}, (stage,)))
    await sutler.create_project(NewProject("local", (NewHandle("demo", "local"),), is_virtual=True))
    return parts.db


async def count_rows(db: Database) -> dict[str, int]:
    """Return how many rows each table has."""
    async with db.connection() as connection:
        tables = await connection.fetch(
            "SELECT format('%I.%I', schemaname, tablename) AS name FROM pg_tables "
            "WHERE schemaname NOT IN ('pg_catalog', 'information_schema')"
        )
        counts = " UNION ALL ".join(f"SELECT '{row['name']}' AS name, count(*) FROM {row['name']}" for row in tables)
        return {row["name"]: row["count"] for row in await connection.fetch(counts) if row["name"] not in UNCOUNTED}


def changing(routes: list[Route]) -> Iterator[Route]:
    """Yield the routes that read a body."""
    yield from (route for route in routes if route.has_body)


@pytest.mark.parametrize("kind", BODIES)
async def test_a_body_of_the_wrong_kind_is_a_problem_on_every_route_and_changes_nothing(
    admin: httpx.AsyncClient, filled: Database, routes: list[Route], kind: str
) -> None:
    before = await count_rows(filled)
    body, headers = BODIES[kind]
    walked = 0
    for route in changing(routes):
        if kind in {"nothing", "null"} and route.path in MAY_BE_EMPTY:
            continue
        reply = await admin.request(route.method, route.fill(), content=body, headers=headers)
        assert 400 <= reply.status_code < 500, f"{route}: {reply.status_code} {reply.text}"
        assert_is_problem(reply, reply.status_code)
        walked += 1
    assert walked > 25
    assert await count_rows(filled) == before


async def test_a_body_over_the_limit_is_a_problem_on_every_route_and_changes_nothing(
    admin: httpx.AsyncClient, filled: Database, routes: list[Route]
) -> None:
    before = await count_rows(filled)
    body = b'{"name": "' + b"a" * LARGEST_BODY_BYTES + b'"}'
    for route in changing(routes):
        if f"{route.method} {route.path}" in LARGER_BODIES:
            continue
        assert_is_problem(await admin.request(route.method, route.fill(), content=body, headers=JSON), 413)
    assert await count_rows(filled) == before


@pytest.mark.parametrize("number", IDS)
async def test_an_id_of_nothing_is_a_problem_on_every_route_and_changes_nothing(
    admin: httpx.AsyncClient, filled: Database, routes: list[Route], number: int
) -> None:
    before = await count_rows(filled)
    walked = 0
    for route in routes:
        names = re.findall(r"\{(\w+_id|position|number)\}", route.path)
        for name in names:
            reply = await admin.request(
                route.method, route.fill(**{name: number}), content=b"{}", headers=JSON | {"If-Match": '"1"'}
            )
            assert reply.status_code in (404, 422), f"{route} {name}: {reply.status_code} {reply.text}"
            assert_is_problem(reply, reply.status_code)
            assert reply.json()["problems"] or reply.json()["facts"].keys() >= {"kind", "key"}
            walked += 1
    assert walked > 20
    assert await count_rows(filled) == before


async def test_a_name_of_nothing_is_a_problem_on_every_route_and_changes_nothing(
    admin: httpx.AsyncClient, filled: Database, routes: list[Route]
) -> None:
    before = await count_rows(filled)
    for name in ("none", "%C3%A9", "a%0Ab", "%00", "%ED%A0%80", "a%2F..%2Fb", "'; --", "x" * 3000, "%25", "%20"):
        for route in routes:
            for place in re.findall(r"\{(name|username|namespace|experiment|fid|jti)(?::path)?\}", route.path):
                reply = await admin.request(route.method, route.fill(**{place: name}), content=b"{}", headers=JSON)
                assert 400 <= reply.status_code < 500, f"{route} {place}={name}: {reply.status_code} {reply.text}"
                assert_is_problem(reply, reply.status_code)
    assert await count_rows(filled) == before


async def test_fields_of_the_wrong_type_are_named_on_every_route_and_change_nothing(
    admin: httpx.AsyncClient, filled: Database, routes: list[Route], stranger: httpx.AsyncClient
) -> None:
    document = (await stranger.get("/openapi.json")).json()
    before = await count_rows(filled)
    walked = 0
    for route in changing(routes):
        shape = find_shape(document, route)
        for field, schema in shape["properties"].items():
            kinds = {part.get("type") for part in schema.get("anyOf", [schema])}
            if None in kinds and not {"$ref", "enum"} & schema.keys():
                continue
            wrong = {"there": "is no such thing"} if "object" not in kinds else "not an object"
            reply = await admin.request(route.method, route.fill(), json={field: wrong})
            assert_is_problem(reply, 422)
            named = {re.split(r"[.\[]", problem["where"])[0] for problem in reply.json()["problems"]}
            assert field in named, f"{route} {field}: {reply.text}"
            walked += 1
    assert walked > 100
    assert await count_rows(filled) == before


def find_shape(document: Any, route: Route) -> Any:  # noqa: ANN401 - the description as JSON holds it
    """Return the schema of the body of a route."""
    path = re.sub(r":\w+\}", "}", route.path)
    found = re.search(r"#/components/schemas/(\w+)", str(document["paths"][path][route.method.lower()]["requestBody"]))
    assert found
    return document["components"]["schemas"][found[1]]


@pytest.mark.parametrize(
    "token", [b"\xff\xfe", b"a.b.c", b"eyJhbGciOiJub25lIn0.e30.", b"x" * 10_000, b"a b", "é".encode(), b"..", b"\x01"]
)
async def test_a_strange_token_is_nobody_on_every_route(
    stranger: httpx.AsyncClient, routes: list[Route], token: bytes
) -> None:
    for route in routes:
        if route.path != "/api/v1/tokens":
            headers = [(b"Authorization", b"Bearer " + token)]
            assert_is_problem(await stranger.request(route.method, route.fill(), headers=headers), 401)
