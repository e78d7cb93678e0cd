"""Experiments, users, members and tokens."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from sutler.wire.strict import Strict

Role = Literal["analysis", "production-shifter", "production", "superuser"]


@dataclass(frozen=True)
class SignIn(Strict):
    """A user name and its password."""

    username: str
    password: str = field(repr=False)


@dataclass(frozen=True)
class NewToken(Strict):
    """A token for scripts: what it is for and how long it is good."""

    label: str
    days: int = 7


@dataclass(frozen=True)
class IssuedToken:
    """A new token. Its text is shown this once; send it as `Authorization: Bearer TOKEN`."""

    token: str = field(repr=False)
    jti: str
    expires_at: datetime


@dataclass(frozen=True)
class TokenRecord:
    """A token as it is listed."""

    jti: str
    kind: str
    label: str
    created_at: datetime
    expires_at: datetime
    revoked_at: datetime | None


@dataclass(frozen=True)
class Membership:
    """A role in an experiment."""

    experiment: str
    role: str


@dataclass(frozen=True)
class Identity:
    """Who is asking."""

    username: str
    display_name: str
    is_admin: bool
    token_kind: str
    memberships: tuple[Membership, ...]
    groups: tuple[str, ...]


@dataclass(frozen=True)
class NewExperiment(Strict):
    """What an experiment is made with."""

    name: str
    full_name: str = ""


@dataclass(frozen=True)
class Experiment:
    """The group that everything belongs to."""

    id: int
    name: str
    full_name: str
    is_active: bool
    created_at: datetime


@dataclass(frozen=True)
class Member:
    """A user in an experiment."""

    username: str
    display_name: str
    role: str


@dataclass(frozen=True)
class NewRole(Strict):
    """The role that a member is to have."""

    role: Role


@dataclass(frozen=True)
class NewGroup(Strict):
    """What a group is made with. Its name is unique in the installation."""

    experiment: str
    name: str
    description: str = ""


@dataclass(frozen=True)
class Group:
    """Some members of an experiment under one name. A computed one follows from their roles."""

    name: str
    description: str
    members: tuple[str, ...]
    is_computed: bool


@dataclass(frozen=True)
class NewUser(Strict):
    """What a user is made with."""

    username: str
    password: str = field(repr=False)
    display_name: str = ""
    email: str = ""
    is_admin: bool = False


@dataclass(frozen=True)
class User:
    """A person or service that can sign in."""

    id: int
    username: str
    display_name: str
    email: str
    is_admin: bool
    is_active: bool
    created_at: datetime
    signed_in_at: datetime | None


@dataclass(frozen=True)
class NewPassword(Strict):
    """A new password. Users must give the old one, administrators need not."""

    password: str = field(repr=False)
    old_password: str | None = field(default=None, repr=False)
