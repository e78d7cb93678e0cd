"""Tables of files through the API and the Python client: Arrow, Parquet, pandas."""

from __future__ import annotations

import io
import json
import sys
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from typing import Any

import httpx
import pandas as pd
import pyarrow as pa
import pytest
from pyarrow import parquet

from sutler import client
from sutler.client import AsyncClient
from sutler.wire.catalog import NewDataset, NewFile, NewNamespace

RAW = "files from demo:raw"


@pytest.fixture
async def demo(sutler: AsyncClient) -> AsyncClient:
    """Seven files in `demo:raw`; the values of the last do not fit what those of the others suggest."""
    await sutler.create_namespace(NewNamespace("local", "demo", "", "production"))
    await sutler.create_dataset(NewDataset("demo:raw"))
    files: list[dict[str, Any]] = [
        {
            "demo.run": number,
            "demo.mass": number + 0.5,
            "demo.stream": "physics",
            "demo.good": number > 1,
            "demo.runs": [number],
            "demo.any": {"a": number},
        }
        for number in range(6)
    ]
    files.append({"demo.run": "last", "demo.mass": 7, "demo.good": None})
    new = [
        NewFile("demo", f"f{number}", 100 + number, {}, metadata, fid=f"fid{number}")
        for number, metadata in enumerate(files)
    ]
    await sutler.declare_files(new, dataset="demo:raw")
    return sutler


@pytest.fixture
def small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    """Three files come at a time."""
    monkeypatch.setattr("sutler.catalog.operations.streaming.FILES_AT_ONCE", 3)


ALL = ("demo.run", "demo.mass", "demo.stream", "demo.good", "demo.runs", "demo.any", "demo.none")


@pytest.mark.usefixtures("small_batches")
async def test_columns_have_types_of_the_first_files_and_what_does_not_fit_is_counted(demo: AsyncClient) -> None:
    with pytest.warns(client.ColumnMisfitWarning, match="1 value of demo.run did not fit") as warned:
        table = await demo.query_table(RAW, columns=ALL)
    assert [one.filename for one in warned] == [__file__]
    assert table.schema.types[:6] == [pa.utf8()] * 3 + [pa.int64(), pa.timestamp("us", tz="UTC"), pa.utf8()]
    expected = [pa.int64(), pa.float64(), pa.utf8(), pa.bool_(), pa.list_(pa.int64()), pa.utf8(), pa.utf8()]
    assert table.schema.types[6:] == expected
    assert table.column_names == ["namespace", "name", "fid", "size_bytes", "created_at", "created_by", *ALL]
    assert table["demo.run"].to_pylist() == [0, 1, 2, 3, 4, 5, None]
    assert table["demo.mass"].to_pylist() == [0.5, 1.5, 2.5, 3.5, 4.5, 5.5, 7.0]
    assert table["demo.runs"].to_pylist() == [[0], [1], [2], [3], [4], [5], None]
    assert table["demo.any"].to_pylist()[0] == '{"a":0}'
    assert table["demo.none"].null_count == 7
    assert table["created_at"].to_pylist()[0] == datetime(2026, 3, 1, 12, tzinfo=UTC)
    assert json.loads(table.schema.metadata[b"sutler.misfits"]) == {"demo.run": 1}
    marks = table.schema.field("demo.run").metadata
    assert marks == {b"sutler.type": b"int64", b"sutler.chosen_by": b"first files"}


async def test_types_that_are_asked_for_hold(demo: AsyncClient) -> None:
    table = await demo.query_table(RAW, columns=["demo.run:json", "demo.mass:float64"])
    assert table["demo.run"].to_pylist() == ["0", "1", "2", "3", "4", "5", '"last"']
    assert table.schema.field("demo.mass").metadata[b"sutler.chosen_by"] == b"request"
    assert json.loads(table.schema.metadata[b"sutler.misfits"]) == {}
    with pytest.warns(client.ColumnMisfitWarning, match="6 values of demo.stream"):
        await demo.query_table(RAW, columns="demo.stream:int64")


async def test_without_columns_all_metadata_come_as_json(demo: AsyncClient) -> None:
    table = await demo.query_table(f"{RAW} where demo.run = 0")
    assert table.column_names[6:] == ["metadata"]
    assert json.loads(table["metadata"].to_pylist()[0])["demo.any"] == {"a": 0}


async def test_no_files_are_a_table_without_rows(demo: AsyncClient) -> None:
    table = await demo.query_table(f"{RAW} where demo.run = 99", columns=["demo.run", "demo.mass:float64"])
    assert (table.num_rows, table.schema.types[6:]) == (0, [pa.utf8(), pa.float64()])


@pytest.mark.filterwarnings("ignore::sutler.client.ColumnMisfitWarning")
async def test_a_frame_keeps_whole_numbers_whole(demo: AsyncClient) -> None:
    frame = await demo.query_frame(f"{RAW} where size < 106 or demo.mass = 7", columns=["demo.run:int64", "demo.good"])
    assert frame["demo.run"].dtype == pd.Int64Dtype()
    assert frame["demo.good"].sum() == 4
    assert frame["demo.run"].sum() == 15
    assert frame["size_bytes"].tolist() == [100, 101, 102, 103, 104, 105, 106]


@pytest.mark.usefixtures("small_batches")
async def test_parquet_comes_in_row_groups(demo: AsyncClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sutler.catalog.arrow.ROWS_OF_GROUP", 5)
    stream = demo.stream_table(RAW, columns=["demo.run"], table_format="parquet")
    whole = b"".join([part async for part in stream])
    file = parquet.ParquetFile(io.BytesIO(whole))
    assert [file.metadata.row_group(place).num_rows for place in range(file.num_row_groups)] == [6, 1]
    assert json.loads(file.metadata.metadata[b"sutler.misfits"]) == {"demo.run": 1}
    assert file.read()["demo.run"].to_pylist() == [0, 1, 2, 3, 4, 5, None]


@pytest.mark.parametrize(("table_format", "media_type"), [("arrow", "arrow.stream"), ("parquet", "parquet")])
async def test_a_table_is_asked_for_in_the_address_too(
    demo: AsyncClient, admin: httpx.AsyncClient, table_format: str, media_type: str
) -> None:
    reply = await admin.get("/files/table", params={"q": RAW, "columns": "demo.mass,demo.run", "format": table_format})
    assert reply.headers["content-type"] == f"application/vnd.apache.{media_type}"
    readers: dict[str, Callable[[io.BytesIO], Any]] = {
        "arrow": lambda body: pa.ipc.open_stream(body).read_all(),
        "parquet": parquet.read_table,
    }
    assert readers[table_format](io.BytesIO(reply.content))["demo.mass"].to_pylist()[-1] == 7.0


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ({"query": "files frm demo:raw"}, "catalog.mql_syntax"),
        ({"query": RAW, "columns": ["demo.run:int46"]}, "base.invalid_input"),
        ({"query": "files from demo:raw", "table_format": "csv"}, "rest.invalid_request"),
    ],
)
async def test_what_cannot_begin_is_refused_with_its_own_status(
    demo: AsyncClient, arguments: dict[str, Any], code: str
) -> None:
    with pytest.raises(client.InvalidInputError) as refused:
        await anext(demo.stream_table(**arguments))
    assert (refused.value.code, refused.value.status) == (code, 422)


async def test_others_see_only_their_files(demo: AsyncClient, anna: AsyncClient, stranger: httpx.AsyncClient) -> None:
    assert (await anna.query_table(RAW)).num_rows == 7
    assert (await stranger.get("/files/table", params={"q": RAW})).status_code == 401


async def test_a_server_without_pyarrow_says_what_to_install(
    demo: AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(client.NotInstalledError, match=r"pip install 'sutler\[arrow\]'") as refused:
        await anext(demo.stream_table(RAW))
    assert (refused.value.status, refused.value.code) == (501, "catalog.tables_not_installed")
    assert refused.value.facts == {"part": "pyarrow", "extra": "arrow"}
    with pytest.raises(ImportError, match=r"pip install 'sutler\[arrow\]'"):
        await demo.query_table(RAW)


async def test_a_client_without_pandas_says_what_to_install(demo: AsyncClient, monkeypatch: pytest.MonkeyPatch) -> None:
    # The server is in this process: what it looks for in pandas it has to find before that is hidden.
    await demo.query_table(f"{RAW} where demo.run = 0")
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(client.MissingPackageError, match=r"pip install 'sutler\[pandas\]'"):
        await demo.query_frame(f"{RAW} where demo.run = 0")


async def test_a_table_that_breaks_off_is_not_taken_for_a_whole_one(
    demo: AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = b"".join([part async for part in demo.stream_table(RAW)])
    reader = pa.ipc.open_stream(whole)
    part = io.BytesIO()
    with pa.ipc.new_stream(part, reader.schema) as writer:
        writer.write_batch(reader.read_next_batch())

    async def break_off(*_: object, **__: object) -> AsyncIterator[bytes]:
        yield part.getvalue()

    monkeypatch.setattr(demo, "read_bytes", break_off)
    with pytest.raises(client.UnexpectedAnswerError, match="breaks off"):
        await demo.query_table(RAW)


async def test_what_is_no_table_is_not_taken_for_one(demo: AsyncClient, monkeypatch: pytest.MonkeyPatch) -> None:
    async def answer(*_: object, **__: object) -> AsyncIterator[bytes]:
        yield b"<html>a proxy</html>"

    monkeypatch.setattr(demo, "read_bytes", answer)
    with pytest.raises(client.UnexpectedAnswerError, match="cannot be read"):
        await demo.query_table(RAW)
