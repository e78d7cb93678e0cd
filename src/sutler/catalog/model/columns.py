"""Columns of tables of files."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class ColumnType(StrEnum):
    """What a column of a table holds. In a column of `json` everything fits, as text."""

    INT64 = "int64"
    FLOAT64 = "float64"
    BOOL = "bool"
    UTF8 = "utf8"
    INT64_LIST = "list<int64>"
    FLOAT64_LIST = "list<float64>"
    BOOL_LIST = "list<bool>"
    UTF8_LIST = "list<utf8>"
    JSON = "json"


class TableFormat(StrEnum):
    """How a table is written: as a stream of Arrow IPC, or as a Parquet file."""

    ARROW = "arrow"
    PARQUET = "parquet"


@dataclass(frozen=True)
class Column:
    """A metadata key as a column of a table. Without a type it gets the one that fits the first files."""

    key: str
    type: ColumnType | None = None
