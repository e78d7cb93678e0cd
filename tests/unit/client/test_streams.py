"""Files of a new project, sent as they come."""

from __future__ import annotations

import json
from collections.abc import Iterator

import httpx
import pytest

from sutler.client import AsyncClient
from sutler.wire.dispatch import NewHandle, NewProject

CREATED = {"project_id": 1, "share_id": 2, "handle_count": 3}


def connect(handler: httpx.MockTransport) -> AsyncClient:
    return AsyncClient("http://sutler.test", token="t", transport=handler)


async def test_the_first_line_is_the_project_and_each_other_one_a_file() -> None:
    seen: list[httpx.Request] = []

    async def answer(request: httpx.Request) -> httpx.Response:
        await request.aread()
        seen.append(request)
        return httpx.Response(201, json=CREATED)

    new = NewProject("local", files=(NewHandle("not", "sent"),), attributes={"k": "\u00e9\n"})
    async with connect(httpx.MockTransport(answer)) as client:
        created = await client.create_project(new, files=["a:x", NewHandle("a", "y:z", size_bytes=1)])
    assert created.handle_count == 3
    [request] = seen
    assert request.headers["content-type"] == "application/x-ndjson"
    head, first, second = [json.loads(line) for line in request.content.splitlines()]
    assert (head["experiment"], head["attributes"], "files" in head) == ("local", {"k": "\u00e9\n"}, False)
    assert first == {"namespace": "a", "name": "x"}
    assert (second["name"], second["size_bytes"]) == ("y:z", 1)


async def test_files_that_end_with_an_error_end_the_call_with_it() -> None:
    async def answer(request: httpx.Request) -> httpx.Response:
        await request.aread()
        raise AssertionError("the body has no end")

    def find_files() -> Iterator[str]:
        yield "a:x"
        raise KeyError("no more")

    async with connect(httpx.MockTransport(answer)) as client:
        with pytest.raises(KeyError, match="no more"):
            await client.create_project(NewProject("local"), files=find_files())
