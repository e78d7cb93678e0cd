"""Files: declared, changed, shown."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Literal, TypeAlias

from sutler.base.did import Did

FileKey: TypeAlias = Did | str
"""What names a file: its DID, or its fid as text."""

ChangeMode: TypeAlias = Literal["merge", "replace"]
"""Whether what is given is added to what is there, or takes its place."""


@dataclass(frozen=True)
class NewFile:
    """A file to be declared. `fid` is made when it is not given; so is the name, from the pattern `auto_name`.

    `parents` are DIDs, `parent_fids` name other ones. `created_at` and `created_by` are for administrators, who bring
    files from elsewhere.
    """

    namespace: str
    name: str = ""
    size_bytes: int | None = None
    checksums: Mapping[str, str] = field(default_factory=dict)
    metadata: Mapping[str, object] = field(default_factory=dict)
    parents: tuple[Did, ...] = ()
    fid: str | None = None
    auto_name: str | None = None
    parent_fids: tuple[str, ...] = ()
    created_at: datetime | None = None
    created_by: str | None = None

    @cached_property
    def did(self) -> Did:
        """Its namespace and name."""
        return Did(self.namespace, self.name)


@dataclass(frozen=True)
class FileChange:
    """What is to be changed of a file; None leaves it as it is.

    With `merge` keys, parents and children are added, with `replace` those that are not given are dropped.
    """

    size_bytes: int | None = None
    checksums: Mapping[str, str] | None = None
    metadata: Mapping[str, object] | None = None
    mode: ChangeMode = "merge"
    parents: tuple[FileKey, ...] | None = None
    children: tuple[FileKey, ...] | None = None


@dataclass(frozen=True)
class MetadataChange:
    """Metadata for one of many files: added to what it has, or in their place."""

    key: FileKey
    metadata: Mapping[str, object]
    mode: ChangeMode = "merge"


@dataclass(frozen=True)
class DeclaredCounts:
    """How many files a call declared, how many it found there, and how many went into its dataset."""

    count: int = 0
    known: int = 0
    added: int = 0


@dataclass(frozen=True)
class Moved:
    """How many files were moved, and a sentence for each of those that were not."""

    moved_count: int
    problems: tuple[str, ...] = ()


@dataclass(frozen=True)
class File:
    """A file as the catalogue knows it. `id` is internal; people and programs say `fid` or the DID.

    `parents` and `children` are the fids of its relatives where these were asked for.
    """

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
    parents: tuple[str, ...] | None = None
    children: tuple[str, ...] | None = None

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
    parents: tuple[str, ...] | None = None
    children: tuple[str, ...] | None = None

    @property
    def did(self) -> Did:
        """Its namespace and name."""
        return Did(self.namespace, self.name)


@dataclass(frozen=True)
class FileView:
    """A file with what it is related to. Lists of a single file hold the first 500; the counts are of all."""

    file: File
    parents: tuple[FileReference, ...]
    children: tuple[FileReference, ...]
    datasets: tuple[Did, ...]
    parent_count: int = 0
    child_count: int = 0
    dataset_count: int = 0


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
