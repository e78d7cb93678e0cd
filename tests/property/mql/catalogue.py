"""A small catalogue as plain Python values, with one of everything that queries have to tell apart."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

Json = None | bool | int | float | str | list["Json"] | dict[str, "Json"]
Metadata = Mapping[str, Json]

NEW_YEAR = datetime(2021, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class File:
    """A file; `number` is its key in the tables. It came on a day after new year."""

    number: int
    namespace: str
    name: str
    metadata: Metadata
    fid: str = ""
    experiment_id: int = 1
    size: int = 0
    creator: str | None = "ann"
    parents: tuple[int, ...] = ()
    is_retired: bool = False
    updated_at: datetime | None = None
    came_on_day: int = 0

    @property
    def key(self) -> str:
        return self.fid or f"f{self.number:02}"

    @property
    def created_at(self) -> datetime:
        return NEW_YEAR + timedelta(days=self.came_on_day)

    @property
    def retired_at(self) -> datetime | None:
        return self.created_at + timedelta(days=1) if self.is_retired else None

    def attributes(self) -> dict[str, object]:
        return {
            "id": self.key,
            "fid": self.key,
            "namespace": self.namespace,
            "name": self.name,
            "size": self.size,
            "creator": self.creator,
            "created_timestamp": self.created_at,
            "updated_by": "bob" if self.updated_at else None,
            "updated_timestamp": self.updated_at,
            "retired": self.is_retired,
            "retired_by": "bob" if self.is_retired else None,
            "retired_timestamp": self.retired_at,
            "checksums": "{}",
        }


@dataclass(frozen=True)
class Dataset:
    """A dataset with the numbers of its files and subsets."""

    number: int
    namespace: str
    name: str
    metadata: Metadata
    files: tuple[int, ...] = ()
    children: tuple[int, ...] = ()
    experiment_id: int = 1
    frozen: bool = False
    description: str | None = None

    def attributes(self) -> dict[str, object]:
        return {
            "namespace": self.namespace,
            "name": self.name,
            "creator": "ann",
            "created_timestamp": NEW_YEAR,
            "description": self.description,
            "frozen": self.frozen,
            "monotonic": False,
            "file_count": len(self.files),
        }


@dataclass(frozen=True)
class Named:
    """A named query."""

    namespace: str
    name: str
    source: str
    metadata: Metadata = field(default_factory=dict)
    experiment_id: int = 1
    description: str = ""

    def attributes(self) -> dict[str, object]:
        return {
            "namespace": self.namespace,
            "name": self.name,
            "creator": "ann",
            "created_timestamp": NEW_YEAR,
            "description": self.description,
            "source": self.source,
        }


@dataclass(frozen=True)
class Catalogue:
    """Files, datasets and named queries."""

    files: tuple[File, ...]
    datasets: tuple[Dataset, ...] = field(default=())
    queries: tuple[Named, ...] = field(default=())

    def tables(self) -> dict[str, list[dict[str, object]]]:
        """The rows of each table."""
        return {
            "files": [_file_row(file) for file in self.files],
            "datasets": [_dataset_row(dataset) for dataset in self.datasets],
            "dataset_files": [{"dataset_id": d.number, "file_id": n} for d in self.datasets for n in d.files],
            "dataset_children": [{"parent_id": d.number, "child_id": n} for d in self.datasets for n in d.children],
            "named_queries": [_query_row(query) for query in self.queries],
            "provenance": [{"parent_id": n, "child_id": f.number} for f in self.files for n in f.parents],
        }


def _file_row(file: File) -> dict[str, object]:
    facts = file.attributes()
    return {
        "id": file.number,
        "fid": file.key,
        "namespace": file.namespace,
        "name": file.name,
        "experiment_id": file.experiment_id,
        "size_bytes": file.size,
        "checksums": "{}",
        "metadata": json.dumps(file.metadata),
        "created_at": file.created_at,
        "created_by": file.creator,
        "updated_at": file.updated_at,
        "updated_by": facts["updated_by"],
        "retired_at": file.retired_at,
        "retired_by": facts["retired_by"],
    }


def _dataset_row(dataset: Dataset) -> dict[str, object]:
    return {
        "id": dataset.number,
        "namespace": dataset.namespace,
        "name": dataset.name,
        "experiment_id": dataset.experiment_id,
        "frozen": dataset.frozen,
        "monotonic": False,
        "metadata": json.dumps(dataset.metadata),
        "description": dataset.description,
        "created_at": NEW_YEAR,
        "created_by": "ann",
        "file_count": len(dataset.files),
    }


def _query_row(query: Named) -> dict[str, object]:
    return {
        "namespace": query.namespace,
        "name": query.name,
        "experiment_id": query.experiment_id,
        "source": query.source,
        "description": query.description,
        "metadata": json.dumps(query.metadata),
        "created_at": NEW_YEAR,
        "created_by": "ann",
    }


_VARIANTS: tuple[Metadata, ...] = (
    {"c.a": 1, "c.b": "raw", "c.l": [1, 2, 3]},
    {"c.a": 2, "c.b": "Raw", "c.l": [2]},
    {"c.a": 2.5, "c.b": "reco", "c.l": []},
    {"c.a": "2", "c.b": 1, "c.l": [1, "raw", None, True]},
    {"c.a": None, "c.b": None, "c.l": None},
    {"c.a": True, "c.b": "r.w", "c.l": {"k": 1}},
    {"c.a": [1, "1"], "c.b": ["raw", "ana"], "c.l": [[1, 2], [3]]},
    {"c.a": {"k": 2}, "c.b": {"k": "raw"}, "c.l": [{"k": 1}, {"k": "raw"}, {"m": 2}]},
    {},
    {"c.a": NEW_YEAR.timestamp(), "c.b": "2021", "c.l": ["raw", "rawer"]},
    {"c.a": -1.5, "c.b": "", "c.l": [0.5, -1]},
    {"c.a": NEW_YEAR.timestamp() + 90000, "c.b": "Ω raw", "c.l": [True, False]},
)

CATALOGUE = Catalogue(
    files=tuple(
        File(
            number=number,
            namespace="t" if number % 3 else "u",
            name=f"{'raw' if number % 2 else 'reco'}_{number:02}",
            metadata=_VARIANTS[number % len(_VARIANTS)],
            experiment_id=2 if number % 11 == 5 else 1,
            size=number * 100,
            creator=None if number == 4 else ("ann" if number % 2 else "bob"),
            parents=tuple(n for n in (number - 5, number - 7) if n > 0 and number % 4),
            is_retired=number % 7 == 6,
            updated_at=NEW_YEAR + timedelta(days=3) if number % 5 == 0 else None,
            came_on_day=(30 - number) // 2,  # two on a day, so that the file id must decide about their order
        )
        for number in range(1, 27)
    ),
    datasets=(
        Dataset(1, "t", "raw", {"ds.kind": "raw", "ds.year": 2021}, files=(1, 3, 5, 6, 7, 9), frozen=True),
        Dataset(2, "t", "reco", {"ds.kind": "reco", "ds.year": 2022}, files=(2, 4, 6, 8, 13, 20), children=(4,)),
        Dataset(3, "t", "all", {"ds.kind": "container"}, children=(1, 2, 5), description="all of it"),
        Dataset(4, "u", "mix", {"ds.kind": "mix", "ds.year": 2022}, files=(3, 10, 11, 12, 16, 21, 22), children=(3,)),
        Dataset(5, "t", "empty", {}),
        Dataset(6, "u", "raw", {"ds.kind": ["raw", "old"]}, files=(15, 16, 17, 18, 24, 25), experiment_id=2),
    ),
    queries=(
        Named("t", "raws", "files from t:raw where c.a = 1 or size > 300", {"q.kind": "raw", "q.year": 2021}),
        Named("t", "first", "files limit 7", {"q.kind": "cut"}, description="the first"),
        Named("t", "both", "[files selected by raws, files selected by u:other] - files selected by t:first"),
        Named("t", "halves", "filter sample(0.5)(files selected by both ordered)", {"q.year": 2022}),
        Named("u", "other", "files raw_03, reco_06, t:reco_10", {"q.kind": "list"}),
        Named("u", "named", "parents(files from u:mix) skip 1"),
    ),
)
