"""Words of the room: experiments, users, roles, actions, and who is asking."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID


class Role(StrEnum):
    """What a member is in an experiment. Each role may also act as any role before it."""

    ANALYSIS = "analysis"
    SHIFTER = "production-shifter"
    PRODUCTION = "production"
    SUPERUSER = "superuser"


class Action(StrEnum):
    """What somebody may be permitted to do. The words appear in refusals."""

    ANYONE = "anyone"
    VIEW = "view"
    CREATE = "create"
    EDIT = "edit"
    LAUNCH = "launch"
    PROCESS = "process files of"
    DECLARE = "declare files in"
    MANAGE_MEMBERS = "manage the members of"
    SET_SERVICES = "see or set the services of"
    ADMINISTER = "administer"


class TokenKind(StrEnum):
    """What a token is for: scripts and people, a browser session, or the jobs of one submission."""

    API = "api"
    SESSION = "session"
    JOB = "job"


class AuthEvent(StrEnum):
    """What can happen in this room, with the facts of each event."""

    EXPERIMENT_CREATED = "auth.experiment_created"  # name
    USER_CREATED = "auth.user_created"  # username
    PASSWORD_CHANGED = "auth.password_changed"  # username  # noqa: S105 - a kind of event, not a password
    MEMBER_CHANGED = "auth.member_changed"  # username, role or null
    GROUP_CREATED = "auth.group_created"  # name
    GROUP_MEMBER_CHANGED = "auth.group_member_changed"  # username, group, is_member
    TOKEN_CREATED = "auth.token_created"  # jti, token kind, expires_at  # noqa: S105
    TOKEN_REVOKED = "auth.token_revoked"  # jti  # noqa: S105
    SERVICE_CHANGED = "auth.service_changed"  # service, server_url, auth_url, account, timeout_seconds, has_moved
    SERVICE_REMOVED = "auth.service_removed"  # service, server_url
    CREDENTIAL_CHANGED = "auth.credential_changed"  # service, side, method, username
    CREDENTIAL_REMOVED = "auth.credential_removed"  # service, side, reason: asked, moved or service removed


@dataclass(frozen=True)
class Experiment:
    """The group that everything belongs to."""

    id: int
    name: str
    full_name: str
    is_active: bool
    created_at: datetime


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
class Member:
    """A user in an experiment."""

    username: str
    display_name: str
    role: Role


@dataclass(frozen=True)
class Group:
    """Some members of an experiment under a name that is unique in the installation, in the order of their names.

    A group that is computed follows the roles of the members; nobody can be put into it or taken out of it.
    """

    name: str
    experiment_id: int
    description: str
    members: tuple[str, ...]
    is_computed: bool = False


@dataclass(frozen=True)
class Thing:
    """What an action is about, as far as permission cares.

    `owner_id` and `owner_role` are set for things that somebody made: analysis members change only their own,
    production and shifters those of production. `owner_group` is the group that a thing belongs to instead: its members
    may change it and declare in it. `project_id` is set for what a job may touch. `allowed_users` and `allowed_groups`
    are those who may see it and process its files besides, whatever their role.
    """

    kind: str
    experiment_id: int | None
    owner_id: int | None = None
    owner_role: Role | None = None
    project_id: int | None = None
    allowed_users: frozenset[int] = frozenset()
    allowed_groups: frozenset[str] = frozenset()
    owner_group: str | None = None


@dataclass(frozen=True)
class Principal:
    """Who is asking, with the roles held at this moment and the groups that follow from them or were given.

    `consulted` collects every permission question that was put; tests use it to prove that no operation forgot.
    """

    user_id: int
    username: str
    display_name: str
    is_admin: bool
    roles: Mapping[int, Role]
    experiments: Mapping[int, str]
    kind: TokenKind = TokenKind.API
    jti: UUID | None = None
    project_id: int | None = None
    groups: frozenset[str] = frozenset()
    consulted: list[tuple[Action, Thing]] = field(default_factory=list, compare=False, repr=False)


@dataclass(frozen=True)
class Bearer:
    """A user and, where one was shown, the token: everything that makes a principal.

    `roles` and `experiments` are by experiment id, as text; `groups` are those that somebody was put into. The fields
    of the token are None where there is none.
    """

    user_id: int
    username: str
    display_name: str
    is_admin: bool
    is_active: bool
    roles: Mapping[str, str]
    experiments: Mapping[str, str]
    jti: UUID | None = None
    kind: TokenKind | None = None
    experiment_id: int | None = None
    experiment: str | None = None
    project_id: int | None = None
    expires_at: datetime | None = None
    revoked_at: datetime | None = None
    groups: Sequence[str] = ()


@dataclass(frozen=True)
class Credentials:
    """What signing in is checked against. Without a hash nobody can sign in as this user."""

    user_id: int
    username: str
    password_hash: str | None = field(repr=False)
    is_active: bool


@dataclass(frozen=True)
class FirstUser:
    """The user that a new installation begins with: the only time the password is known."""

    username: str
    password: str = field(repr=False)
    is_generated: bool


@dataclass(frozen=True)
class SigningKey:
    """A key that tokens are signed with."""

    key_id: str
    secret: str = field(repr=False)


@dataclass(frozen=True)
class IssuedToken:
    """A token that was just made: the only time its text is known."""

    text: str = field(repr=False)
    jti: UUID
    expires_at: datetime


@dataclass(frozen=True)
class TokenRecord:
    """A token as it is listed: never its text."""

    jti: UUID
    kind: TokenKind
    label: str
    created_at: datetime
    expires_at: datetime
    revoked_at: datetime | None


class ServiceKind(StrEnum):
    """What another service is to an experiment: its catalogue, or the source of its replicas."""

    METACAT = "metacat"
    RUCIO = "rucio"


class CredentialSide(StrEnum):
    """For whose work a credential is: that of analysis, that of production, or any that has none of its own."""

    ANY = "any"
    ANALYSIS = "analysis"
    PRODUCTION = "production"


class CredentialMethod(StrEnum):
    """What is shown at the authentication server: a password, or a bearer token of an issuer that it trusts."""

    PASSWORD = "password"  # noqa: S105 - a word, not a password
    TOKEN = "token"  # noqa: S105


@dataclass(frozen=True)
class Service:
    """Another service that an experiment uses: where it is, and how long to wait for it in all.

    `account` is the Rucio account to act as; for MetaCat the role that owns the namespaces made from here, "" for the
    user of the credential. `auth_url` is complete: what was left out when it was set has been filled in.
    """

    experiment_id: int
    kind: ServiceKind
    server_url: str
    auth_url: str
    account: str
    timeout_for: timedelta
    updated_at: datetime
    updated_by: str


@dataclass(frozen=True)
class NewService:
    """A service to be set. Without `auth_url` it is `server_url`, for MetaCat with `/auth`."""

    kind: ServiceKind
    server_url: str
    auth_url: str = ""
    account: str = ""
    timeout_for: timedelta = timedelta(seconds=60)


@dataclass(frozen=True)
class Credential:
    """What an experiment signs in with at another service: never its secret."""

    experiment_id: int
    kind: ServiceKind
    side: CredentialSide
    method: CredentialMethod
    username: str
    changed_at: datetime
    changed_by: str


@dataclass(frozen=True)
class ServiceList:
    """The services of an experiment by kind, with the credentials by kind and side; None for who may not see those."""

    services: tuple[Service, ...]
    credentials: tuple[Credential, ...] | None


@dataclass(frozen=True)
class NewCredential:
    """A credential to be set, with its password or token."""

    kind: ServiceKind
    side: CredentialSide
    method: CredentialMethod
    username: str
    secret: str = field(repr=False)


@dataclass(frozen=True)
class SealedCredential:
    """A credential as it is kept: its secret only under the seal."""

    credential: Credential
    secret_sealed: str = field(repr=False)


@dataclass(frozen=True)
class OpenCredential:
    """A credential with its secret, for the moment of signing in."""

    credential: Credential
    secret: str = field(repr=False)


SYSTEM = Principal(user_id=0, username="sutler", display_name="Sutler itself", is_admin=True, roles={}, experiments={})
