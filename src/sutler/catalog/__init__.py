"""What files are: namespaces, files with metadata and provenance, datasets, and ledgers of what was given out.

A namespace belongs to one experiment, and its name is unique in the installation, so that a DID alone says whose a
file is. A file keeps its fid for ever; its name and contents change only when its owners say so, its metadata may. One
that was retired keeps everything, but queries and counts pass it over. A dataset is open, monotonic or frozen. A file
enters a ledger once.

Namespaces and datasets are made with `create_…`, or with `ensure_…_in` by rooms that need them there. Files come in by
`declare_files`, again without harm; `get_file`, `list_files`, `query_files`, `stream_files`, `stream_table` and
`count_files` read, `update_file`, `retire_file`, `move_files`, `add_to_dataset` and others change. `take_in` gives the
next files of a selection that are not in a ledger and enters them; `count_in` says how many are left. Queries are
written in MQL; `sutler.catalog.mql` reads them.

Categories, changed by `create_category`, `update_category` and `remove_category`, say what metadata may be declared;
so do the requirements of a dataset for its files.

For an experiment that keeps its catalogue elsewhere, `prepare_selection` asks there ahead of a transaction that takes
from the answer with `take_prepared_in`; `keep_outputs_in` keeps what `send_declarations` declares there afterwards.
"""

from sutler.catalog.errors import (
    CatalogElsewhereError,
    CategoryExistsError,
    CategoryNotFoundError,
    CredentialMissingError,
    CredentialRefusedError,
    DatasetCircleError,
    DatasetExistsError,
    DatasetFrozenError,
    DatasetMonotonicError,
    DatasetNotFoundError,
    FileDeclaredOtherwiseError,
    FileNameTakenError,
    FileProblem,
    FilterTooLargeError,
    InvalidFilesError,
    KeyIndexNotFoundError,
    LedgerNotFoundError,
    LedgerPartsError,
    MetadataProblem,
    NamedQueryExistsError,
    NamedQueryNotFoundError,
    NamespaceNotFoundError,
    NamespaceTakenError,
    PreparedSelectionGoneError,
    QueryTooSlowError,
    RemoteCatalogRefusedError,
    RemoteCatalogUnavailableError,
    TablesNotInstalledError,
    UnknownFileError,
    UnreadableQueryError,
)
from sutler.catalog.model import (
    Budget,
    CatalogEvent,
    Category,
    ChangeMode,
    Column,
    ColumnType,
    CreatedWithin,
    Dataset,
    DatasetRelatives,
    DeclarationState,
    DeclaredCounts,
    ExplainedStatement,
    Explanation,
    File,
    FileChange,
    FileKey,
    FileReference,
    FileSummary,
    FileView,
    Filter,
    GroupBy,
    IndexedKey,
    KeyIndexState,
    KeyKind,
    KeyRange,
    Measure,
    MetadataChange,
    Moved,
    NamedQuery,
    Namespace,
    NamespaceCounts,
    NewFile,
    Part,
    PreparedSelection,
    Selection,
    TableFormat,
    Undeclared,
    ValueWithin,
)
from sutler.catalog.mql.errors import MqlError, MqlMeaningError, MqlSyntaxError, MqlUnsupportedError
from sutler.catalog.operations.categories import (
    create_category,
    get_category,
    list_categories,
    remove_category,
    update_category,
)
from sutler.catalog.operations.changing_files import update_file, update_metadata_of
from sutler.catalog.operations.changing_streams import update_streamed_metadata
from sutler.catalog.operations.dataset_files import add_to_dataset, list_dataset_files, remove_from_dataset
from sutler.catalog.operations.dataset_tree import add_child_dataset, get_dataset_relatives, remove_child_dataset
from sutler.catalog.operations.datasets import (
    create_dataset,
    ensure_dataset_in,
    get_dataset,
    list_datasets,
    remove_dataset,
    save_selection,
    update_dataset,
)
from sutler.catalog.operations.declaring import declare_files, declare_files_in
from sutler.catalog.operations.declaring_streams import declare_streamed_files
from sutler.catalog.operations.explaining import explain_query
from sutler.catalog.operations.files import get_file, update_metadata
from sutler.catalog.operations.fulfilling import list_fulfilling_in
from sutler.catalog.operations.indexed_keys import (
    build_key_indexes,
    drop_key_index,
    index_key,
    list_indexed_keys,
)
from sutler.catalog.operations.ledgers import create_ledger_in, enter_in, get_taken_counts_in
from sutler.catalog.operations.lineage import get_lineage
from sutler.catalog.operations.listing_files import list_datasets_of_files, list_files
from sutler.catalog.operations.moving import move_files, rename_file
from sutler.catalog.operations.named_queries import get_named_query, list_named_queries, remove_named_query, save_query
from sutler.catalog.operations.namespaces import (
    count_namespace,
    create_namespace,
    ensure_namespace_in,
    get_namespace,
    list_namespaces,
)
from sutler.catalog.operations.queries import (
    check_query,
    count_files,
    find_query_kind,
    list_metadata_keys,
    query_files,
    search_queries,
    summarize_files,
)
from sutler.catalog.operations.remote_outputs import (
    count_undeclared_in,
    find_place_in,
    hurry_declarations,
    is_remote_in,
    keep_outputs_in,
    list_undeclared_in,
    plan_dataset_in,
    retry_declarations,
    send_declarations,
)
from sutler.catalog.operations.remote_selections import (
    count_prepared_passed_over_in,
    discard_old_selections,
    discard_selection,
    prepare_selection,
    take_prepared_in,
)
from sutler.catalog.operations.reports import list_key_ranges, list_key_values, list_used_keys
from sutler.catalog.operations.retiring import delete_file, retire_file
from sutler.catalog.operations.samples import list_dataset_history, page_dataset_files, sample_dataset
from sutler.catalog.operations.slices import count_in, count_passed_over_in, narrow_query, take_in
from sutler.catalog.operations.streaming import stream_datasets, stream_files
from sutler.catalog.operations.tables import read_columns, stream_table
from sutler.catalog.pictures import DatasetSample, Distribution, Generation, Lineage, ValueCount
from sutler.catalog.sources.asking import find_source, refuse_elsewhere
from sutler.catalog.sources.builtin import BuiltinSource
from sutler.catalog.sources.check import check_catalog
from sutler.catalog.sources.finder import (
    BuiltInOnly,
    SourceFinder,
)
from sutler.catalog.sources.port import CatalogSource, SourceFile
from sutler.catalog.sources.registry import Catalogues

__all__ = [
    "Budget",
    "BuiltInOnly",
    "BuiltinSource",
    "CatalogElsewhereError",
    "CatalogEvent",
    "CatalogSource",
    "Catalogues",
    "Category",
    "CategoryExistsError",
    "CategoryNotFoundError",
    "ChangeMode",
    "Column",
    "ColumnType",
    "CreatedWithin",
    "CredentialMissingError",
    "CredentialRefusedError",
    "Dataset",
    "DatasetCircleError",
    "DatasetExistsError",
    "DatasetFrozenError",
    "DatasetMonotonicError",
    "DatasetNotFoundError",
    "DatasetRelatives",
    "DatasetSample",
    "DeclarationState",
    "DeclaredCounts",
    "Distribution",
    "ExplainedStatement",
    "Explanation",
    "File",
    "FileChange",
    "FileDeclaredOtherwiseError",
    "FileKey",
    "FileNameTakenError",
    "FileProblem",
    "FileReference",
    "FileSummary",
    "FileView",
    "Filter",
    "FilterTooLargeError",
    "Generation",
    "GroupBy",
    "IndexedKey",
    "InvalidFilesError",
    "KeyIndexNotFoundError",
    "KeyIndexState",
    "KeyKind",
    "KeyRange",
    "LedgerNotFoundError",
    "LedgerPartsError",
    "Lineage",
    "Measure",
    "MetadataChange",
    "MetadataProblem",
    "Moved",
    "MqlError",
    "MqlMeaningError",
    "MqlSyntaxError",
    "MqlUnsupportedError",
    "NamedQuery",
    "NamedQueryExistsError",
    "NamedQueryNotFoundError",
    "Namespace",
    "NamespaceCounts",
    "NamespaceNotFoundError",
    "NamespaceTakenError",
    "NewFile",
    "Part",
    "PreparedSelection",
    "PreparedSelectionGoneError",
    "QueryTooSlowError",
    "RemoteCatalogRefusedError",
    "RemoteCatalogUnavailableError",
    "Selection",
    "SourceFile",
    "SourceFinder",
    "TableFormat",
    "TablesNotInstalledError",
    "Undeclared",
    "UnknownFileError",
    "UnreadableQueryError",
    "ValueCount",
    "ValueWithin",
    "add_child_dataset",
    "add_to_dataset",
    "build_key_indexes",
    "check_catalog",
    "check_query",
    "count_files",
    "count_in",
    "count_namespace",
    "count_passed_over_in",
    "count_prepared_passed_over_in",
    "count_undeclared_in",
    "create_category",
    "create_dataset",
    "create_ledger_in",
    "create_namespace",
    "declare_files",
    "declare_files_in",
    "declare_streamed_files",
    "delete_file",
    "discard_old_selections",
    "discard_selection",
    "drop_key_index",
    "ensure_dataset_in",
    "ensure_namespace_in",
    "enter_in",
    "explain_query",
    "find_place_in",
    "find_query_kind",
    "find_source",
    "get_category",
    "get_dataset",
    "get_dataset_relatives",
    "get_file",
    "get_lineage",
    "get_named_query",
    "get_namespace",
    "get_taken_counts_in",
    "hurry_declarations",
    "index_key",
    "is_remote_in",
    "keep_outputs_in",
    "list_categories",
    "list_dataset_files",
    "list_dataset_history",
    "list_datasets",
    "list_datasets_of_files",
    "list_files",
    "list_fulfilling_in",
    "list_indexed_keys",
    "list_key_ranges",
    "list_key_values",
    "list_metadata_keys",
    "list_named_queries",
    "list_namespaces",
    "list_undeclared_in",
    "list_used_keys",
    "move_files",
    "narrow_query",
    "page_dataset_files",
    "plan_dataset_in",
    "prepare_selection",
    "query_files",
    "read_columns",
    "refuse_elsewhere",
    "remove_category",
    "remove_child_dataset",
    "remove_dataset",
    "remove_from_dataset",
    "remove_named_query",
    "rename_file",
    "retire_file",
    "retry_declarations",
    "sample_dataset",
    "save_query",
    "save_selection",
    "search_queries",
    "send_declarations",
    "stream_datasets",
    "stream_files",
    "stream_table",
    "summarize_files",
    "take_in",
    "take_prepared_in",
    "update_category",
    "update_dataset",
    "update_file",
    "update_metadata",
    "update_metadata_of",
    "update_streamed_metadata",
]
