"""The text of a token: a JSON Web Token signed with a key of the installation (HS256)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from joserfc import jwt
from joserfc.errors import ExpiredTokenError, JoseError
from joserfc.jwk import KeySet, OctKey

from sutler.auth.errors import TokenExpiredError, TokenInvalidError
from sutler.auth.model import SigningKey

_ALGORITHM = "HS256"
_CLOCK_SKEW_SECONDS = 60
_ESSENTIAL: dict[str, jwt.ClaimsOption] = {name: {"essential": True} for name in ("sub", "iat", "nbf", "exp", "jti")}


@dataclass(frozen=True)
class Claims:
    """What a token says: whose it is, its number, and from when to when it is good. Instants are whole seconds."""

    username: str
    jti: UUID
    issued_at: datetime
    expires_at: datetime


class TokenSigner:
    """Signs tokens with the newest key and reads those that any of the keys has signed."""

    def __init__(self, keys: Sequence[SigningKey]) -> None:
        """Take the keys, oldest first; at least one."""
        self._newest = keys[-1].key_id
        self._keys = KeySet([OctKey.import_key(key.secret.encode(), {"kid": key.key_id}) for key in keys])

    def sign(self, claims: Claims) -> str:
        """Return the text of a token."""
        issued_at = int(claims.issued_at.timestamp())
        said = {
            "sub": claims.username,
            "iat": issued_at,
            "nbf": issued_at,
            "exp": int(claims.expires_at.timestamp()),
            "jti": str(claims.jti),
        }
        return jwt.encode({"alg": _ALGORITHM, "kid": self._newest}, said, self._keys)

    def read(self, text: str, *, now: datetime) -> Claims:
        """Return what a token says. Whether it was taken back since is not known here.

        Raises TokenInvalidError, TokenExpiredError.
        """
        # The leeway is for servers whose clocks differ a little; the end is exact all the same, see below.
        registry = jwt.JWTClaimsRegistry(now=int(now.timestamp()), leeway=_CLOCK_SKEW_SECONDS, **_ESSENTIAL)
        try:
            said = jwt.decode(text, self._keys, algorithms=[_ALGORITHM]).claims
            registry.validate(said)
            claims = Claims(said["sub"], UUID(said["jti"]), _read_instant(said["iat"]), _read_instant(said["exp"]))
        except ExpiredTokenError as error:
            raise TokenExpiredError(username=said["sub"], expired_at=_read_instant(said["exp"])) from error
        except (JoseError, ValueError, TypeError, OverflowError) as error:
            # The library expects certain types in the head of a token and stumbles over others.
            raise TokenInvalidError from error
        if claims.expires_at <= now:
            raise TokenExpiredError(username=claims.username, expired_at=claims.expires_at)
        return claims


def _read_instant(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
