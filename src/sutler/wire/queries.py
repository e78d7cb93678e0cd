"""Queries in MQL, and what they are answered with beside the files."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sutler.wire.strict import Strict


@dataclass(frozen=True)
class FileQuestion(Strict):
    """A query for files in MQL. Names in it that have no namespace are of `namespace`."""

    query: str
    experiment: str | None = None
    namespace: str | None = None
    include_retired: bool = False


@dataclass(frozen=True)
class FileListQuestion(FileQuestion):
    """A query for the first files, at most 100,000, with what is to be told of each."""

    limit: int = 1000
    with_metadata: bool = False
    with_provenance: bool = False


@dataclass(frozen=True)
class FileStreamQuestion(FileQuestion):
    """A query for all files, with what is to be told of each."""

    with_metadata: bool = True
    with_provenance: bool = False


@dataclass(frozen=True)
class DatasetQuestion(Strict):
    """A search for datasets in MQL. `with_relatives` asks for the datasets directly above and below each."""

    query: str
    experiment: str | None = None
    with_relatives: bool = False


@dataclass(frozen=True)
class FileSummary:
    """How many files there are, and how large those are together whose size is known."""

    count: int
    size_bytes: int


@dataclass(frozen=True)
class Keys:
    """Keys of metadata, each once, in order."""

    keys: tuple[str, ...]


@dataclass(frozen=True)
class ExplainedStatement:
    """A statement that answers a query or a part of it, the values it is given, and how many rows are expected."""

    purpose: str
    statement: str
    parameters: tuple[str, ...]
    estimated_rows: int


@dataclass(frozen=True)
class Explanation:
    """What a query means, as indented lines, and how the database would answer it."""

    outline: str
    statements: tuple[ExplainedStatement, ...]


@dataclass(frozen=True)
class FoundFile:
    """A file as a query finds it. Metadata and the fids of parents and children are there when they were asked for."""

    fid: str
    namespace: str
    name: str
    experiment: str
    size_bytes: int | None
    checksums: dict[str, str]
    created_at: datetime
    created_by: str
    updated_at: datetime | None
    updated_by: str | None
    retired_at: datetime | None
    retired_by: str | None
    metadata: dict[str, Any] | None = None
    parents: tuple[str, ...] | None = None
    children: tuple[str, ...] | None = None


@dataclass(frozen=True)
class FoundDataset:
    """A dataset as a search finds it. The names of those above and below it are there when they were asked for."""

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
    updated_at: datetime | None
    updated_by: str | None
    requirements: dict[str, Any] = field(default_factory=dict)
    parents: tuple[str, ...] | None = None
    children: tuple[str, ...] | None = None
