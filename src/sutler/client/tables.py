"""Tables of the server as pyarrow and pandas have them. Neither need be installed until a table is asked for."""

from __future__ import annotations

import json
import warnings
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from sutler.client.errors import ColumnMisfitWarning, MissingPackageError, UnexpectedAnswerError
from sutler.wire.tables import MISFITS

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

CALLER = 4
"""How far whoever called the client is away, as warnings count."""


def load_pyarrow() -> Any:  # noqa: ANN401 - untyped library
    """Return pyarrow. Raises MissingPackageError, which is an ImportError, where it is not installed."""
    try:
        import pyarrow as pa  # noqa: PLC0415 - not installed everywhere
    except ImportError as error:
        raise MissingPackageError("pyarrow", "arrow") from error
    return pa


def read_table(stream: Any) -> pa.Table:  # noqa: ANN401 - anything that pyarrow reads
    """Return the table of an Arrow stream. Values that did not fit are counted in its metadata, and warned of.

    Raises UnexpectedAnswerError for a stream that breaks off or is none, MissingPackageError.
    """
    pa = load_pyarrow()
    try:
        reader = pa.ipc.open_stream(stream)
        batches, marks = [], {}
        while True:
            try:
                found = reader.read_next_batch_with_custom_metadata()
            except StopIteration:
                break
            batches.append(found.batch)
            marks = dict(found.custom_metadata or {})
    except (pa.ArrowInvalid, OSError) as error:
        raise UnexpectedAnswerError(f"The table cannot be read: {error}") from error
    if MISFITS.encode() not in marks:
        raise UnexpectedAnswerError("The table breaks off before its end.")
    _warn(json.loads(marks[MISFITS.encode()]))
    schema = reader.schema.with_metadata({**(reader.schema.metadata or {}), **marks})
    return pa.Table.from_batches([batch for batch in batches if batch.num_rows], reader.schema).cast(schema)


def to_frame(table: pa.Table) -> pd.DataFrame:
    """Return a table as a data frame. Whole numbers stay whole where some are missing. Raises MissingPackageError."""
    try:
        import pandas as pd  # noqa: PLC0415 - not installed everywhere
    except ImportError as error:
        raise MissingPackageError("pandas", "pandas") from error
    pa = load_pyarrow()
    kinds = {pa.int64(): pd.Int64Dtype(), pa.bool_(): pd.BooleanDtype()}
    return table.to_pandas(types_mapper=kinds.get)


def _warn(misfits: Mapping[str, int]) -> None:
    for key, count in misfits.items():
        values = "1 value" if count == 1 else f"{count} values"
        text = f"{values} of {key} did not fit the type of the column and became null. Ask for '{key}:json' to see all."
        warnings.warn(text, ColumnMisfitWarning, stacklevel=CALLER)
