"""What a new installation begins with, so that nothing must be set up before the first project."""

from __future__ import annotations

import secrets

from sutler.auth import store
from sutler.auth.model import SYSTEM, FirstUser, Role
from sutler.auth.operations.digest_login import keep_digest_in
from sutler.auth.operations.experiments import create_experiment_in, get_experiment_in, set_member_in
from sutler.auth.operations.users import create_user_in
from sutler.auth.passwords import hash_password
from sutler.auth.rules import check_password
from sutler.database import Database

FIRST_EXPERIMENT = "local"
FIRST_USERNAME = "admin"


async def ensure_first_user(db: Database, *, password: str | None) -> FirstUser | None:
    """Make the user `admin`, superuser of the experiment `local`, if there is no user yet; None if there is.

    Without a password one is generated. Of servers that start at the same moment one gets the user, the others None.
    Raises WeakPasswordError.
    """
    async with db.read() as tx:
        if await store.has_users(tx):
            return None
    chosen = check_password(password) if password is not None else secrets.token_urlsafe(12)
    password_hash = await hash_password(chosen)
    async with db.write() as tx:
        user = await create_user_in(
            tx,
            actor=SYSTEM,
            username=FIRST_USERNAME,
            password_hash=password_hash,
            display_name="Administrator",
            is_admin=True,
        )
        if user is None:
            return None
        await keep_digest_in(tx, user_id=user.id, username=user.username, password=chosen)
        made = await create_experiment_in(tx, actor=SYSTEM, name=FIRST_EXPERIMENT, full_name="This installation")
        experiment = made or await get_experiment_in(tx, name=FIRST_EXPERIMENT)
        await set_member_in(tx, actor=SYSTEM, experiment=experiment, user=user, role=Role.SUPERUSER)
    return FirstUser(FIRST_USERNAME, chosen, is_generated=password is None)
