"""The statements of the room, one function each."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sutler.auth.digest import DigestLogin
from sutler.auth.model import (
    Bearer,
    Credentials,
    Experiment,
    Group,
    Member,
    Role,
    SigningKey,
    TokenKind,
    TokenRecord,
    User,
)
from sutler.database import Row, Tx, into_list, into_optional, load_statements

_SQL = load_statements("sutler.auth")


async def insert_experiment(tx: Tx, *, name: str, full_name: str) -> Experiment | None:
    """Make an experiment. None if the name is taken."""
    return into_optional(Experiment, await tx.row(_SQL.insert_experiment, name=name, full_name=full_name, now=tx.now))


async def find_experiment(tx: Tx, *, name: str) -> Experiment | None:
    """Look an experiment up by name."""
    return into_optional(Experiment, await tx.row(_SQL.find_experiment, name=name))


async def list_experiments(tx: Tx) -> list[Experiment]:
    """Return all experiments by name."""
    return into_list(Experiment, await tx.rows(_SQL.list_experiments))


async def insert_user(
    tx: Tx, *, username: str, display_name: str, email: str, password_hash: str, is_admin: bool
) -> User | None:
    """Make a user. None if the name is taken."""
    row = await tx.row(
        _SQL.insert_user,
        username=username,
        display_name=display_name,
        email=email,
        password_hash=password_hash,
        is_admin=is_admin,
        now=tx.now,
    )
    return into_optional(User, row)


async def find_user(tx: Tx, *, username: str) -> User | None:
    """Look a user up by name."""
    return into_optional(User, await tx.row(_SQL.find_user, username=username))


async def find_user_by_id(tx: Tx, *, user_id: int) -> User | None:
    """Look a user up by number."""
    return into_optional(User, await tx.row(_SQL.find_user_by_id, user_id=user_id))


async def list_users(tx: Tx) -> list[User]:
    """Return all users by name."""
    return into_list(User, await tx.rows(_SQL.list_users))


async def has_users(tx: Tx) -> bool:
    """Whether there is any user."""
    return bool(await tx.value(_SQL.has_users))


async def find_credentials(tx: Tx, *, username: str) -> Credentials | None:
    """Return what signing in is checked against."""
    return into_optional(Credentials, await tx.row(_SQL.find_credentials, username=username))


async def set_password(tx: Tx, *, user_id: int, password_hash: str) -> None:
    """Change the password of a user."""
    await tx.run(_SQL.set_password, user_id=user_id, password_hash=password_hash)


async def mark_signed_in(tx: Tx, *, user_id: int, password_hash: str) -> bool:
    """Remember that a user signed in. False if the password was changed, or the user shut out, since it was checked."""
    return bool(await tx.run(_SQL.mark_signed_in, user_id=user_id, password_hash=password_hash, now=tx.now))


async def set_membership(tx: Tx, *, experiment_id: int, user_id: int, role: Role) -> bool:
    """Give a user a role in an experiment. False if it was that one before."""
    return bool(
        await tx.run(_SQL.set_membership, experiment_id=experiment_id, user_id=user_id, role=role.value, now=tx.now)
    )


async def delete_membership(tx: Tx, *, experiment_id: int, user_id: int) -> bool:
    """Take a user out of an experiment. False if the user was no member."""
    return bool(await tx.run(_SQL.delete_membership, experiment_id=experiment_id, user_id=user_id))


async def list_members(tx: Tx, *, experiment_id: int) -> list[Member]:
    """Return the members of an experiment by name."""
    return into_list(Member, await tx.rows(_SQL.list_members, experiment_id=experiment_id))


async def insert_group(tx: Tx, *, experiment_id: int, name: str, description: str) -> Group | None:
    """Make a group. None if the name is taken."""
    given = {"experiment_id": experiment_id, "name": name, "description": description, "now": tx.now}
    row = await tx.row(_SQL.insert_group, **given)
    return None if row is None else _make_group(row)


async def find_group(tx: Tx, *, name: str) -> Group | None:
    """Look a group up by name."""
    row = await tx.row(_SQL.find_group, name=name)
    return None if row is None else _make_group(row)


async def list_groups(tx: Tx, *, experiment_id: int) -> list[Group]:
    """Return the groups of an experiment by name."""
    return [_make_group(row) for row in await tx.rows(_SQL.list_groups, experiment_id=experiment_id)]


async def insert_group_member(tx: Tx, *, name: str, user_id: int) -> bool:
    """Put a user into a group. False if the user was in it, or there is no such group."""
    return bool(await tx.run(_SQL.insert_group_member, name=name, user_id=user_id))


async def delete_group_member(tx: Tx, *, name: str, user_id: int) -> bool:
    """Take a user out of a group. False if the user was not in it."""
    return bool(await tx.run(_SQL.delete_group_member, name=name, user_id=user_id))


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


def _make_group(row: Row) -> Group:
    return Group(row["name"], row["experiment_id"], row["description"], tuple(row["members"]))
