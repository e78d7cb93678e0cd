"""Taking results along as Parquet, and keys that are offered as columns."""

from __future__ import annotations

import io
import json
import sys

import httpx
import pytest
from pyarrow import parquet
from tests.doors.pages.browser import Browser
from tests.integration.campaigns.scene import Scene

from sutler import catalog
from sutler.base.did import Did
from sutler.catalog import NewFile

QUERY = "files from nova:raw"


async def test_results_are_taken_along_as_parquet(producer: Browser) -> None:
    page = await producer.get(f"search?q={QUERY}&columns=core.number")
    assert "&amp;format=parquet" in page.text
    reply = await producer.get(f"search/export?q={QUERY}&columns=core.number,core.none&format=parquet")
    assert reply.headers["content-type"] == "application/vnd.apache.parquet"
    assert reply.headers["content-disposition"] == 'attachment; filename="files.parquet"'
    table = parquet.read_table(io.BytesIO(reply.content))
    assert sorted(table["core.number"].to_pylist()) == list(range(10))
    assert table["core.none"].null_count == 10
    assert table.column_names[:3] == ["namespace", "name", "fid"]


async def test_without_columns_all_metadata_are_taken_along(producer: Browser) -> None:
    reply = await producer.get(f"search/export?q={QUERY} where core.number = 4&format=parquet")
    table = parquet.read_table(io.BytesIO(reply.content))
    assert json.loads(table["metadata"].to_pylist()[0])["core.number"] == 4
    wrong = await producer.get("search/export?q=files frm&format=parquet")
    assert (wrong.status_code, "text/html" in wrong.headers["content-type"]) == (422, True)
    assert (await producer.get(f"search/export?q={QUERY}&format=xls")).status_code == 422


async def test_a_server_without_pyarrow_says_what_its_administrator_can_install(
    producer: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    reply = await producer.get(f"search/export?q={QUERY}&format=parquet")
    assert reply.status_code == 501
    assert "pip install &#39;sutler[arrow]&#39;" in reply.text


@pytest.mark.parametrize(
    ("text", "typed", "words"),
    [
        ("", "", ["core.first", "core.number", "core.second"]),
        ("core.n", "core.n", ["core.number"]),
        ("core.number, core.", "core.", ["core.first", "core.second"]),
        ("core.number core.second,", "", ["core.first"]),
        ("core.number", "core.number", []),
        ("nothing.like", "nothing.like", []),
    ],
)
async def test_keys_of_the_files_are_offered_as_columns(
    producer: Browser, scene: Scene, text: str, typed: str, words: list[str]
) -> None:
    new = NewFile("nova", "more", 1, metadata={"core.first": 1, "core.second": "b", "core.number": 3})
    await catalog.declare_files(scene.db, scene.producer, files=[new], dataset=Did("nova", "raw"))
    parameters = {"text": text, "q": f"{QUERY} where core.", "field": "columns"}
    reply = await producer.get(str(httpx.URL("search/words", params=parameters)))
    assert reply.status_code == 200
    assert reply.json()["typed"] == typed
    assert [item["text"] for item in reply.json()["items"]] == words


async def test_without_a_dataset_keys_of_any_files_are_offered(producer: Browser) -> None:
    for query in ("", "files from nova:nosuch", "'"):
        parameters = {"text": "core.n", "q": query, "field": "columns"}
        reply = await producer.get(str(httpx.URL("search/words", params=parameters)))
        expected = [] if "nosuch" in query else ["core.number"]
        assert [item["text"] for item in reply.json()["items"]] == expected
