"""Tokens, the keys that sign them, and what signing in by digest needs."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sutler.auth.digest import DigestLogin
from sutler.auth.model import Bearer, SigningKey, TokenKind, TokenRecord
from sutler.database import Tx, into_list, into_optional, load_statements

_SQL = load_statements("sutler.auth.store", "tokens.sql")


async def insert_token(
    tx: Tx,
    *,
    jti: UUID,
    user_id: int,
    kind: TokenKind,
    label: str,
    experiment_id: int | None,
    project_id: int | None,
    expires_at: datetime,
) -> None:
    """Enter a token that is being given out."""
    await tx.run(
        _SQL.insert_token,
        jti=jti,
        user_id=user_id,
        kind=kind.value,
        label=label,
        experiment_id=experiment_id,
        project_id=project_id,
        expires_at=expires_at,
        now=tx.now,
    )


async def find_bearer(tx: Tx, *, username: str, jti: UUID | None) -> Bearer | None:
    """Return a user with the roles held, and the token if it is this user's."""
    return into_optional(Bearer, await tx.row(_SQL.find_bearer, username=username, jti=jti))


async def find_token_owner(tx: Tx, *, jti: UUID) -> int | None:
    """Return the number of the user whose token it is."""
    owner: int | None = await tx.value(_SQL.find_token_owner, jti=jti)
    return owner


async def list_tokens(tx: Tx, *, user_id: int) -> list[TokenRecord]:
    """Return the tokens of a user that are not expired and not of jobs, newest first."""
    return into_list(TokenRecord, await tx.rows(_SQL.list_tokens, user_id=user_id, now=tx.now))


async def revoke_token(tx: Tx, *, jti: UUID) -> bool:
    """Take a token back. False if that was done before."""
    return bool(await tx.run(_SQL.revoke_token, jti=jti, now=tx.now))


async def revoke_sessions(tx: Tx, *, user_id: int, kept_jti: UUID | None) -> int:
    """Take back all browser sessions of a user but one. Returns how many there were."""
    return await tx.run(_SQL.revoke_sessions, user_id=user_id, kept_jti=kept_jti, now=tx.now)


async def insert_signing_key(tx: Tx, *, key_id: str, secret: str) -> bool:
    """Enter a signing key. False if there is one of that name already."""
    return bool(await tx.run(_SQL.insert_signing_key, key_id=key_id, secret=secret, now=tx.now))


async def list_signing_keys(tx: Tx) -> list[SigningKey]:
    """Return the signing keys, oldest first."""
    return into_list(SigningKey, await tx.rows(_SQL.list_signing_keys))


async def insert_digest_login(tx: Tx, *, realm: str, nonce_key: str) -> bool:
    """Switch digest sign-in on. False if it was."""
    return bool(await tx.run(_SQL.insert_digest_login, realm=realm, nonce_key=nonce_key, now=tx.now))


async def delete_digest_login(tx: Tx) -> bool:
    """Switch digest sign-in off. False if it was."""
    return bool(await tx.run(_SQL.delete_digest_login))


async def delete_digest_hashes(tx: Tx) -> int:
    """Forget what digest sign-in needed of passwords. Returns of how many."""
    return await tx.run(_SQL.delete_digest_hashes)


async def find_digest_login(tx: Tx) -> DigestLogin | None:
    """Return how digest sign-in is done; None while it is off."""
    return into_optional(DigestLogin, await tx.row(_SQL.find_digest_login))


async def upsert_digest_hash(tx: Tx, *, user_id: int, ha1: str) -> None:
    """Keep what digest sign-in needs of a password."""
    await tx.run(_SQL.upsert_digest_hash, user_id=user_id, ha1=ha1)


async def find_digest_hash(tx: Tx, *, user_id: int) -> str | None:
    """Return what digest sign-in needs of a user's password."""
    ha1: str | None = await tx.value(_SQL.find_digest_hash, user_id=user_id)
    return ha1


async def insert_digest_nonce(tx: Tx, *, nonce: str, expires_at: datetime) -> bool:
    """Use a nonce up. False if that was done before."""
    return bool(await tx.run(_SQL.insert_digest_nonce, nonce=nonce, expires_at=expires_at, now=tx.now))
