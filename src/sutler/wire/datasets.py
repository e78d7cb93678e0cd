"""Changing datasets and what they hold, where they stand among the others, and named queries."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from sutler.wire.catalog import Namespace
from sutler.wire.strict import Strict


@dataclass(frozen=True)
class NamespaceView:
    """A namespace with how many files (retired ones left out), datasets and named queries it holds."""

    namespace: Namespace
    file_count: int
    dataset_count: int
    query_count: int


@dataclass(frozen=True)
class DatasetChange(Strict):
    """What is to change of a dataset; what is not given stays. `mode` is about the metadata.

    Requirements are definitions by parameter, such as {"core.run": {"type": "int", "required": true}}.
    """

    description: str | None = None
    frozen: bool | None = None
    monotonic: bool | None = None
    metadata: dict[str, Any] | None = None
    mode: Literal["merge", "replace"] = "merge"
    requirements: dict[str, Any] | None = None


@dataclass(frozen=True)
class ChosenFiles(Strict):
    """Files of which a dataset is to hold more, or fewer: by DID or fid, or those that a query in MQL selects."""

    dataset: str
    files: tuple[str, ...] = ()
    query: str | None = None


@dataclass(frozen=True)
class Subset(Strict):
    """A dataset directly below another one, both by DID."""

    parent: str
    child: str


@dataclass(frozen=True)
class DatasetRelatives:
    """The datasets around one. Lists hold the first 500 by name, the counts are of all.

    Supersets are the datasets above it on all levels, subsets those below it.
    """

    parents: tuple[str, ...]
    children: tuple[str, ...]
    parent_count: int
    child_count: int
    superset_count: int
    subset_count: int


@dataclass(frozen=True)
class NewNamedQuery(Strict):
    """A query in MQL that is to be kept under a name. With `replace` another one of that name may be there."""

    namespace: str
    name: str
    source: str
    description: str | None = None
    metadata: dict[str, Any] | None = None
    replace: bool = False


@dataclass(frozen=True)
class NamedQuery:
    """A query in MQL that was kept under a name."""

    namespace: str
    name: str
    experiment: str
    source: str
    description: str
    created_at: datetime
    created_by: str
    updated_at: datetime | None
    updated_by: str | None
    metadata: dict[str, Any] = field(default_factory=dict)
