"""Other services that an experiment uses, and what it signs in there with."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from sutler.wire.strict import Strict

ServiceKind = Literal["metacat", "rucio"]
CredentialSide = Literal["any", "analysis", "production"]
CredentialMethod = Literal["password", "token"]
CheckState = Literal["fine", "doubtful", "broken"]


@dataclass(frozen=True)
class NewService(Strict):
    """Where a service is, and how long to wait for it in all.

    Without `auth_url` it is `server_url`, for MetaCat with `/auth`. `account` is the Rucio account to act as; for
    MetaCat the role that owns the namespaces made from here, empty for the user of the credential.
    """

    server_url: str
    auth_url: str = ""
    account: str = ""
    timeout_seconds: float = 60.0


@dataclass(frozen=True)
class NewCredential(Strict):
    """What to sign in with: a password, or a bearer token of an issuer that the service trusts."""

    username: str
    secret: str = field(repr=False)
    method: CredentialMethod = "password"


@dataclass(frozen=True)
class Credential:
    """What an experiment signs in with for one side, never its password or token."""

    service: str
    side: str
    method: str
    username: str
    changed_at: datetime
    changed_by: str


@dataclass(frozen=True)
class Service:
    """A service that an experiment uses. `credentials` is null for who may not set them."""

    kind: str
    server_url: str
    auth_url: str
    account: str
    timeout_seconds: float
    updated_at: datetime
    updated_by: str
    credentials: tuple[Credential, ...] | None = None


@dataclass(frozen=True)
class CheckLine:
    """One thing of a service that was looked at, and what was seen."""

    service: str
    part: str
    state: CheckState
    sentence: str


@dataclass(frozen=True)
class CheckReport:
    """What a check found: the worst state of its lines, and the lines."""

    state: CheckState
    items: tuple[CheckLine, ...]
