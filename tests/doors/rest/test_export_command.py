"""The command that writes the files of a query into a table, against the API over a real socket."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import pyarrow as pa
import pytest
from pyarrow import parquet
from tests.doors.rest.test_commands import Run, address, ok, run, signed_in, surroundings
from tests.doors.rest.test_query_commands import ALL, filled

__all__ = ["address", "filled", "run", "signed_in", "surroundings"]


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


async def test_a_table_is_written_as_parquet_or_arrow(filled: Run, tmp_path: Path) -> None:
    done = await filled("export", ALL, "--columns", "demo.n,demo.none:float64", "--output", "files.parquet")
    assert (done.code, done.out) == (0, "")
    assert done.err.startswith("files.parquet holds ")
    table = parquet.read_table(tmp_path / "files.parquet")
    assert table["demo.n"].to_pylist() == [1, 2, 3]
    assert table.schema.field("demo.none").type == pa.float64()
    await ok(filled("export", f"{ALL} limit 1", "--format", "arrow", "-o", "files.arrow"))
    with pa.ipc.open_stream((tmp_path / "files.arrow").read_bytes()) as reader:
        assert reader.read_all()["metadata"].to_pylist() == ['{"demo.n":1}']


async def test_a_table_goes_to_standard_output(filled: Run) -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        "from sutler.cli.main import main; main()",
        "export",
        ALL,
        *("--format", "arrow", "--output", "-"),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await asyncio.wait_for(process.communicate(), 120)
    assert err == b""
    assert pa.ipc.open_stream(out).read_all().num_rows == 3


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("files frm", "-o", "files.parquet"), "files frm"),
        ((ALL, "-o", "files.parquet", "--columns", "demo.n:int46"), "does not end with one of the types"),
        ((ALL, "-o", "nowhere/files.parquet"), "cannot be written: No such file or directory"),
    ],
)
async def test_what_fails_leaves_no_file_and_the_old_one_as_it_was(
    filled: Run, tmp_path: Path, arguments: tuple[str, ...], said: str
) -> None:
    (tmp_path / "files.parquet").write_text("the old one")
    before = names(tmp_path)
    done = await filled("export", *arguments)
    assert done.code == 2
    assert said in done.err
    assert names(tmp_path) == before
    assert (tmp_path / "files.parquet").read_text() == "the old one"


async def test_a_server_without_pyarrow_says_what_to_install(filled: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    done = await filled("export", ALL, "-o", "files.parquet")
    assert done.code == 7
    assert "pip install 'sutler[arrow]'" in done.err
