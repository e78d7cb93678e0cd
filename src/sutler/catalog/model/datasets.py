"""Datasets."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from sutler.base.did import Did


@dataclass(frozen=True)
class Dataset:
    """A named set of files. `requirements` say what the metadata of its files must be like, parameter by parameter.

    `file_count` is exact: the members that are not retired.
    """

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
    requirements: Mapping[str, object] = field(default_factory=dict)
    updated_at: datetime | None = None
    updated_by: str | None = None
    parents: tuple[Did, ...] | None = None
    children: tuple[Did, ...] | None = None

    @property
    def did(self) -> Did:
        """Its namespace and name."""
        return Did(self.namespace, self.name)


@dataclass(frozen=True)
class DatasetRelatives:
    """Where a dataset stands among the others. Lists hold the first 500 by name; the counts are of all.

    Supersets are the datasets above it on all levels, subsets those below it.
    """

    parents: tuple[Did, ...]
    children: tuple[Did, ...]
    parent_count: int
    child_count: int
    superset_count: int
    subset_count: int
