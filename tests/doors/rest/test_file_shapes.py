"""Files that the database writes as lines are, byte by byte, those that are made one by one."""

from __future__ import annotations

import json
from typing import Any

import httpx
import msgspec
import pytest
from tests.doors.rest.conftest import Parts

from sutler.client import AsyncClient
from sutler.wire import catalog as wire_catalog
from sutler.wire import queries as wire
from sutler.wire.catalog import NewDataset, NewFile, NewNamespace

ODD: dict[str, Any] = {
    "odd.quotes": "he said \"a\\b\" and 'c'",
    "odd.lines": "one\ntwo\r\n\tthree\x01\x7f\u2028",
    "odd.unicode": "Größe 中文 🙂 </script>",
    "odd.large": 12345678901234567890123456789,
    "odd.small": -1.5e-300,
    "odd.float": 0.1,
    "odd.nested": {"a": [1, None, True, {"b": ""}], "": []},
    "odd.empty": "",
    'odd."key"\\': 1,
}
ADLER = b'{"adler32": "0000000a"}'
QUERIES = ("files", "files from demo:odd", "children(files)", "files where odd.float = 0.1", "fids fid0, fid2")


@pytest.fixture
async def odd(sutler: AsyncClient, parts: Parts) -> AsyncClient:
    """Three files with odd values: one without size and with strange people, one that was changed and retired."""
    await sutler.create_namespace(NewNamespace("local", "demo", "", "production"))
    await sutler.create_dataset(NewDataset("demo:odd"))
    files = [
        NewFile("demo", "a/b-c_d.e", None, {"adler32": "0000000a"}, ODD, fid="fid0"),
        NewFile("demo", "plain", 2**62, {}, {}, parents=("demo:a/b-c_d.e",), fid="fid1"),
        NewFile("demo", "retired", 0, {}, {"odd.float": 0.1}, parents=("demo:plain",), fid="fid2"),
    ]
    await sutler.declare_files(files, dataset="demo:odd")
    async with parts.db.connection() as connection:
        await connection.execute(
            "UPDATE catalog.files SET created_at = '1970-01-01 00:00:00.000001+00', created_by = 'Zoë \"x\\y\"'"
            " WHERE fid = 'fid0'"
        )
        await connection.execute(
            "UPDATE catalog.files SET created_at = '2038-01-19 03:14:08+00', updated_at = '1999-12-31 23:59:59.12+00',"
            " updated_by = 'ü\n', retired_at = '9999-12-31 23:59:59.999999+00', retired_by = 'me' WHERE fid = 'fid2'"
        )
    return sutler


async def read(client: httpx.AsyncClient, path: str, query: str, **arguments: str | int) -> bytes:
    reply = await client.get(path, params={"q": query, "include_retired": True, **arguments})
    assert reply.status_code == 200, reply.text
    return reply.content


def without_relatives(document: dict[str, Any]) -> dict[str, Any]:
    return document | {"parents": None, "children": None}


@pytest.mark.usefixtures("odd")
@pytest.mark.parametrize("query", QUERIES)
@pytest.mark.parametrize("with_metadata", [False, True])
async def test_a_stream_says_the_same_with_and_without_relatives(
    admin: httpx.AsyncClient, query: str, *, with_metadata: bool
) -> None:
    made = await read(admin, "/files/stream", query, with_metadata=with_metadata, with_provenance=True)
    written = await read(admin, "/files/stream", query, with_metadata=with_metadata)
    expected = [without_relatives(json.loads(line)) for line in made.split(b"\n") if line]
    assert expected
    assert [json.loads(line) for line in written.split(b"\n") if line] == expected
    files = msgspec.json.Decoder(wire.FoundFile).decode_lines(written)
    if not with_metadata:
        assert msgspec.json.Encoder().encode_lines(files) == written.replace(ADLER, ADLER.replace(b" ", b""))


@pytest.mark.usefixtures("odd")
@pytest.mark.parametrize("query", QUERIES)
@pytest.mark.parametrize("with_metadata", [False, True])
async def test_a_list_says_the_same_with_and_without_relatives(
    admin: httpx.AsyncClient, query: str, *, with_metadata: bool
) -> None:
    made = json.loads(await read(admin, "/files", query, with_metadata=with_metadata, with_provenance=True))
    written = await read(admin, "/files", query, with_metadata=with_metadata)
    assert json.loads(written) == made | {"items": [without_relatives(item) for item in made["items"]]}
    assert made["items"]
    if not with_metadata:
        items = [wire_catalog.FileReference(**item) for item in json.loads(written)["items"]]
        assert msgspec.json.encode({"items": items, "next_cursor": None}) == written


@pytest.mark.usefixtures("odd")
async def test_a_list_in_many_parts_is_one_list(admin: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = await read(admin, "/files", "files")
    monkeypatch.setattr("sutler.catalog.operations.lines.MOST_LINES", 1)
    assert await read(admin, "/files", "files") == whole
    assert len(json.loads(whole)["items"]) == 3
    assert json.loads(await read(admin, "/files", "files demo:nosuch")) == {"items": [], "next_cursor": None}
    assert len(json.loads(await read(admin, "/files", "files", limit=2))["items"]) == 2
