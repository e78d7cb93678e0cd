"""The query of the catalogue's old protocol, as `ddisp project create` sends it."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest
from tests.conftest import NOON
from tests.doors.compat.conftest import Parts

from sutler import auth, catalog
from sutler.auth import SYSTEM
from sutler.base.did import Did

QUERY = "/metacat/data/query?with_meta=no&with_provenance=no"


@pytest.fixture
async def files(parts: Parts) -> None:
    """Three files of the namespace `test`, two of them in the dataset `test:ds`."""
    await catalog.create_namespace(parts.db, SYSTEM, experiment="local", name="test", owner_role=auth.Role.PRODUCTION)
    await catalog.create_dataset(parts.db, SYSTEM, did=Did("test", "ds"))
    for name, dataset in (("a", Did("test", "ds")), ("b", Did("test", "ds")), ("c", None)):
        file = catalog.NewFile("test", name, 100, {"adler32": "00000001"}, {"core.run": 1}, (), f"fid-{name}")
        await catalog.declare_files(parts.db, SYSTEM, files=[file], dataset=dataset)


async def ask(client: httpx.AsyncClient, query: str, more: str = "", path: str = QUERY) -> list[dict[str, Any]]:
    """Send a query as the client does and read the stream."""
    reply = await client.post(
        f"http://sutler.test{path}{more}", content=query.encode(), headers={"Content-Type": "text/json"}
    )
    assert reply.status_code == 200, reply.text
    assert reply.headers["content-type"] == "application/json-seq"
    return [json.loads(line) for line in reply.text.splitlines()]


@pytest.mark.usefixtures("files")
async def test_files_come_one_a_line(anna: httpx.AsyncClient) -> None:
    found = await ask(anna, "files from test:ds")
    assert found == [
        {
            "fid": f"fid-{name}",
            "namespace": "test",
            "name": name,
            "retired": False,
            "retired_by": None,
            "updated_by": None,
            "retired_timestamp": None,
            "updated_timestamp": None,
            "created_timestamp": NOON.timestamp(),
            "checksums": {"adler32": "00000001"},
            "size": 100,
            "creator": "sutler",
        }
        for name in ("a", "b")
    ]


@pytest.mark.usefixtures("files")
async def test_metadata_namespace_and_the_trimmed_query_are_arguments(anna: httpx.AsyncClient) -> None:
    found = await ask(anna, "files a, b", "&namespace=test&trimquery=files%20a,%20b")
    assert [file["name"] for file in found] == ["a", "b"]
    [first, _] = await ask(anna, "files from test:ds", path="/metacat/local/data/query?with_meta=yes")
    assert first["metadata"] == {"core.run": 1}


@pytest.mark.usefixtures("files")
async def test_nothing_found_is_an_empty_stream_and_no_query_an_empty_list(anna: httpx.AsyncClient) -> None:
    assert await ask(anna, "files from test:ds where core.run = 2") == []
    reply = await anna.post(f"http://sutler.test{QUERY}", content=b" ")
    assert (reply.status_code, reply.json()) == (200, [])


@pytest.mark.usefixtures("files")
async def test_a_query_that_cannot_be_read_is_400_with_the_kind_of_error(anna: httpx.AsyncClient) -> None:
    reply = await anna.post(f"http://sutler.test{QUERY}", content=b"files from where")
    assert reply.status_code == 400
    assert reply.text.startswith("MqlSyntaxError: ")
    reply = await anna.post("http://sutler.test/metacat/data/query?summary=all", content=b"files from test:ds")
    assert (reply.status_code, reply.text) == (400, "summary must be count or keys, not 'all'")
    reply = await anna.post(f"http://sutler.test{QUERY}", content=b"files \xff")
    assert (reply.status_code, reply.text) == (400, "The query is not UTF-8: invalid start byte at byte 6")


async def test_without_a_token_the_catalogue_answers_403(stranger: httpx.AsyncClient) -> None:
    reply = await stranger.post(QUERY, content=b"files from test:ds")
    assert reply.status_code == 403
    assert "Authentication is required: Token not found" in reply.text


@pytest.mark.usefixtures("files")
async def test_many_files_come_in_batches(anna: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sutler.catalog.operations.streaming.FILES_AT_ONCE", 2)
    found = await ask(anna, "union(files from test:ds, files test:c)")
    assert [file["name"] for file in found] == ["a", "b", "c"]


@pytest.mark.usefixtures("files")
async def test_retired_files_come_only_when_asked_for(anna: httpx.AsyncClient, parts: Parts) -> None:
    async with parts.db.connection() as connection:
        await connection.execute("UPDATE catalog.files SET retired_at = now(), retired_by = 'x' WHERE name = 'a'")
    assert [file["name"] for file in await ask(anna, "files from test:ds")] == ["b"]
    both = await ask(anna, "files from test:ds", "&include_retired_files=yes")
    assert [(file["name"], file["retired"], file["retired_by"]) for file in both] == [
        ("a", True, "x"),
        ("b", False, None),
    ]


async def test_the_service_names_its_version_and_realm(stranger: httpx.AsyncClient) -> None:
    assert (await stranger.get("/metacat/data/version")).text == "4.1.5"
    assert (await stranger.get("/metacat/data/realm")).text == "sutler"
