"""Rules for metadata parameters."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sutler.auth.model import Role


@dataclass(frozen=True)
class CategoryRule:
    """What a category says of the metadata below its path."""

    path: str
    restricted: bool
    required: bool
    constraints: Mapping[str, Mapping[str, object]]


@dataclass(frozen=True)
class Category:
    """Rules for the metadata below a path; the path of the root is a dot.

    It has one owner: a user, a role or a group. `constraints` say of names in it what their values must be; in a
    restricted category no other names may be used, and in a required one those that are required must be there.
    """

    experiment_id: int
    path: str
    owner_user_id: int | None
    owner_role: Role | None
    owner_group: str | None
    restricted: bool
    required: bool
    description: str
    constraints: Mapping[str, Mapping[str, object]]
    created_at: datetime
    created_by: str
    updated_at: datetime | None = None
    updated_by: str | None = None
    owner_username: str | None = None
