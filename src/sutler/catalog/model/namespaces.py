"""Namespaces and who acts."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sutler.auth.model import Role


@dataclass(frozen=True)
class Author:
    """The name written beside what an inner operation does in somebody's name."""

    username: str


@dataclass(frozen=True)
class Namespace:
    """A set of names that belongs to one experiment and has one owner: a user, a role or a named group."""

    name: str
    experiment_id: int
    description: str
    owner_user_id: int | None
    owner_role: Role | None
    owner_group: str | None
    created_at: datetime
    created_by: str
    owner_username: str | None = None


@dataclass(frozen=True)
class NamespaceCounts:
    """How much a namespace holds; files that were retired are left out."""

    file_count: int
    dataset_count: int
    query_count: int
