"""From a token, or a user's number, to who is asking."""

from __future__ import annotations

from datetime import datetime

from sutler.auth import store
from sutler.auth.errors import TokenExpiredError, TokenRevokedError, UnknownUserError, UserNotFoundError
from sutler.auth.model import Bearer, Principal
from sutler.auth.rules import make_principal
from sutler.auth.signing import Claims, TokenSigner
from sutler.database import Database, Tx


async def authenticate(db: Database, signer: TokenSigner, *, token: str) -> Principal:
    """Return who shows this token, with the roles held at this moment.

    Raises NotAuthenticatedError: TokenInvalidError, TokenExpiredError, TokenRevokedError, UnknownUserError.
    """
    return await authenticate_claims(db, claims=signer.read(token, now=db.clock.now()))


async def authenticate_claims(db: Database, *, claims: Claims) -> Principal:
    """Return who shows a token whose text was read already.

    Raises TokenExpiredError, TokenRevokedError, UnknownUserError.
    """
    async with db.read() as tx:
        bearer = await store.find_bearer(tx, username=claims.username, jti=claims.jti)
        return make_principal(_check(bearer, claims, tx.now))


async def get_principal_of(db: Database, *, user_id: int) -> Principal:
    """Return a user as somebody who asks, for work that a loop does in the user's name.

    Raises UserNotFoundError when there is no such user, or the user is no longer active.
    """
    async with db.read() as tx:
        return await get_principal_in(tx, user_id=user_id)


async def get_principal_in(tx: Tx, *, user_id: int) -> Principal:
    """As `get_principal_of`, inside a transaction. Raises UserNotFoundError."""
    user = await store.find_user_by_id(tx, user_id=user_id)
    bearer = await store.find_bearer(tx, username=user.username, jti=None) if user else None
    if bearer is None or not bearer.is_active:
        raise UserNotFoundError("active user", user.username if user else user_id)
    return make_principal(bearer)


def _check(bearer: Bearer | None, claims: Claims, now: datetime) -> Bearer:
    if bearer is None or not bearer.is_active:
        raise UnknownUserError(username=claims.username)
    if bearer.jti is None or bearer.expires_at is None or bearer.revoked_at is not None:
        raise TokenRevokedError(username=claims.username)
    if bearer.expires_at <= now:
        raise TokenExpiredError(username=claims.username, expired_at=bearer.expires_at)
    return bearer
