"""Words of the room: namespaces, files, datasets, queries, rules for metadata, indexes on keys."""

from sutler.catalog.model.categories import Category, CategoryRule
from sutler.catalog.model.datasets import Dataset, DatasetRelatives
from sutler.catalog.model.events import CatalogEvent
from sutler.catalog.model.files import (
    ChangeMode,
    File,
    FileChange,
    FileKey,
    FileReference,
    FileView,
    KnownFile,
    Moved,
    NewFile,
)
from sutler.catalog.model.indexes import IndexedKey, KeyIndexState, KeyKind, KeyRange
from sutler.catalog.model.namespaces import Author, Namespace, NamespaceCounts
from sutler.catalog.model.queries import ExplainedStatement, Explanation, FileSummary, NamedQuery, Selection

__all__ = [
    "Author",
    "CatalogEvent",
    "Category",
    "CategoryRule",
    "ChangeMode",
    "Dataset",
    "DatasetRelatives",
    "ExplainedStatement",
    "Explanation",
    "File",
    "FileChange",
    "FileKey",
    "FileReference",
    "FileSummary",
    "FileView",
    "IndexedKey",
    "KeyIndexState",
    "KeyKind",
    "KeyRange",
    "KnownFile",
    "Moved",
    "NamedQuery",
    "Namespace",
    "NamespaceCounts",
    "NewFile",
    "Selection",
]
