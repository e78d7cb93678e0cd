"""Queries through the API: lists, streams, sums, keys, explanations, and searches for datasets and named queries."""

from __future__ import annotations

import json

import httpx
import pytest
from tests.doors.rest.conftest import Parts

from sutler import catalog, client
from sutler.auth import SYSTEM
from sutler.base.did import Did
from sutler.client import AsyncClient
from sutler.wire.catalog import NewDataset, NewFile, NewNamespace

RAW = "files from demo:raw"


@pytest.fixture
async def demo(sutler: AsyncClient, parts: Parts) -> AsyncClient:
    """Six files in `demo:raw`, the first of them the parent of `demo:reco`, and a named query."""
    await sutler.create_namespace(NewNamespace("local", "demo", "", "production"))
    await sutler.create_dataset(NewDataset("demo:raw", "", {"ds.kind": "raw"}))
    await sutler.create_dataset(NewDataset("demo:all"))
    await catalog.add_child_dataset(parts.db, SYSTEM, parent=Did("demo", "all"), child=Did("demo", "raw"))
    for number in range(6):
        await sutler.declare_files(
            [NewFile("demo", f"f{number}", 100 + number, {}, {"demo.run": number}, fid=f"fid{number}")],
            dataset="demo:raw",
        )
    await sutler.declare_files([NewFile("demo", "reco", 7, metadata={"demo.x": 1}, parents=("demo:f0",), fid="reco")])
    await catalog.save_query(parts.db, SYSTEM, namespace="demo", name="late", source=f"{RAW} where demo.run > 3")
    return sutler


async def test_a_list_comes_with_what_was_asked_for(demo: AsyncClient) -> None:
    query = "f0, reco"
    found = (await demo.query_files(f"files {query}", namespace="demo", with_provenance=True)).items
    assert [(one.name, one.parents, one.children, one.metadata) for one in found] == [
        ("f0", (), ("reco",), None),
        ("reco", ("fid0",), (), None),
    ]
    assert [one.name for one in (await demo.query_files("filter mix(1, 2)(fids reco, files from demo:raw)")).items] == [
        "f0",
        "reco",
        "f1",
        "f2",
    ]


async def test_a_sum_keys_and_retired_files(demo: AsyncClient, parts: Parts) -> None:
    summary = await demo.summarize_files(RAW)
    assert (summary.count, summary.size_bytes) == (6, 615)
    assert await demo.list_metadata_keys("files") == ("demo.run", "demo.x")
    await catalog.retire_file(parts.db, SYSTEM, key="fid5", retire=True)
    assert await demo.count_files(RAW) == 5
    assert (await demo.summarize_files(RAW, include_retired=True)).count == 6
    assert len((await demo.query_files(RAW, include_retired=True)).items) == 6
    assert (await demo.summarize_files("files selected by late", namespace="demo")).count == 1


async def test_all_files_come_as_a_stream(demo: AsyncClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sutler.catalog.operations.streaming.FILES_AT_ONCE", 2)
    streamed = [one async for one in demo.stream_files(RAW, with_provenance=True)]
    assert [(one.fid, one.metadata, one.children) for one in streamed[:2]] == [
        ("fid0", {"demo.run": 0}, ("reco",)),
        ("fid1", {"demo.run": 1}, ()),
    ]
    assert [one.size_bytes for one in streamed] == [100, 101, 102, 103, 104, 105]
    assert {(one.experiment, one.created_by) for one in streamed} == {("local", "admin")}
    bare = [one async for one in demo.stream_files(f"{RAW} limit 1", with_metadata=False)]
    assert (bare[0].metadata, bare[0].parents) == (None, None)
    assert [one async for one in demo.stream_files("fids nosuch")] == []


async def test_a_stream_is_lines_of_json_by_get_too(demo: AsyncClient, admin: httpx.AsyncClient) -> None:
    reply = await admin.get("/files/stream", params={"q": f"{RAW} limit 2"})
    assert reply.headers["content-type"].startswith("application/x-ndjson")
    assert [json.loads(line)["fid"] for line in reply.text.splitlines()] == ["fid0", "fid1"]
    listed = (await demo.query_files(f"{RAW} limit 2")).items
    assert [one.fid for one in listed] == ["fid0", "fid1"]


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("files frm demo:raw", "catalog.mql_syntax"),
        ("files where name ~ 'a['", "catalog.unreadable_query"),
        ("files selected by demo:nosuch", "catalog.mql_meaning"),
        ("datasets demo:raw", "catalog.mql_meaning"),
    ],
)
async def test_a_stream_that_cannot_begin_is_refused_with_its_own_status(
    demo: AsyncClient, query: str, code: str
) -> None:
    with pytest.raises(client.InvalidInputError) as refused:
        await anext(demo.stream_files(query))
    assert refused.value.code == code


async def test_a_long_query_is_posted(demo: AsyncClient) -> None:
    query = "fids " + ", ".join([f"fid{number}" for number in range(6)] + [f"nosuch{n}" for n in range(20_000)])
    assert len((await demo.query_files(query)).items) == 6
    assert (await demo.summarize_files(query)).count == 6
    assert await demo.list_metadata_keys(query) == ("demo.run",)
    assert len([one async for one in demo.stream_files(query)]) == 6
    assert (await demo.explain_query(query)).outline.startswith("files by id: fid0, fid1, fid2, fid3, fid4 and 20001 m")


async def test_an_explanation_is_for_people(demo: AsyncClient) -> None:
    found = await demo.explain_query("files selected by late limit 3", namespace="demo")
    assert found.outline == (
        "limit 3\n  files selected by demo:late\n    where demo.run > 3\n      files from demo:raw"
    )
    (one,) = found.statements
    assert one.purpose == "the files"
    assert '"demo"' in one.parameters
    assert one.estimated_rows >= 1


async def test_datasets_and_named_queries_are_searched(demo: AsyncClient, admin: httpx.AsyncClient) -> None:
    found = [one async for one in demo.stream_datasets("datasets matching demo:*", with_relatives=True)]
    assert [(one.name, one.file_count, one.parents, one.children) for one in found] == [
        ("all", 0, (), ("demo:raw",)),
        ("raw", 6, ("demo:all",), ()),
    ]
    reply = await admin.get("/datasets/stream", params={"q": "datasets demo:raw having ds.kind = raw"})
    assert [json.loads(line)["metadata"] for line in reply.text.splitlines()] == [{"ds.kind": "raw"}]
    assert json.loads(reply.text)["parents"] is None
    [query] = (await demo.search_queries("queries matching demo:l*")).items
    assert (query.namespace, query.name, query.experiment) == ("demo", "late", "local")
    assert (await demo.search_queries("queries where name = none")).items == ()
