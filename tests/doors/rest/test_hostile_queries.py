"""What the door answers to queries that are too much: at once, in few words, and with a place where there is one."""

from __future__ import annotations

from collections.abc import AsyncIterator

import httpx
import pytest
from tests.doors.rest.conftest import Parts
from tests.doors.rest.test_routes import assert_is_problem
from tests.server import ServerUnderTest

from sutler import catalog
from sutler.auth import SYSTEM
from sutler.client import AsyncClient
from sutler.database import Database
from sutler.wire.catalog import NewNamespace

MEGABYTE = 1_000_000
SLOW = r"files where name ~ '^(x+)(x+)\1\2\1\2[0-9]+$'"
"""There is no way to cut 301 letters into three equal parts: all are tried."""


@pytest.fixture
async def hasty(
    sutler: AsyncClient, parts: Parts, migrated: ServerUnderTest, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[None]:
    """A server that gives queries five milliseconds, and files over whose names they take longer."""
    await sutler.create_namespace(NewNamespace("local", "demo", "", "production"))
    names = ["x" * 301 + str(number) for number in range(50)]
    await catalog.declare_files(parts.db, SYSTEM, files=[catalog.NewFile("demo", name, 1) for name in names])
    settings = {"sutler.query_timeout": "5ms"}
    db = await Database.open(migrated.connect, size=2, clock=parts.db.clock, settings=settings)
    monkeypatch.setattr(parts, "db", db)
    yield
    await db.close()


@pytest.mark.usefixtures("hasty")
@pytest.mark.parametrize("path", ["/files", "/files/count", "/files/keys", "/files/stream"])
async def test_a_query_that_takes_too_long_is_answered_with_advice(admin: httpx.AsyncClient, path: str) -> None:
    reply = await admin.get(path, params={"q": SLOW})
    assert_is_problem(reply, 429)
    assert reply.json()["code"] == "catalog.query_too_slow"
    assert "Narrow it" in reply.json()["detail"]
    # A busy machine may take its 5 ms for this one, too.
    after = [(await admin.get("/files", params={"q": "files limit 1"})).status_code for _ in range(20)]
    assert 200 in after


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("union(" + ", ".join(f"fids f{number:05}" for number in range(MEGABYTE // 13)) + ")", "catalog.mql_syntax"),
        ("(" * MEGABYTE, "catalog.mql_syntax"),
        ("files where core.run = " + "9" * MEGABYTE, "catalog.mql_syntax"),
        ("files where name ~ '" + "(a|b)" * (MEGABYTE // 6) + "'", "catalog.unreadable_query"),
        ("files where core.x ~ '" + "a?" * (MEGABYTE // 3) + "'", "catalog.unreadable_query"),
        (f"files where {'x' * MEGABYTE} = 1", "catalog.mql_meaning"),
    ],
    ids=lambda text: text[:24],
)
@pytest.mark.parametrize("path", ["/files/query", "/files/stream"])
async def test_a_query_of_a_megabyte_is_answered_in_few_words(
    admin: httpx.AsyncClient, path: str, query: str, code: str
) -> None:
    reply = await admin.post(path, json={"query": query})
    assert reply.status_code in {400, 422}
    assert reply.json()["code"] == code
    assert len(reply.content) < 2000


async def test_a_query_larger_than_a_body_may_be_is_refused_unread(admin: httpx.AsyncClient) -> None:
    assert_is_problem(await admin.post("/files/query", json={"query": "x" * (2 * MEGABYTE)}), 413)
