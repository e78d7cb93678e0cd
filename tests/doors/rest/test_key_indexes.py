"""Indexes on metadata keys through the API, the Python client and the command."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator

import httpx
import pytest
from tests.doors.rest.conftest import Parts
from tests.doors.rest.test_commands import Run, address, ok, run, signed_in, surroundings

from sutler import catalog, client
from sutler.auth import SYSTEM
from sutler.client import AsyncClient

__all__ = ["address", "run", "signed_in", "surroundings"]


async def build_all(parts: Parts) -> None:
    while await catalog.build_key_indexes(parts.db):
        pass


@pytest.fixture(autouse=True)
async def without_indexes_afterwards(parts: Parts) -> AsyncIterator[None]:
    """Give up all indexes: tests share the tables."""
    yield
    for one in await catalog.list_indexed_keys(parts.db, SYSTEM):
        await catalog.drop_key_index(parts.db, SYSTEM, key=one.key, kind=one.kind)
    await build_all(parts)


async def test_an_index_is_asked_for_built_and_given_up(sutler: AsyncClient, parts: Parts) -> None:
    asked = await sutler.index_key("core.run", "number", key="once")
    assert (asked.key, asked.kind, asked.state, asked.reason, asked.created_by) == (
        "core.run",
        "number",
        "building",
        "",
        "admin",
    )
    assert await sutler.index_key("core.run", "number", key="once") == asked
    await build_all(parts)
    assert [(one.key, one.state) for one in (await sutler.list_key_indexes()).items] == [("core.run", "ready")]
    assert (await sutler.drop_key_index("core.run", "number")).state == "dropping"
    await build_all(parts)
    assert (await sutler.list_key_indexes()).items == ()


async def test_wishes_and_answers_have_a_status(sutler: AsyncClient, admin: httpx.AsyncClient) -> None:
    reply = await admin.post("/key_indexes", json={"key": "core.run", "kind": "text"})
    assert reply.status_code == 202
    assert (await admin.post("/key_indexes", json={"key": "core.run", "kind": "letters"})).status_code == 422
    assert (await admin.delete("/key_indexes/core.run/letters")).status_code == 422
    with pytest.raises(client.InvalidInputError, match="is not words with dots"):
        await sutler.index_key("run", "number")
    with pytest.raises(client.NotFoundError) as refused:
        await sutler.drop_key_index("core.run", "number")
    assert refused.value.code == "catalog.key_index_not_found"


async def test_it_takes_an_administrator(anna: AsyncClient) -> None:
    with pytest.raises(client.NotPermittedError):
        await anna.list_key_indexes()
    with pytest.raises(client.NotPermittedError):
        await anna.index_key("core.run", "number")
    with pytest.raises(client.NotPermittedError):
        await anna.drop_key_index("core.run", "number")


async def test_the_command_does_the_same(signed_in: Run, parts: Parts) -> None:
    assert "building" in await ok(signed_in("index", "add", "core.run"))
    await ok(signed_in("index", "add", "core.stream", "--kind", "text"))
    await build_all(parts)
    listed = json.loads(await ok(signed_in("index", "list", "--json")))
    assert [(one["key"], one["kind"], one["state"]) for one in listed] == [
        ("core.run", "number", "ready"),
        ("core.stream", "text", "ready"),
    ]
    table = (await ok(signed_in("index", "list"))).splitlines()
    assert table[0].split() == ["KEY", "FOR", "STATE", "SINCE", "ASKED", "BY", "REASON"]
    assert table[1].startswith("core.run     numbers  ready")
    assert "dropping" in await ok(signed_in("index", "drop", "core.stream", "--kind", "text"))
    assert (await signed_in("index", "drop", "core.none")).code == 3
    assert (await signed_in("index", "add", "run")).code == 2
