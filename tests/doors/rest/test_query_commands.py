"""The commands that ask in MQL, against the API over a real socket."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.doors.rest.test_commands import Run, address, ok, run, signed_in, surroundings

__all__ = ["address", "run", "signed_in", "surroundings"]

ALL = "files from demo:all"


@pytest.fixture
async def filled(signed_in: Run, tmp_path: Path) -> Run:
    """Commands of `admin`, with three files in demo:all."""
    await ok(signed_in("namespace", "create", "demo", "--owner-role", "production"))
    await ok(signed_in("dataset", "create", "demo:all"))
    files = [
        {"namespace": "demo", "name": f"{n}", "fid": f"fid{n}", "size_bytes": 1000, "metadata": {"demo.n": n}}
        for n in (1, 2, 3)
    ]
    files[2]["parents"] = ["demo:1"]
    (tmp_path / "files.json").write_text(json.dumps(files))
    await ok(signed_in("file", "declare", "files.json", "--dataset", "demo:all"))
    return signed_in


async def test_a_query_is_told_in_many_ways(filled: Run) -> None:
    assert "demo:2" in await ok(filled("files", "files 2", "--namespace", "demo"))
    assert (await ok(filled("files", ALL, "--tell", "count"))).strip() == "3"
    assert (await ok(filled("files", ALL, "--count"))).strip() == "3"
    assert (await ok(filled("files", ALL, "--tell", "size"))).startswith("3 files, 3")
    assert json.loads(await ok(filled("files", ALL, "--count", "--json"))) == {"count": 3, "size_bytes": 3000}
    assert (await ok(filled("files", ALL, "--tell", "keys"))).split() == ["demo.n"]
    assert json.loads(await ok(filled("files", ALL, "--tell", "keys", "--json"))) == ["demo.n"]
    assert (await ok(filled("files", ALL, "--tell", "all"))).split() == ["demo:1", "demo:2", "demo:3"]
    lines = (await ok(filled("files", f"{ALL} limit 1", "--tell", "all", "--json"))).splitlines()
    assert [json.loads(line)["children"] for line in lines] == [["fid3"]]
    assert "fid1" in await ok(filled("files", "fids fid3", "--provenance"))
    await ok(filled("file", "retire", "demo:2"))
    assert (await ok(filled("files", ALL, "--count"))).strip() == "2"
    assert (await ok(filled("files", ALL, "--count", "--retired"))).strip() == "3"


async def test_a_query_is_explained(filled: Run) -> None:
    told = await ok(filled("files", f"{ALL} where demo.n = 2", "--tell", "plan"))
    assert told.startswith("where demo.n = 2\n  files from demo:all\n\nthe files, about ")
    assert '  $1 = "demo"' in told
    found = json.loads(await ok(filled("files", ALL, "--tell", "plan", "--json")))
    assert found["outline"] == ALL
    wrong = await filled("files", "filter strid(2)(files)", "--tell", "plan")
    assert (wrong.code, "Did you mean 'stride'?" in wrong.err) == (2, True)


async def test_datasets_and_named_queries_are_searched(filled: Run) -> None:
    assert "demo:all" in await ok(filled("datasets", "datasets matching demo:*"))
    lines = (await ok(filled("datasets", "datasets demo:all", "--relatives", "--json"))).splitlines()
    assert [(json.loads(line)["name"], json.loads(line)["children"]) for line in lines] == [("all", [])]
    assert "ABOVE" in await ok(filled("datasets", "datasets demo:all", "--relatives"))
    assert (await ok(filled("queries"))).count("demo:") == 0
    assert json.loads(await ok(filled("queries", "queries matching demo:*", "--json"))) == []
    assert (await filled("datasets", "files")).code == 2
