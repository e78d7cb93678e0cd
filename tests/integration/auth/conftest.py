"""An installation with its first user, and people made on demand."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from sutler.auth import (
    SYSTEM,
    Principal,
    Role,
    TokenSigner,
    User,
    create_experiment,
    create_user,
    get_principal_of,
    load_signer,
    set_member,
)
from sutler.database import Database

PASSWORD = "correct horse"


@dataclass(frozen=True)
class Installation:
    """A database with an experiment `dune`, and what signs its tokens."""

    db: Database
    signer: TokenSigner
    experiment_id: int

    async def add_user(self, username: str, role: Role | None = None, *, is_admin: bool = False) -> User:
        """Make a user, a member of `dune` if there is a role."""
        user = await create_user(self.db, SYSTEM, username=username, password=PASSWORD, is_admin=is_admin)
        if role is not None:
            await set_member(self.db, SYSTEM, experiment="dune", username=username, role=role)
        return user

    async def add_principal(self, username: str, role: Role | None = None, *, is_admin: bool = False) -> Principal:
        """Make a user and return it as somebody who asks."""
        user = await self.add_user(username, role, is_admin=is_admin)
        return await get_principal_of(self.db, user_id=user.id)


@pytest.fixture
async def installation(db: Database) -> Installation:
    """An empty installation but for the experiment `dune`."""
    experiment = await create_experiment(db, SYSTEM, name="dune", full_name="Deep Underground")
    return Installation(db, await load_signer(db), experiment.id)
