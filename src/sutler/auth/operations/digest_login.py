"""Signing in by HTTP Digest: switching it, keeping what it needs of a password, and the exchange itself."""

from __future__ import annotations

import secrets
from datetime import timedelta

from sutler.auth import store
from sutler.auth.digest import REALM, DigestChallenge, is_right, make_ha1, make_nonce, read_authorization, read_nonce
from sutler.auth.errors import WrongPasswordError
from sutler.auth.model import Credentials, IssuedToken, TokenKind
from sutler.auth.operations.tokens import SESSION_LIFETIME, issue_token_in
from sutler.auth.signing import TokenSigner
from sutler.database import Database, Tx

UNUSABLE_HA1 = "0" * 32


async def set_digest_login(db: Database, *, is_on: bool) -> None:
    """Switch digest sign-in as the server's setting says. Switched off, everything kept for it is deleted.

    Only for the start of a server: it asks for no permission.
    """
    async with db.write() as tx:
        if is_on:
            await store.insert_digest_login(tx, realm=REALM, nonce_key=secrets.token_urlsafe(32))
        else:
            await store.delete_digest_login(tx)
            await store.delete_digest_hashes(tx)


async def keep_digest_in(tx: Tx, *, user_id: int, username: str, password: str) -> None:
    """Keep what digest sign-in needs of a password that was just set, if it is on."""
    login = await store.find_digest_login(tx)
    if login is not None:
        await store.upsert_digest_hash(tx, user_id=user_id, ha1=make_ha1(username, login.realm, password))


async def find_digest_challenge(db: Database, *, is_stale: bool = False) -> DigestChallenge | None:
    """Return what to ask a client with; None while digest sign-in is off."""
    async with db.read() as tx:
        login = await store.find_digest_login(tx)
        return DigestChallenge(login.realm, make_nonce(login, tx.now), is_stale=is_stale) if login else None


async def sign_in_by_digest(
    db: Database, signer: TokenSigner, *, authorization: str, method: str, target: str
) -> IssuedToken | None:
    """Return a session token for a right answer to a challenge; None if only its nonce is too old or was used before.

    `target` is the path and query that was asked. Raises WrongPasswordError for everything else, also while digest
    sign-in is off and for users whose password was set while it was.
    """
    answer = read_authorization(authorization)
    async with db.write() as tx:
        login = await store.find_digest_login(tx)
        if login is None or answer is None or answer.realm != login.realm:
            raise WrongPasswordError
        credentials = await store.find_credentials(tx, username=answer.username)
        ha1 = await _find_hash(tx, credentials)
        expires_at = read_nonce(login, answer.nonce)
        if not is_right(answer, ha1=ha1 or UNUSABLE_HA1, method=method, target=target) or ha1 is None:
            raise WrongPasswordError
        if expires_at is None or expires_at <= tx.now:
            return None
        if not await store.insert_digest_nonce(tx, nonce=answer.nonce, expires_at=expires_at + timedelta(minutes=1)):
            return None
        assert credentials is not None
        if not await store.mark_signed_in(
            tx, user_id=credentials.user_id, password_hash=credentials.password_hash or ""
        ):
            raise WrongPasswordError
        return await issue_token_in(
            tx,
            signer,
            user_id=credentials.user_id,
            kind=TokenKind.SESSION,
            label="sign-in by digest",
            lifetime=SESSION_LIFETIME,
        )


async def _find_hash(tx: Tx, credentials: Credentials | None) -> str | None:
    if credentials is None or not credentials.is_active:
        return None
    return await store.find_digest_hash(tx, user_id=credentials.user_id)
