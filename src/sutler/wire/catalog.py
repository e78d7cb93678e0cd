"""Namespaces, datasets, files and their metadata."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from sutler.wire.auth import Role
from sutler.wire.strict import Strict


@dataclass(frozen=True)
class NewNamespace(Strict):
    """What a namespace is made with. It belongs to the role if one is given, else to who makes it."""

    experiment: str
    name: str
    description: str = ""
    owner_role: Role | None = None


@dataclass(frozen=True)
class Namespace:
    """A set of names that belongs to one experiment and has one owner: a user or a role."""

    name: str
    experiment: str
    description: str
    owner_user_id: int | None
    owner_role: str | None
    created_at: datetime
    created_by: str


@dataclass(frozen=True)
class NewDataset(Strict):
    """What a dataset is made with."""

    did: str
    description: str = ""
    metadata: dict[str, Any] = field(default_factory=dict)
    frozen: bool = False
    monotonic: bool = False


@dataclass(frozen=True)
class Dataset:
    """A named set of files."""

    namespace: str
    name: str
    experiment: str
    description: str
    frozen: bool
    monotonic: bool
    metadata: dict[str, Any]
    file_count: int
    created_at: datetime
    created_by: str


@dataclass(frozen=True)
class AddedFiles(Strict):
    """Files, by DID, that a dataset is to hold too."""

    dataset: str
    files: tuple[str, ...]


@dataclass(frozen=True)
class NewFile(Strict):
    """A file to be declared. Parents are DIDs; `fid` is made unless it is given."""

    namespace: str
    name: str
    size_bytes: int | None = None
    checksums: dict[str, str] = field(default_factory=dict)
    metadata: dict[str, Any] = field(default_factory=dict)
    parents: tuple[str, ...] = ()
    fid: str | None = None


@dataclass(frozen=True)
class NewFiles(Strict):
    """Files to be declared, all or none, optionally into a dataset."""

    files: tuple[NewFile, ...]
    dataset: str | None = None


@dataclass(frozen=True)
class NewMetadata(Strict):
    """Metadata to be merged into those that are there, or to replace them."""

    metadata: dict[str, Any]
    mode: Literal["merge", "replace"] = "merge"


@dataclass(frozen=True)
class FileReference:
    """What names a file. `metadata` is there when it was asked for."""

    fid: str
    namespace: str
    name: str
    size_bytes: int | None = None
    metadata: dict[str, Any] | None = None


@dataclass(frozen=True)
class File:
    """A file as the catalogue knows it."""

    fid: str
    namespace: str
    name: str
    experiment: str
    size_bytes: int | None
    checksums: dict[str, str]
    metadata: dict[str, Any]
    created_at: datetime
    created_by: str
    updated_at: datetime | None
    updated_by: str | None
    retired_at: datetime | None
    retired_by: str | None


@dataclass(frozen=True)
class FileView:
    """A file with its parents, children and datasets. The lists hold the first 500, the counts are of all."""

    file: File
    parents: tuple[FileReference, ...]
    children: tuple[FileReference, ...]
    datasets: tuple[str, ...]
    parent_count: int
    child_count: int
    dataset_count: int
