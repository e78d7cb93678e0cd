"""Tables of files, in the formats of Apache Arrow."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from sutler.wire.queries import FileQuestion

ARROW_STREAM = "application/vnd.apache.arrow.stream"
PARQUET = "application/vnd.apache.parquet"

MISFITS = "sutler.misfits"
"""The metadata of a table that say how many values of which columns did not fit: an object of JSON, counts by key."""

TableFormat = Literal["arrow", "parquet"]


@dataclass(frozen=True)
class TableQuestion(FileQuestion):
    """A query for all files as a table.

    `columns` are metadata keys, each with a type after a colon if it is not to be found out: `core.run:int64`. Types
    are `int64`, `float64`, `bool`, `utf8`, a list of one of these such as `list<int64>`, and `json`.
    """

    columns: tuple[str, ...] = ()
    format: TableFormat = "arrow"
