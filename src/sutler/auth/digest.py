"""HTTP Digest (RFC 2617 and 7616, algorithm MD5, quality `auth`), as far as old clients need it. Pure.

MD5 and a stored hash that is as good as the password are what the protocol asks for; that is why it is off at first.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

REALM = "sutler"
NONCE_LIFETIME = timedelta(minutes=1)

_FIELD = re.compile(
    r'(?P<name>[a-z]+)\s*=\s*(?:"(?P<quoted>(?:[^"\\]|\\.)*)"|(?P<bare>[^\s,"]+))\s*(?:,|$)', re.IGNORECASE
)
_NEEDED = ("username", "realm", "nonce", "uri", "response", "nc", "cnonce")


@dataclass(frozen=True)
class DigestLogin:
    """That digest sign-in is on: the realm of the hashes, and the key of the nonces."""

    realm: str
    nonce_key: str = field(repr=False)


@dataclass(frozen=True)
class DigestChallenge:
    """What a client is asked with. A stale challenge says that only the nonce was too old."""

    realm: str
    nonce: str
    is_stale: bool = False

    @property
    def header(self) -> str:
        """The value of `WWW-Authenticate`."""
        stale = ", stale=true" if self.is_stale else ""
        return f'Digest realm="{self.realm}", nonce="{self.nonce}", algorithm=MD5, qop="auth"{stale}'


@dataclass(frozen=True)
class DigestAnswer:
    """What a client answers with."""

    username: str
    realm: str
    nonce: str
    uri: str
    response: str
    nc: str
    cnonce: str


def make_ha1(username: str, realm: str, password: str) -> str:
    """Return what is kept of a password for digest sign-in."""
    return _md5(f"{username}:{realm}:{password}")


def make_nonce(login: DigestLogin, now: datetime) -> str:
    """Return a nonce that only this installation could make, with the instant it was made at."""
    stamp = f"{int(now.timestamp()):x}-{secrets.token_hex(8)}"
    return f"{stamp}-{_sign(login, stamp)}"


def read_nonce(login: DigestLogin, nonce: str) -> datetime | None:
    """Return when a nonce ends to be good; None for one that was not made here."""
    stamp, _, signature = nonce.rpartition("-")
    if not stamp or not hmac.compare_digest(_sign(login, stamp).encode(), signature.encode("utf-8", "replace")):
        return None
    return datetime.fromtimestamp(int(stamp.partition("-")[0], 16), UTC) + NONCE_LIFETIME


def read_authorization(header: str) -> DigestAnswer | None:
    """Return what a header `Authorization` answers; None if it is no digest of the kind that is asked for."""
    scheme, _, rest = header.partition(" ")
    given = {
        match["name"].lower(): re.sub(r"\\(.)", r"\1", match["quoted"])
        if match["quoted"] is not None
        else match["bare"]
        for match in _FIELD.finditer(rest)
    }
    is_ours = given.get("algorithm", "MD5").upper() == "MD5" and given.get("qop") == "auth"
    if scheme.lower() != "digest" or not is_ours or not all(name in given for name in _NEEDED):
        return None
    return DigestAnswer(**{name: given[name] for name in _NEEDED})


def is_right(answer: DigestAnswer, *, ha1: str, method: str, target: str) -> bool:
    """Whether the response fits the hash, the method and the address that was really asked.

    Before a proxy the address may have been longer at its beginning, never elsewhere.
    """
    ha2 = _md5(f"{method}:{answer.uri}")
    expected = _md5(f"{ha1}:{answer.nonce}:{answer.nc}:{answer.cnonce}:auth:{ha2}")
    is_same = hmac.compare_digest(expected.encode(), answer.response.lower().encode("utf-8", "replace"))
    return is_same and answer.uri.endswith(target)


def _sign(login: DigestLogin, stamp: str) -> str:
    return hmac.new(login.nonce_key.encode(), stamp.encode("utf-8", "replace"), hashlib.sha256).hexdigest()[:32]


def _md5(text: str) -> str:
    return hashlib.md5(text.encode("utf-8", "surrogatepass"), usedforsecurity=False).hexdigest()
