# Written by scripts/generate_sync_client.py from the file of the same name in _async.
"""Files of a query as tables of pyarrow and pandas."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from sutler.client import tables
from sutler.client._sync.caller import Caller, path_of
from sutler.wire import tables as wire

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa


class TableCalls(Caller):
    """Calls that ask for all files of a query at once.

    `columns` are metadata keys, each with a type if it is not to be found out from the first files: `core.run:int64`.
    Types are `int64`, `float64`, `bool`, `utf8`, a list of one of these such as `list<int64>`, and `json`. Without
    columns there is one with all metadata as JSON.
    """

    def query_table(
        self,
        query: str,
        *,
        columns: Sequence[str] = (),
        experiment: str | None = None,
        namespace: str | None = None,
        include_retired: bool = False,
    ) -> pa.Table:
        """Return the files of a query as a table of pyarrow.

        Values that do not fit the type of their column are null: a ColumnMisfitWarning counts them, and so does
        `sutler.misfits` in the metadata of the table. Raises MissingPackageError, an ImportError, without pyarrow.
        """
        return tables.read_table(
            self._gather(
                query, columns=columns, experiment=experiment, namespace=namespace, include_retired=include_retired
            )
        )

    def query_frame(
        self,
        query: str,
        *,
        columns: Sequence[str] = (),
        experiment: str | None = None,
        namespace: str | None = None,
        include_retired: bool = False,
    ) -> pd.DataFrame:
        """Return the files of a query as a data frame of pandas; otherwise as `query_table`.

        Whole numbers and truths have types of pandas that know missing values. Raises MissingPackageError without
        pandas or pyarrow.
        """
        found = tables.read_table(
            self._gather(
                query, columns=columns, experiment=experiment, namespace=namespace, include_retired=include_retired
            )
        )
        return tables.to_frame(found)

    def stream_table(
        self,
        query: str,
        *,
        columns: Sequence[str] = (),
        table_format: wire.TableFormat = "arrow",
        experiment: str | None = None,
        namespace: str | None = None,
        include_retired: bool = False,
    ) -> Iterator[bytes]:
        """Yield the bytes of a table, an Arrow stream or a Parquet file, as they come. It takes no pyarrow here."""
        parts = columns.split(",") if isinstance(columns, str) else columns
        texts = tuple(part for part in parts if part.strip())
        asked = wire.TableQuestion(query, experiment, namespace, include_retired, texts, table_format)
        yield from self.read_bytes(path_of("files", "table"), body=asked)

    def _gather(self, query: str, **asked: Any) -> Any:  # noqa: ANN401 - as `stream_table`; of pyarrow
        out = tables.load_pyarrow().BufferOutputStream()
        for part in self.stream_table(query, **asked):
            out.write(part)
        return out.getvalue()
