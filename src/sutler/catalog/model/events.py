"""What can happen in this room."""

from __future__ import annotations

from enum import StrEnum


class CatalogEvent(StrEnum):
    """What can happen in this room, with the facts of each event."""

    NAMESPACE_CREATED = "catalog.namespace_created"  # name
    DATASET_CREATED = "catalog.dataset_created"  # did
    DATASET_CHANGED = "catalog.dataset_changed"  # fields
    DATASET_REMOVED = "catalog.dataset_removed"  # did, count (files that were in it)
    SUBSETS_ADDED = "catalog.subsets_added"  # children
    SUBSET_REMOVED = "catalog.subset_removed"  # child
    QUERY_SAVED = "catalog.query_saved"  # name, is_new
    QUERY_REMOVED = "catalog.query_removed"  # name
    FILES_DECLARED = "catalog.files_declared"  # count (new files), known (declared before), added, dataset or null
    FILES_ADDED = "catalog.files_added"  # count
    FILES_REMOVED = "catalog.files_removed"  # count
    METADATA_CHANGED = "catalog.metadata_changed"  # keys, mode, count (of several files in one namespace)
    FILE_CHANGED = "catalog.file_changed"  # fields, mode
    FILE_RETIRED = "catalog.file_retired"  # did
    CATEGORY_CREATED = "catalog.category_created"  # path
    CATEGORY_CHANGED = "catalog.category_changed"  # path, fields
    CATEGORY_REMOVED = "catalog.category_removed"  # path
    FILE_RESTORED = "catalog.file_restored"  # did
    FILE_DELETED = "catalog.file_deleted"  # did
    FILE_RENAMED = "catalog.file_renamed"  # did, was
    FILES_MOVED = "catalog.files_moved"  # count, namespaces (where they were)
    FILES_SENT = "catalog.files_sent"  # place (of the catalogue elsewhere), count (declared there), refused
    DECLARATIONS_RETRIED = "catalog.declarations_retried"  # count (of those that had been refused)
    KEY_INDEX_REQUESTED = "catalog.key_index_requested"  # key, kind
    KEY_INDEX_DROPPED = "catalog.key_index_dropped"  # key, kind
