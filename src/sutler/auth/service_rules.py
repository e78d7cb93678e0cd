"""What services of an experiment may look like, and whose work a credential is for. Pure."""

from __future__ import annotations

import dataclasses
import re
from datetime import timedelta
from urllib.parse import SplitResult, urlsplit

from sutler.auth.model import (
    CredentialMethod,
    CredentialSide,
    NewCredential,
    NewService,
    Role,
    Service,
    ServiceKind,
)
from sutler.base.errors import InvalidInputError, Problem

LONGEST_URL = 2000
LONGEST_NAME = 64
LONGEST_SECRET = 16_384
SHORTEST_TIMEOUT = timedelta(seconds=1)
LONGEST_TIMEOUT = timedelta(hours=1)

_BLANK_OR_CONTROL = re.compile(r"[\s\x00-\x1f\x7f]")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_PLAIN = re.compile(r"[!-~]*")
_LABEL = r"[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?"
_HOST = re.compile(rf"{_LABEL}(?:\.{_LABEL})*\.?|[0-9a-fA-F:.]*:[0-9a-fA-F:.]*")
_SCHEMES = {"http": 80, "https": 443}


def complete_service(service: NewService) -> NewService:
    """Return a service with everything filled in that was left out. Raises InvalidInputError with all that is wrong."""
    server_url = service.server_url.strip().rstrip("/")
    auth_url = service.auth_url.strip().rstrip("/")
    account = service.account.strip()
    problems = [
        *_list_url_problems("server_url", server_url),
        *(_list_url_problems("auth_url", auth_url) if auth_url else ()),
        *_list_name_problems("account", account),
    ]
    if not SHORTEST_TIMEOUT <= service.timeout_for <= LONGEST_TIMEOUT:
        least, most = (int(limit.total_seconds()) for limit in (SHORTEST_TIMEOUT, LONGEST_TIMEOUT))
        problems.append(Problem("timeout_seconds", f"must be between {least} and {most}"))
    if problems:
        raise InvalidInputError(problems)
    auth_url = auth_url or choose_auth_url(service.kind, server_url)
    return dataclasses.replace(service, server_url=server_url, auth_url=auth_url, account=account)


def choose_auth_url(kind: ServiceKind, server_url: str) -> str:
    """Return where to sign in at a service if nothing else is said."""
    return f"{server_url}/auth" if kind is ServiceKind.METACAT else server_url


def is_same_place(before: Service, wanted: NewService) -> bool:
    """Whether both addresses of a service stay with the scheme, host and port they had."""
    return all(
        _find_origin(old) == _find_origin(new)
        for old, new in ((before.server_url, wanted.server_url), (before.auth_url, wanted.auth_url))
    )


def check_credential(credential: NewCredential) -> None:
    """Raise InvalidInputError with all that is wrong with a credential; it never repeats the secret."""
    problems = _list_name_problems("username", credential.username)
    if not credential.username:
        problems.append(Problem("username", "is needed"))
    elif ":" in credential.username:
        problems.append(Problem("username", "may not contain a colon"))
    if not credential.secret:
        problems.append(Problem("secret", "is needed"))
    elif len(credential.secret) > LONGEST_SECRET:
        problems.append(Problem("secret", f"may have at most {LONGEST_SECRET} characters"))
    elif _find_forbidden(credential.method).search(credential.secret):
        what = "control characters" if credential.method is CredentialMethod.PASSWORD else "blanks"
        problems.append(Problem("secret", f"may not contain {what}"))
    if problems:
        raise InvalidInputError(problems)


def choose_side(role: Role) -> CredentialSide:
    """Return whose credential the work of a role uses."""
    return CredentialSide.ANALYSIS if role is Role.ANALYSIS else CredentialSide.PRODUCTION


def _find_forbidden(method: CredentialMethod) -> re.Pattern[str]:
    return _CONTROL if method is CredentialMethod.PASSWORD else _BLANK_OR_CONTROL


def _list_name_problems(where: str, name: str) -> list[Problem]:
    problems = []
    if len(name) > LONGEST_NAME:
        problems.append(Problem(where, f"may have at most {LONGEST_NAME} characters"))
    if _BLANK_OR_CONTROL.search(name):
        problems.append(Problem(where, "may not contain blanks"))
    return problems


def _list_url_problems(where: str, url: str) -> list[Problem]:
    if not url:
        return [Problem(where, "is needed")]
    if len(url) > LONGEST_URL:
        return [Problem(where, f"may have at most {LONGEST_URL} characters")]
    if _BLANK_OR_CONTROL.search(url):
        return [Problem(where, "may not contain blanks")]
    if not _PLAIN.fullmatch(url):
        return [Problem(where, "may contain plain letters, digits and signs only: write others as %XX")]
    try:
        parts = urlsplit(url)
        _find_port(parts)
    except ValueError:
        return [Problem(where, "is not an address that can be read")]
    problems = []
    if parts.scheme not in _SCHEMES:
        problems.append(Problem(where, "must begin with http:// or https://"))
    if not parts.hostname:
        problems.append(Problem(where, "must name a host"))
    elif not _HOST.fullmatch(parts.hostname):
        problems.append(Problem(where, "must name a host by letters, digits, dots and hyphens, or by its number"))
    if "@" in parts.netloc:
        problems.append(Problem(where, "may not contain a user name or password: set a credential instead"))
    if "?" in url or "#" in url:
        problems.append(Problem(where, "may not contain a query or fragment (? or #)"))
    return problems


def _find_origin(url: str) -> tuple[str, str, int]:
    parts = urlsplit(url)
    return parts.scheme, parts.hostname or "", _find_port(parts)


def _find_port(parts: SplitResult) -> int:
    return parts.port or _SCHEMES.get(parts.scheme, 0)
