"""Tokens: signing in and out, tokens for scripts and jobs, and the keys they are signed with."""

from __future__ import annotations

import secrets
from datetime import timedelta
from uuid import UUID, uuid4

from sutler.auth import store
from sutler.auth.errors import TokenNotFoundError, UserNotFoundError, WrongPasswordError
from sutler.auth.model import Action, AuthEvent, IssuedToken, Principal, Thing, TokenKind, TokenRecord
from sutler.auth.passwords import verify_password
from sutler.auth.permission import permit
from sutler.auth.rules import check_token_days
from sutler.auth.signing import Claims, TokenSigner
from sutler.base.errors import InvalidInputError, Problem
from sutler.base.events import Event
from sutler.database import Database, Tx

SESSION_LIFETIME = timedelta(days=7)
FIRST_KEY = "1"


async def load_signer(db: Database) -> TokenSigner:
    """Return what signs and reads the tokens of this installation. Its first use makes the key.

    Servers that start at the same moment on an empty database agree on one key.
    """
    async with db.write() as tx:
        keys = await store.list_signing_keys(tx)
        if not keys:
            # The name is fixed, so of two servers here the second finds the key of the first.
            await store.insert_signing_key(tx, key_id=FIRST_KEY, secret=secrets.token_urlsafe(48))
            keys = await store.list_signing_keys(tx)
    return TokenSigner(keys)


async def sign_in(db: Database, signer: TokenSigner, *, username: str, password: str) -> IssuedToken:
    """Return a session token, good for seven days.

    Raises WrongPasswordError, with the same sentence and after the same work when there is no such user.
    """
    async with db.read() as tx:
        credentials = await store.find_credentials(tx, username=username)
    password_hash = credentials.password_hash if credentials and credentials.is_active else None
    is_right = await verify_password(password, password_hash)
    if not is_right or credentials is None or password_hash is None:
        raise WrongPasswordError
    async with db.write() as tx:
        if not await store.mark_signed_in(tx, user_id=credentials.user_id, password_hash=password_hash):
            raise WrongPasswordError
        return await issue_token_in(
            tx,
            signer,
            user_id=credentials.user_id,
            kind=TokenKind.SESSION,
            label="sign-in",
            lifetime=SESSION_LIFETIME,
        )


async def sign_out(db: Database, who: Principal) -> None:
    """Take back the token that somebody came with. Whoever came without one has nothing to give back."""
    permit(who, Action.EDIT, Thing("session", None, owner_id=who.user_id))
    if who.jti is not None:
        async with db.write() as tx:
            await _revoke_in(tx, who, user_id=who.user_id, jti=who.jti)


async def create_token(
    db: Database,
    signer: TokenSigner,
    who: Principal,
    *,
    label: str,
    days: int = 7,
    kind: TokenKind = TokenKind.API,
) -> IssuedToken:
    """Return a new token of one's own, for scripts. It acts with all the rights of its owner until it ends.

    Raises NotPermittedError (a job cannot make tokens), InvalidInputError.
    """
    permit(who, Action.CREATE, Thing("token", None, owner_id=who.user_id))
    check_token_days(days)
    if kind is TokenKind.JOB:
        raise InvalidInputError([Problem("kind", "tokens of jobs are made when a submission is launched")])
    async with db.write() as tx:
        return await issue_token_in(
            tx, signer, user_id=who.user_id, kind=kind, label=label, lifetime=timedelta(days=days)
        )


async def issue_local_token(db: Database, signer: TokenSigner, *, username: str, days: int) -> IssuedToken:
    """Return a token for any user. Only for the command of whoever owns the data directory: it asks for no permission.

    Raises InvalidInputError, UserNotFoundError.
    """
    check_token_days(days)
    async with db.write() as tx:
        user = await store.find_user(tx, username=username)
        if user is None:
            raise UserNotFoundError("user", username)
        return await issue_token_in(
            tx, signer, user_id=user.id, kind=TokenKind.API, label="sutler token create", lifetime=timedelta(days=days)
        )


async def issue_token_in(
    tx: Tx,
    signer: TokenSigner,
    *,
    user_id: int,
    kind: TokenKind,
    label: str,
    lifetime: timedelta,
    experiment_id: int | None = None,
    project_id: int | None = None,
) -> IssuedToken:
    """Return a new token of a user. A job token is good in its experiment, and for the files of its project, only.

    Raises UserNotFoundError when there is no such user, or the user is no longer active.
    """
    user = await store.find_user_by_id(tx, user_id=user_id)
    if user is None or not user.is_active:
        raise UserNotFoundError("active user", user.username if user else user_id)
    issued_at = tx.now.replace(microsecond=0)
    claims = Claims(user.username, uuid4(), issued_at, issued_at + lifetime)
    await store.insert_token(
        tx,
        jti=claims.jti,
        user_id=user_id,
        kind=kind,
        label=label,
        experiment_id=experiment_id,
        project_id=project_id,
        expires_at=claims.expires_at,
    )
    facts: dict[str, object] = {
        "jti": str(claims.jti),
        "token_kind": kind.value,
        "expires_at": claims.expires_at.isoformat(),
    }
    await tx.record(_describe(AuthEvent.TOKEN_CREATED, user_id, facts, experiment_id), user)
    return IssuedToken(signer.sign(claims), claims.jti, claims.expires_at)


async def list_tokens(db: Database, who: Principal) -> list[TokenRecord]:
    """Return one's own tokens that are not expired, newest first. Those of jobs are left out."""
    permit(who, Action.VIEW, Thing("list of tokens", None, owner_id=who.user_id))
    async with db.read() as tx:
        return await store.list_tokens(tx, user_id=who.user_id)


async def revoke_token(db: Database, who: Principal, *, jti: UUID) -> None:
    """Take a token back; it is refused from now on. Once more changes nothing.

    Raises TokenNotFoundError, NotPermittedError.
    """
    async with db.write() as tx:
        owner_id = await store.find_token_owner(tx, jti=jti)
        if owner_id is None:
            raise TokenNotFoundError("token", jti)
        permit(who, Action.EDIT, Thing("token", None, owner_id=owner_id))
        await _revoke_in(tx, who, user_id=owner_id, jti=jti)


async def _revoke_in(tx: Tx, who: Principal, *, user_id: int, jti: UUID) -> None:
    if await store.revoke_token(tx, jti=jti):
        await tx.record(_describe(AuthEvent.TOKEN_REVOKED, user_id, {"jti": str(jti)}), who)


def _describe(kind: AuthEvent, user_id: int, facts: dict[str, object], experiment_id: int | None = None) -> Event:
    return Event(kind=kind, subject_kind="user", subject_id=str(user_id), experiment_id=experiment_id, facts=facts)
