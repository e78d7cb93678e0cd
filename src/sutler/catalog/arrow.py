"""Tables of files in the formats of Apache Arrow. Nothing else knows pyarrow, which need not be installed.

The first columns are what is known of every file, then come the metadata keys that were asked for. A field says in its
metadata which of our types it is (`sutler.type`) and whether it was asked for or found (`sutler.chosen_by`). Values
that do not fit are null and counted: `sutler.misfits` is an object of JSON, counts by key, which a stream of Arrow has
in the metadata of its last batch (that batch is empty), and a Parquet file in its own.
"""

from __future__ import annotations

import contextlib
import io
import json
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any, Protocol

from sutler.catalog import rules
from sutler.catalog.errors import TablesNotInstalledError
from sutler.catalog.model import Column, ColumnType, File, TableFormat

ROWS_OF_GROUP = 50_000
BYTES_OF_GROUP = 16 * 1024 * 1024
MISFITS = "sutler.misfits"

_CLEAN: dict[ColumnType, set[type]] = {
    ColumnType.INT64: {int, type(None)},
    ColumnType.FLOAT64: {float, type(None)},
    ColumnType.BOOL: {bool, type(None)},
    ColumnType.UTF8: {str, type(None)},
}
"""Kinds of values that a column takes as they are."""


class TableWriter:
    """Makes the bytes of one table from files, some at a time; not from two threads at once."""

    def __init__(self, columns: Sequence[Column], table_format: TableFormat, first: Sequence[File]) -> None:
        """Decide what the columns are: those without a type by the first files. Raises TablesNotInstalledError."""
        self._pa = _load()
        self._out = _Outlet()
        self._misfits: Counter[str] = Counter()
        self._columns = [(one.key, one.type or _find_type(one.key, first)) for one in columns]
        self._schema = self._make_schema(columns)
        formats: dict[TableFormat, Callable[..., _Sink]] = {
            TableFormat.ARROW: _ArrowSink,
            TableFormat.PARQUET: _ParquetSink,
        }
        self._sink = formats[table_format](self._pa, self._out, self._schema)

    def write(self, files: Sequence[File]) -> bytes:
        """Return what can be sent now that these files have come: nothing, perhaps."""
        if files:
            self._sink.add(self._make_batch(files))
        return self._out.take()

    def finish(self) -> bytes:
        """Return the end of the table."""
        self._sink.close({MISFITS: json.dumps(self._misfits, ensure_ascii=False)})
        return self._out.take()

    def _make_schema(self, columns: Sequence[Column]) -> Any:  # noqa: ANN401 - untyped library
        pa = self._pa
        text = pa.utf8()
        types = (text, text, text, pa.int64(), pa.timestamp("us", tz="UTC"), text)
        fields = [pa.field(name, kind) for name, kind in zip(rules.FACTS, types, strict=True)]
        asked = {one.key for one in columns if one.type}
        for key, kind in self._columns:
            marks = {"sutler.type": kind.value, "sutler.chosen_by": "request" if key in asked else "first files"}
            fields.append(pa.field(key, self._translate(kind), metadata=marks))
        if not columns:
            fields.append(pa.field(rules.METADATA, text, metadata={"sutler.type": ColumnType.JSON.value}))
        return pa.schema(fields)

    def _translate(self, kind: ColumnType) -> Any:  # noqa: ANN401 - untyped library
        if kind in rules.LIST_ITEMS:
            return self._pa.list_(self._translate(rules.LIST_ITEMS[kind]))
        names = {
            ColumnType.INT64: self._pa.int64,
            ColumnType.FLOAT64: self._pa.float64,
            ColumnType.BOOL: self._pa.bool_,
        }
        return names.get(kind, self._pa.utf8)()

    def _make_batch(self, files: Sequence[File]) -> Any:  # noqa: ANN401 - untyped library
        arrays = [
            self._pa.array([getattr(file, name) for file in files], self._schema.field(name).type)
            for name in rules.FACTS
        ]
        arrays += [self._make_column(key, kind, files) for key, kind in self._columns]
        if not self._columns:
            arrays.append(self._pa.array([rules.fit(dict(file.metadata), ColumnType.JSON) for file in files]))
        return self._pa.record_batch(arrays, schema=self._schema)

    def _make_column(self, key: str, kind: ColumnType, files: Sequence[File]) -> Any:  # noqa: ANN401 - untyped library
        arrow_type = self._translate(kind)
        items = [file.metadata.get(key) for file in files]
        if set(map(type, items)) <= _CLEAN.get(kind, set()):
            with contextlib.suppress(OverflowError):  # some number is too large: then each is looked at
                return self._pa.array(items, arrow_type)
        fitted = [rules.fit(item, kind) for item in items]
        misfits = fitted.count(rules.MISFIT)
        if misfits:
            self._misfits[key] += misfits
            fitted = [None if item is rules.MISFIT else item for item in fitted]
        return self._pa.array(fitted, arrow_type)


class _Sink(Protocol):
    """A format that is being written."""

    def add(self, batch: Any) -> None: ...  # noqa: ANN401 - untyped library

    def close(self, marks: dict[str, str]) -> None: ...


class _Outlet(io.RawIOBase):
    """Where the library writes to, and what was written is taken from."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []

    def writable(self) -> bool:
        return True

    def write(self, part: Any) -> int:  # noqa: ANN401 - anything that holds bytes
        self._parts.append(bytes(part))
        return len(self._parts[-1])

    def take(self) -> bytes:
        written = b"".join(self._parts)
        self._parts.clear()
        return written


class _ArrowSink:
    def __init__(self, pa: Any, out: _Outlet, schema: Any) -> None:  # noqa: ANN401 - untyped library
        self._schema, self._pa = schema, pa
        self._writer = pa.ipc.new_stream(out, schema)

    def add(self, batch: Any) -> None:  # noqa: ANN401 - untyped library
        self._writer.write_batch(batch)

    def close(self, marks: dict[str, str]) -> None:
        nothing = [self._pa.array([], field.type) for field in self._schema]
        self._writer.write_batch(self._pa.record_batch(nothing, schema=self._schema), custom_metadata=marks)
        self._writer.close()


class _ParquetSink:
    """Batches wait until they are enough for a row group: many small ones are slow to read."""

    def __init__(self, pa: Any, out: _Outlet, schema: Any) -> None:  # noqa: ANN401 - untyped library
        from pyarrow import parquet  # noqa: PLC0415 - not installed everywhere

        self._pa = pa
        self._writer = parquet.ParquetWriter(out, schema, compression="zstd")
        self._waiting: list[Any] = []

    def add(self, batch: Any) -> None:  # noqa: ANN401 - untyped library
        self._waiting.append(batch)
        rows, size_bytes = sum(one.num_rows for one in self._waiting), sum(one.nbytes for one in self._waiting)
        if rows >= ROWS_OF_GROUP or size_bytes >= BYTES_OF_GROUP:
            self._write_group()

    def close(self, marks: dict[str, str]) -> None:
        if self._waiting:
            self._write_group()
        self._writer.add_key_value_metadata(marks)
        self._writer.close()

    def _write_group(self) -> None:
        table = self._pa.Table.from_batches(self._waiting)
        self._writer.write_table(table, row_group_size=table.num_rows)
        self._waiting.clear()


def _load() -> Any:  # noqa: ANN401 - untyped library
    try:
        import pyarrow as pa  # noqa: PLC0415 - not installed everywhere
    except ImportError as error:
        raise TablesNotInstalledError from error
    return pa


def _find_type(key: str, files: Sequence[File]) -> ColumnType:
    return rules.choose_type(file.metadata.get(key) for file in files)
