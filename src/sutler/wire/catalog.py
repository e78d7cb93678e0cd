"""Namespaces, datasets, files and their metadata."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sutler.wire.auth import Role
from sutler.wire.strict import Strict


@dataclass(frozen=True)
class NewNamespace(Strict):
    """What a namespace is made with. It belongs to the role or the group if one is given, else to who makes it."""

    experiment: str
    name: str
    description: str = ""
    owner_role: Role | None = None
    owner_group: str | None = None


@dataclass(frozen=True)
class Namespace:
    """A set of names that belongs to one experiment and has one owner: a user, a role or a group."""

    name: str
    experiment: str
    description: str
    owner_user_id: int | None
    owner_username: str | None
    owner_role: str | None
    owner_group: str | None
    created_at: datetime
    created_by: str


@dataclass(frozen=True)
class NewDataset(Strict):
    """What a dataset is made with. The files and the datasets that the queries select go into it and below it.

    Requirements are definitions by parameter, such as {"core.run": {"type": "int", "required": true}}.
    """

    did: str
    description: str = ""
    metadata: dict[str, Any] = field(default_factory=dict)
    frozen: bool = False
    monotonic: bool = False
    requirements: dict[str, Any] = field(default_factory=dict)
    files_query: str | None = None
    subsets_query: str | None = None


@dataclass(frozen=True)
class Dataset:
    """A named set of files. `file_count` is exact; retired files are left out."""

    namespace: str
    name: str
    experiment: str
    description: str
    frozen: bool
    monotonic: bool
    metadata: dict[str, Any]
    requirements: dict[str, Any]
    file_count: int
    created_at: datetime
    created_by: str
    updated_at: datetime | None
    updated_by: str | None


@dataclass(frozen=True)
class NewFile(Strict):
    """A file to be declared. `fid` is made unless it is given; so is the name, from the pattern `auto_name`.

    The pattern may hold `$clock`, `$clock3`, `$clock6`, `$clock9`, `$uuid`, `$uuid16`, `$uuid8` and `$fid`. `parents`
    are DIDs, `parent_fids` name other ones. `created_at` and `created_by` are for administrators.
    """

    namespace: str
    name: str = ""
    size_bytes: int | None = None
    checksums: dict[str, str] = field(default_factory=dict)
    metadata: dict[str, Any] = field(default_factory=dict)
    parents: tuple[str, ...] = ()
    fid: str | None = None
    auto_name: str | None = None
    parent_fids: tuple[str, ...] = ()
    created_at: datetime | None = None
    created_by: str | None = None


@dataclass(frozen=True)
class NewFiles(Strict):
    """Files to be declared, all or none, optionally into a dataset. With `check_only` nothing is changed."""

    files: tuple[NewFile, ...]
    dataset: str | None = None
    check_only: bool = False


@dataclass(frozen=True)
class FileReference:
    """What names a file. `metadata` and the fids of `parents` and `children` are there when they were asked for."""

    fid: str
    namespace: str
    name: str
    size_bytes: int | None = None
    metadata: dict[str, Any] | None = None
    parents: tuple[str, ...] | None = None
    children: tuple[str, ...] | None = None


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
