"""Laws of tables, for any metadata: nothing is changed on its way, and what does not fit is counted."""

from __future__ import annotations

import io
import json
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from pyarrow import parquet

from sutler.catalog import Column, ColumnType, File, TableFormat
from sutler.catalog.arrow import MISFITS, TableWriter

KEY = "core.x"
NUMBERS = st.integers() | st.integers(-(2**54), 2**54) | st.floats(allow_nan=False, allow_infinity=False)
SCALARS = st.none() | st.booleans() | NUMBERS | st.text(st.characters(exclude_categories=["Cs"]), max_size=4)
VALUES = st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("ab"), inner))
ALIKE = st.one_of([st.lists(kind) for kind in (st.booleans(), NUMBERS, st.integers(), st.text("ab"), st.none())])
COLUMNS = st.lists(VALUES, max_size=6) | ALIKE | st.lists(ALIKE, max_size=4)


def make_file(number: int, item: object) -> File:
    """A file with a value under the key."""
    at = datetime(2026, 3, 1, tzinfo=UTC)
    return File(number, f"f{number}", "demo", f"n{number}", 1, None, {}, {KEY: item}, at, "anna")


def write(column: Column, table_format: TableFormat, *parts: list[object]) -> bytes:
    """Return the table of values that come in parts."""
    files = [[make_file(number, item) for number, item in enumerate(part)] for part in parts]
    writer = TableWriter([column], table_format, files[0])
    return b"".join([*(writer.write(part) for part in files), writer.finish()])


def read(content: bytes) -> tuple[list[Any], ColumnType, int]:
    """Return the values of an Arrow stream, the type of their column and how many did not fit."""
    reader = pa.ipc.open_stream(content)
    items: list[Any] = []
    marks: dict[bytes, bytes] = {}
    while True:
        try:
            found = reader.read_next_batch_with_custom_metadata()
        except StopIteration:
            break
        items += found.batch[KEY].to_pylist()
        marks = dict(found.custom_metadata or {})
    kind = ColumnType(reader.schema.field(KEY).metadata[b"sutler.type"].decode())
    return items, kind, json.loads(marks[MISFITS.encode()]).get(KEY, 0)


def restore(item: Any, kind: ColumnType) -> object:  # noqa: ANN401 - whatever a column holds
    """Return what a value of a column stands for."""
    return json.loads(item) if kind is ColumnType.JSON and item is not None else item


@settings(deadline=None)
@given(COLUMNS)
@example([2**63])
@example([2**53 + 1, 0.5])
@example([[1], [2**64]])
def test_without_a_type_no_value_of_the_first_files_is_lost_or_changed(items: list[object]) -> None:
    found, kind, misfits = read(write(Column(KEY), TableFormat.ARROW, items))
    assert [restore(item, kind) for item in found] == items
    assert misfits == 0


@settings(deadline=None)
@given(COLUMNS, COLUMNS, st.sampled_from([None, *ColumnType]))
def test_what_fits_is_exact_and_what_does_not_is_null_and_counted(
    first: list[object], later: list[object], kind: ColumnType | None
) -> None:
    found, chosen, misfits = read(write(Column(KEY, kind), TableFormat.ARROW, first, later))
    given_items = [*first, *later]
    assert len(found) == len(given_items)
    lost = 0
    for item, kept in zip(given_items, found, strict=True):
        if kept is None and item is not None:
            lost += 1
        else:
            assert restore(kept, chosen) == item
    assert misfits == lost
    assert kind in (None, chosen)


@settings(deadline=None, max_examples=30)
@given(COLUMNS, COLUMNS)
def test_parquet_holds_what_arrow_holds(first: list[object], later: list[object]) -> None:
    items, _, misfits = read(write(Column(KEY), TableFormat.ARROW, first, later))
    file = parquet.ParquetFile(io.BytesIO(write(Column(KEY), TableFormat.PARQUET, first, later)))
    assert file.read()[KEY].to_pylist() == items
    assert json.loads(file.metadata.metadata[MISFITS.encode()]).get(KEY, 0) == misfits


@pytest.mark.parametrize("kind", ColumnType)
def test_every_type_can_be_written(kind: ColumnType) -> None:
    assert read(write(Column(KEY, kind), TableFormat.ARROW, [None]))[:2] == ([None], kind)
