"""Queries, kept and explained."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sutler.base.did import Did
from sutler.catalog.model.selections import Selection


@dataclass(frozen=True)
class NamedQuery:
    """A query in MQL that was kept under a name. `parameters` are kept for old clients; nothing uses them."""

    namespace: str
    name: str
    experiment_id: int
    source: str
    description: str
    metadata: Mapping[str, object]
    parameters: Sequence[object]
    created_at: datetime
    created_by: str
    updated_at: datetime | None = None
    updated_by: str | None = None

    @property
    def did(self) -> Did:
        """Its namespace and name."""
        return Did(self.namespace, self.name)


@dataclass(frozen=True)
class PreparedSelection:
    """The answer of a catalogue elsewhere, kept for a transaction. `place` is where it came from.

    `is_all` means that the selection has no further file; else there are as many as were asked for. How the answer is
    cut is said by the selection.
    """

    id: int
    place: str
    is_all: bool
    selection: Selection


@dataclass(frozen=True)
class FileSummary:
    """How many files a query finds, and how large those are together whose size is known."""

    count: int
    size_bytes: int


@dataclass(frozen=True)
class ExplainedStatement:
    """A statement that answers a query or a part of it, the values it is given, and how many rows are expected."""

    purpose: str
    statement: str
    parameters: tuple[str, ...]
    estimated_rows: int


@dataclass(frozen=True)
class Explanation:
    """What a query means, as an outline, and how the database would answer it."""

    outline: str
    statements: tuple[ExplainedStatement, ...]
