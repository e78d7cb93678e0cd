"""Files of the old catalogue protocol that the database writes are those that are made one by one."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest
from tests.doors.compat.conftest import Parts
from tests.doors.compat.metacat.conftest import DATA, Desk

ADLER = b'{"adler32": "0000000a"}'
ODD: dict[str, Any] = {"odd.text": 'a "b"\\\n\u2028 🙂', "odd.large": 10**30, "odd.small": 1.5e-300, "odd.list": [None]}


@pytest.fixture
async def odd(at_anna: Desk, parts: Parts) -> Desk:
    """Anna's files with odd values: without a size, changed, retired, created between two seconds."""
    async with parts.db.connection() as connection:
        await connection.execute(
            "UPDATE catalog.files SET size_bytes = NULL, metadata = $1, created_at = '2001-02-03 04:05:06.0701+00',"
            " created_by = 'Zoë \"x\"' WHERE fid = 'fid-a'",
            ODD,
        )
        await connection.execute(
            "UPDATE catalog.files SET updated_at = '1999-12-31 23:59:59.999999+00', updated_by = 'ü\n',"
            " retired_at = '1970-01-01+00', retired_by = 'me' WHERE fid = 'fid-b'"
        )
    return at_anna


async def read(desk: Desk, query: str, **arguments: str) -> bytes:
    reply = await desk.client.post(
        f"{DATA}/query", content=query.encode(), params={"include_retired_files": "yes", **arguments}
    )
    assert reply.status_code == 200, reply.text
    return reply.content


def decode(lines: bytes) -> list[dict[str, Any]]:
    return [json.loads(line) for line in lines.split(b"\n") if line]


@pytest.mark.parametrize("query", ["files from lab:all", "fids fid-a, fid-b, fid-c", "children(fids fid-a)"])
@pytest.mark.parametrize("with_meta", ["no", "yes"])
async def test_a_query_says_the_same_with_and_without_relatives(odd: Desk, query: str, with_meta: str) -> None:
    written = decode(await read(odd, query, with_meta=with_meta))
    expected = decode(await read(odd, query, with_meta=with_meta, with_provenance="yes"))
    assert written
    for one in expected:
        del one["parents"], one["children"]
    assert written == expected
    assert [list(one) for one in written] == [list(one) for one in expected]
    if with_meta == "no":
        encoded = b"".join(msgspec.json.encode(one) + b"\n" for one in expected)
        assert encoded == (await read(odd, query)).replace(ADLER, ADLER.replace(b" ", b""))


@pytest.mark.parametrize("with_metadata", ["no", "yes"])
async def test_the_files_of_a_dataset_are_written_like_those_of_a_query(odd: Desk, with_metadata: str) -> None:
    arguments = {"dataset": "lab:all", "include_retired_files": "yes", "with_metadata": with_metadata}
    listed = decode((await odd.get("dataset_files", **arguments)).content)
    found = decode(await read(odd, "files from lab:all", with_meta=with_metadata))
    assert {one["fid"]: one for one in listed} == {one["fid"]: one for one in found}
    assert len(listed) == 3
    instants = {one["fid"]: one["created_timestamp"] for one in listed}
    assert instants["fid-a"] == 981173106.0701
    assert all(isinstance(at, float) for at in instants.values())
