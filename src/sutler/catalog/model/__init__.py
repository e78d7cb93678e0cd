"""Words of the room: namespaces, files, datasets, queries, rules for metadata, indexes on keys."""

from sutler.catalog.model.categories import Category, CategoryRule
from sutler.catalog.model.columns import Column, ColumnType, TableFormat
from sutler.catalog.model.datasets import Dataset, DatasetRelatives
from sutler.catalog.model.events import CatalogEvent
from sutler.catalog.model.files import (
    ChangeMode,
    DeclaredCounts,
    File,
    FileChange,
    FileKey,
    FileReference,
    FileView,
    KnownFile,
    MetadataChange,
    Moved,
    NewFile,
)
from sutler.catalog.model.indexes import IndexedKey, KeyIndexState, KeyKind, KeyRange
from sutler.catalog.model.ledgers import EVENT_COUNT, Ledger
from sutler.catalog.model.namespaces import Author, Namespace, NamespaceCounts
from sutler.catalog.model.queries import (
    ExplainedStatement,
    Explanation,
    FileSummary,
    NamedQuery,
    PreparedSelection,
)
from sutler.catalog.model.remote import DeclarationState, RemoteFile, RemoteQueue, Undeclared
from sutler.catalog.model.selections import (
    Budget,
    CreatedWithin,
    Filter,
    GroupBy,
    Measure,
    Part,
    Selection,
    ValueWithin,
)

__all__ = [
    "EVENT_COUNT",
    "Author",
    "Budget",
    "CatalogEvent",
    "Category",
    "CategoryRule",
    "ChangeMode",
    "Column",
    "ColumnType",
    "CreatedWithin",
    "Dataset",
    "DatasetRelatives",
    "DeclarationState",
    "DeclaredCounts",
    "ExplainedStatement",
    "Explanation",
    "File",
    "FileChange",
    "FileKey",
    "FileReference",
    "FileSummary",
    "FileView",
    "Filter",
    "GroupBy",
    "IndexedKey",
    "KeyIndexState",
    "KeyKind",
    "KeyRange",
    "KnownFile",
    "Ledger",
    "Measure",
    "MetadataChange",
    "Moved",
    "NamedQuery",
    "Namespace",
    "NamespaceCounts",
    "NewFile",
    "Part",
    "PreparedSelection",
    "RemoteFile",
    "RemoteQueue",
    "Selection",
    "TableFormat",
    "Undeclared",
    "ValueWithin",
]
