"""Categories: rules for the metadata of files."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from sutler.wire.auth import Role
from sutler.wire.strict import Strict


@dataclass(frozen=True)
class NewCategory(Strict):
    """What a category is made with. It belongs to the role or group if one is given, else to who makes it.

    The path of the root is a dot. `constraints` are by name, each with any of `type`, `values`, `min`, `max`,
    `pattern` and `required`.
    """

    experiment: str
    path: str
    owner_role: Role | None = None
    owner_group: str | None = None
    restricted: bool = False
    required: bool = False
    description: str = ""
    constraints: dict[str, dict[str, Any]] = field(default_factory=dict)


@dataclass(frozen=True)
class CategoryChange(Strict):
    """What is to be changed of a category; null leaves it as it is.

    Constraints are merged into those that are there, or replace them.
    """

    owner_role: Role | None = None
    owner_group: str | None = None
    restricted: bool | None = None
    required: bool | None = None
    description: str | None = None
    constraints: dict[str, dict[str, Any]] | None = None
    mode: Literal["merge", "replace"] = "merge"


@dataclass(frozen=True)
class Category:
    """Rules for the metadata below a path. It has one owner: a user, a role or a group."""

    experiment: str
    path: str
    owner_user: str | None
    owner_role: str | None
    owner_group: str | None
    restricted: bool
    required: bool
    description: str
    constraints: dict[str, dict[str, Any]]
    created_at: datetime
    created_by: str
    updated_at: datetime | None
    updated_by: str | None
