"""What files are: namespaces, files with metadata and provenance, datasets, and ledgers of what was given out.

A namespace belongs to one experiment, and its name is unique in the installation, so that a DID alone says whose a
file is. A file keeps its name and its fid for ever; its size and checksums do not change, its metadata may. A dataset
is open or frozen. A file enters a ledger once.

Namespaces and datasets are made with `create_…`, or with `ensure_…_in` by rooms that need them there. Files come in by
`declare_files`, again without harm; `get_file`, `query_files`, `stream_files` and `count_files` read,
`update_metadata` and `add_to_dataset` change. `take_in` gives the next files of a query that are not in a ledger and
enters them. Queries are written in MQL; `sutler.catalog.mql` reads them.
"""

from sutler.catalog.errors import (
    DatasetCircleError,
    DatasetExistsError,
    DatasetFrozenError,
    DatasetNotFoundError,
    FileDeclaredOtherwiseError,
    InvalidFilesError,
    LedgerNotFoundError,
    NamespaceNotFoundError,
    NamespaceTakenError,
    UnknownFileError,
    UnreadableQueryError,
)
from sutler.catalog.model import (
    CatalogEvent,
    Dataset,
    File,
    FileReference,
    FileView,
    Namespace,
    NewFile,
    Selection,
)
from sutler.catalog.mql.errors import MqlError, MqlMeaningError, MqlSyntaxError, MqlUnsupportedError
from sutler.catalog.operations.datasets import (
    add_to_dataset,
    create_dataset,
    ensure_dataset_in,
    get_dataset,
    list_datasets,
)
from sutler.catalog.operations.declaring import declare_files, declare_files_in
from sutler.catalog.operations.files import get_file, update_metadata
from sutler.catalog.operations.ledgers import create_ledger_in, take_in
from sutler.catalog.operations.namespaces import create_namespace, ensure_namespace_in, list_namespaces
from sutler.catalog.operations.queries import check_query, count_files, query_files
from sutler.catalog.operations.streaming import stream_files

__all__ = [
    "CatalogEvent",
    "Dataset",
    "DatasetCircleError",
    "DatasetExistsError",
    "DatasetFrozenError",
    "DatasetNotFoundError",
    "File",
    "FileDeclaredOtherwiseError",
    "FileReference",
    "FileView",
    "InvalidFilesError",
    "LedgerNotFoundError",
    "MqlError",
    "MqlMeaningError",
    "MqlSyntaxError",
    "MqlUnsupportedError",
    "Namespace",
    "NamespaceNotFoundError",
    "NamespaceTakenError",
    "NewFile",
    "Selection",
    "UnknownFileError",
    "UnreadableQueryError",
    "add_to_dataset",
    "check_query",
    "count_files",
    "create_dataset",
    "create_ledger_in",
    "create_namespace",
    "declare_files",
    "declare_files_in",
    "ensure_dataset_in",
    "ensure_namespace_in",
    "get_dataset",
    "get_file",
    "list_datasets",
    "list_namespaces",
    "query_files",
    "stream_files",
    "take_in",
    "update_metadata",
]
