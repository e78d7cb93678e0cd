"""What conditions can be about: files, datasets and named queries, with their attributes and where these are kept."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

from sutler.database.sql import Fragment, sql


class Nature(Enum):
    """What an attribute holds, in words for people."""

    TEXT = "a text"
    NUMBER = "a number"
    INSTANT = "a time"
    FLAG = "true or false"
    JSON = "a JSON object"


@dataclass(frozen=True, slots=True)
class Column:
    """An attribute in the database."""

    nature: Nature
    expression: Fragment


@dataclass(frozen=True, slots=True)
class Subject:
    """A kind of thing with metadata and attributes."""

    noun: str
    metadata: Fragment
    columns: Mapping[str, Column]


FILES = Subject(
    "files",
    sql("f.metadata"),
    {
        "id": Column(Nature.TEXT, sql("f.fid")),
        "fid": Column(Nature.TEXT, sql("f.fid")),
        "namespace": Column(Nature.TEXT, sql("f.namespace")),
        "name": Column(Nature.TEXT, sql("f.name")),
        "size": Column(Nature.NUMBER, sql("f.size_bytes")),
        "creator": Column(Nature.TEXT, sql("f.created_by")),
        "created_timestamp": Column(Nature.INSTANT, sql("f.created_at")),
        "updated_by": Column(Nature.TEXT, sql("f.updated_by")),
        "updated_timestamp": Column(Nature.INSTANT, sql("f.updated_at")),
        "retired": Column(Nature.FLAG, sql("(f.retired_at is not null)")),
        "retired_by": Column(Nature.TEXT, sql("f.retired_by")),
        "retired_timestamp": Column(Nature.INSTANT, sql("f.retired_at")),
        "checksums": Column(Nature.JSON, sql("f.checksums")),
    },
)

DATASETS = Subject(
    "datasets",
    sql("d.metadata"),
    {
        "namespace": Column(Nature.TEXT, sql("d.namespace")),
        "name": Column(Nature.TEXT, sql("d.name")),
        "creator": Column(Nature.TEXT, sql("d.created_by")),
        "created_timestamp": Column(Nature.INSTANT, sql("d.created_at")),
        "description": Column(Nature.TEXT, sql("d.description")),
        "frozen": Column(Nature.FLAG, sql("d.frozen")),
        "monotonic": Column(Nature.FLAG, sql("d.monotonic")),
        "file_count": Column(Nature.NUMBER, sql("d.file_count")),
    },
)

QUERIES = Subject(
    "named queries",
    sql("q.metadata"),
    {
        "namespace": Column(Nature.TEXT, sql("q.namespace")),
        "name": Column(Nature.TEXT, sql("q.name")),
        "creator": Column(Nature.TEXT, sql("q.created_by")),
        "created_timestamp": Column(Nature.INSTANT, sql("q.created_at")),
        "description": Column(Nature.TEXT, sql("q.description")),
        "source": Column(Nature.TEXT, sql("q.source")),
    },
)
