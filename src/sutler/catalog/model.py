"""Words of the room: namespaces, files, datasets, selections, ledgers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from sutler.auth.model import Role
from sutler.base.did import Did


class CatalogEvent(StrEnum):
    """What can happen in this room, with the facts of each event."""

    NAMESPACE_CREATED = "catalog.namespace_created"  # name
    DATASET_CREATED = "catalog.dataset_created"  # did
    FILES_DECLARED = "catalog.files_declared"  # count (new files), known (declared before), added, dataset or null
    FILES_ADDED = "catalog.files_added"  # count
    METADATA_CHANGED = "catalog.metadata_changed"  # keys
    FILE_RETIRED = "catalog.file_retired"  # did


@dataclass(frozen=True)
class Author:
    """The name written beside what an inner operation does in somebody's name."""

    username: str


@dataclass(frozen=True)
class Namespace:
    """A set of names that belongs to one experiment and has one owner: a user or a role."""

    name: str
    experiment_id: int
    description: str
    owner_user_id: int | None
    owner_role: Role | None
    created_at: datetime
    created_by: str


@dataclass(frozen=True)
class NewFile:
    """A file to be declared. `fid` is made when it is not given. Parents are DIDs."""

    namespace: str
    name: str
    size_bytes: int | None = None
    checksums: Mapping[str, str] = field(default_factory=dict)
    metadata: Mapping[str, object] = field(default_factory=dict)
    parents: tuple[Did, ...] = ()
    fid: str | None = None

    @property
    def did(self) -> Did:
        """Its namespace and name."""
        return Did(self.namespace, self.name)


@dataclass(frozen=True)
class File:
    """A file as the catalogue knows it. `id` is internal; people and programs say `fid` or the DID."""

    id: int
    fid: str
    namespace: str
    name: str
    experiment_id: int
    size_bytes: int | None
    checksums: Mapping[str, str]
    metadata: Mapping[str, object]
    created_at: datetime
    created_by: str
    updated_at: datetime | None = None
    updated_by: str | None = None
    retired_at: datetime | None = None
    retired_by: str | None = None

    @property
    def did(self) -> Did:
        """Its namespace and name."""
        return Did(self.namespace, self.name)


@dataclass(frozen=True)
class FileReference:
    """What is needed to name a file: in lists of parents, children and query results."""

    id: int
    fid: str
    namespace: str
    name: str
    size_bytes: int | None = None
    metadata: Mapping[str, object] | None = None

    @property
    def did(self) -> Did:
        """Its namespace and name."""
        return Did(self.namespace, self.name)


@dataclass(frozen=True)
class FileView:
    """Everything the page of a file shows. Lists hold the first 500; the counts are of all."""

    file: File
    parents: tuple[FileReference, ...]
    children: tuple[FileReference, ...]
    datasets: tuple[Did, ...]
    parent_count: int = 0
    child_count: int = 0
    dataset_count: int = 0


@dataclass(frozen=True)
class Dataset:
    """A named set of files."""

    id: int
    namespace: str
    name: str
    experiment_id: int
    description: str
    frozen: bool
    monotonic: bool
    metadata: Mapping[str, object]
    file_count: int
    created_at: datetime
    created_by: str

    @property
    def did(self) -> Did:
        """Its namespace and name."""
        return Did(self.namespace, self.name)


@dataclass(frozen=True)
class Selection:
    """Which files a split wants: a query in MQL, as text, and at most how many. None means no limit."""

    query: str
    experiment_id: int
    limit: int | None = None


@dataclass(frozen=True)
class KnownFile:
    """What the catalogue needs of a file it knows, to compare and to link it."""

    id: int
    fid: str
    namespace: str
    name: str
    experiment_id: int
    size_bytes: int | None
    checksums: Mapping[str, str]
    is_retired: bool = False

    @property
    def did(self) -> Did:
        """Its namespace and name."""
        return Did(self.namespace, self.name)

    @property
    def reference(self) -> FileReference:
        """What names it elsewhere."""
        return FileReference(self.id, self.fid, self.namespace, self.name, self.size_bytes)
