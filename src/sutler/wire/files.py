"""Changing files, and reading many of them at once. A file is named by its DID or its fid."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from sutler.wire.catalog import Dataset
from sutler.wire.strict import Strict


@dataclass(frozen=True)
class FileChange(Strict):
    """What is to be changed of a file; what is not given stays.

    With `merge` checksums, metadata, parents and children are added, with `replace` those not given are dropped.
    """

    metadata: dict[str, Any] | None = None
    mode: Literal["merge", "replace"] = "merge"
    size_bytes: int | None = None
    checksums: dict[str, str] | None = None
    parents: tuple[str, ...] | None = None
    children: tuple[str, ...] | None = None


@dataclass(frozen=True)
class ManyMetadata(Strict):
    """Metadata for many files alike."""

    files: tuple[str, ...]
    metadata: dict[str, Any]
    mode: Literal["merge", "replace"] = "merge"


@dataclass(frozen=True)
class DeclaredFiles:
    """How many files of a stream were declared, how many were there before, and how many went into the dataset."""

    declared_count: int
    known_count: int
    added_count: int


@dataclass(frozen=True)
class MetadataChange(Strict):
    """A line of a stream: metadata for one file, which is named by its `did` or by its `fid`."""

    metadata: dict[str, Any]
    did: str | None = None
    fid: str | None = None
    mode: Literal["merge", "replace"] = "merge"


@dataclass(frozen=True)
class ChangedFiles:
    """How many files of a stream have new metadata."""

    changed_count: int


@dataclass(frozen=True)
class Retirement(Strict):
    """A file that is to be retired, or not any more."""

    file: str
    retire: bool = True


@dataclass(frozen=True)
class NewFileName(Strict):
    """The name that a file is to have in its namespace."""

    file: str
    name: str


@dataclass(frozen=True)
class Move(Strict):
    """Files, either named or selected by a query, that are to come into a namespace."""

    namespace: str
    files: tuple[str, ...] | None = None
    query: str | None = None


@dataclass(frozen=True)
class Moved:
    """How many files were moved, and a sentence for each of those that were not."""

    moved_count: int
    problems: tuple[str, ...]


@dataclass(frozen=True)
class WantedFiles(Strict):
    """Files to be shown, and with what."""

    files: tuple[str, ...]
    with_metadata: bool = True
    with_provenance: bool = False
    with_datasets: bool = False


@dataclass(frozen=True)
class FileNames(Strict):
    """Files by name."""

    files: tuple[str, ...]


@dataclass(frozen=True)
class DatasetsOfFile:
    """The datasets that a file is in; `file` is the name under which it was asked for."""

    file: str
    datasets: tuple[Dataset, ...]
