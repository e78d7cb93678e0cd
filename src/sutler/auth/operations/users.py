"""Users and their passwords."""

from __future__ import annotations

from sutler.auth import store
from sutler.auth.errors import OldPasswordWrongError, UserExistsError, UserNotFoundError
from sutler.auth.model import Action, AuthEvent, Principal, Thing, User
from sutler.auth.operations.digest_login import keep_digest_in
from sutler.auth.operations.experiments import INSTALLATION
from sutler.auth.passwords import hash_password, verify_password
from sutler.auth.permission import permit
from sutler.auth.rules import check_password, check_username
from sutler.base.events import Event
from sutler.database import Actor, Database, Tx


async def create_user(
    db: Database,
    who: Principal,
    *,
    username: str,
    password: str,
    display_name: str = "",
    email: str = "",
    is_admin: bool = False,
) -> User:
    """Make a user, who may sign in but is a member of no experiment yet.

    Raises NotPermittedError, InvalidInputError, WeakPasswordError, UserExistsError.
    """
    permit(who, Action.ADMINISTER, INSTALLATION)
    check_username(username)
    password_hash = await hash_password(check_password(password))
    async with db.write() as tx:
        user = await create_user_in(
            tx,
            actor=who,
            username=username,
            password_hash=password_hash,
            display_name=display_name,
            email=email,
            is_admin=is_admin,
        )
        if user is not None:
            await keep_digest_in(tx, user_id=user.id, username=username, password=password)
    if user is None:
        raise UserExistsError(f"There is a user {username} already.", username=username)
    return user


async def create_user_in(
    tx: Tx,
    *,
    actor: Actor,
    username: str,
    password_hash: str,
    display_name: str = "",
    email: str = "",
    is_admin: bool = False,
) -> User | None:
    """Make a user with a password that was hashed before. None if the name is taken."""
    user = await store.insert_user(
        tx,
        username=username,
        display_name=display_name,
        email=email,
        password_hash=password_hash,
        is_admin=is_admin,
    )
    if user is not None:
        await tx.record(_describe(AuthEvent.USER_CREATED, user.id, username), actor)
    return user


async def list_users(db: Database, who: Principal) -> list[User]:
    """Return all users by name. Raises NotPermittedError."""
    permit(who, Action.ADMINISTER, INSTALLATION)
    async with db.read() as tx:
        return await store.list_users(tx)


async def change_password(
    db: Database, who: Principal, *, username: str, password: str, old_password: str | None = None
) -> None:
    """Set the password of a user and end the user's other browser sessions; tokens for scripts stay good.

    Users set their own and must give the old one; administrators set anybody's.
    Raises UserNotFoundError, NotPermittedError, WeakPasswordError, OldPasswordWrongError.
    """
    async with db.read() as tx:
        credentials = await store.find_credentials(tx, username=username)
    if credentials is None:
        raise UserNotFoundError("user", username)
    permit(who, Action.EDIT, Thing("account", None, owner_id=credentials.user_id))
    check_password(password)
    is_own = who.user_id == credentials.user_id
    if is_own and not await verify_password(old_password or "", credentials.password_hash):
        raise OldPasswordWrongError
    password_hash = await hash_password(password)
    async with db.write() as tx:
        await store.set_password(tx, user_id=credentials.user_id, password_hash=password_hash)
        await keep_digest_in(tx, user_id=credentials.user_id, username=username, password=password)
        await store.revoke_sessions(tx, user_id=credentials.user_id, kept_jti=who.jti)
        await tx.record(_describe(AuthEvent.PASSWORD_CHANGED, credentials.user_id, username), who)


def _describe(kind: AuthEvent, user_id: int, username: str) -> Event:
    return Event(kind=kind, subject_kind="user", subject_id=str(user_id), facts={"username": username})
