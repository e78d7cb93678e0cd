"""The statements of the room, one function each, by what they are about."""

from sutler.catalog.store.datasets import (
    find_dataset,
    insert_dataset,
    insert_members,
    is_dataset_below,
    link_datasets,
    list_datasets,
    lock_dataset,
)
from sutler.catalog.store.files import (
    change_metadata,
    count_relatives,
    find_file,
    find_file_named,
    insert_files,
    insert_provenance,
    list_children,
    list_datasets_of,
    list_files_named,
    list_files_numbered,
    list_own_ancestors,
    list_parents,
)
from sutler.catalog.store.ledgers import (
    insert_ledger,
    lock_ledger,
)
from sutler.catalog.store.namespaces import (
    insert_namespace,
    list_namespaces,
    list_namespaces_named,
)
from sutler.catalog.store.queries import (
    forget_plans,
    plan_by_values,
    run_selection,
)

__all__ = [
    "change_metadata",
    "count_relatives",
    "find_dataset",
    "find_file",
    "find_file_named",
    "forget_plans",
    "insert_dataset",
    "insert_files",
    "insert_ledger",
    "insert_members",
    "insert_namespace",
    "insert_provenance",
    "is_dataset_below",
    "link_datasets",
    "list_children",
    "list_datasets",
    "list_datasets_of",
    "list_files_named",
    "list_files_numbered",
    "list_namespaces",
    "list_namespaces_named",
    "list_own_ancestors",
    "list_parents",
    "lock_dataset",
    "lock_ledger",
    "plan_by_values",
    "run_selection",
]
