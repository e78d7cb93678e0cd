"""What a new installation begins with."""

import asyncio

import pytest
from tests.server import ServerUnderTest

from sutler.auth import (
    SYSTEM,
    FirstUser,
    Role,
    WeakPasswordError,
    WrongPasswordError,
    create_experiment,
    create_user,
    ensure_first_user,
    get_principal_of,
    list_experiments,
    list_members,
    list_users,
    load_signer,
    sign_in,
)
from sutler.base.clock import MovableClock
from sutler.database import Database


async def test_the_first_user_is_administrator_and_superuser_of_the_first_experiment(db: Database) -> None:
    first = await ensure_first_user(db, password="correct horse")
    assert first == FirstUser("admin", "correct horse", is_generated=False)
    (admin,) = await list_users(db, SYSTEM)
    (local,) = await list_experiments(db, SYSTEM)
    who = await get_principal_of(db, user_id=admin.id)
    assert (admin.username, local.name) == ("admin", "local")
    assert who.is_admin
    assert who.roles == {local.id: Role.SUPERUSER}
    await sign_in(db, await load_signer(db), username="admin", password="correct horse")


async def test_without_a_password_one_is_made_that_works_and_is_told_once(db: Database) -> None:
    first = await ensure_first_user(db, password=None)
    assert first is not None
    assert first.is_generated
    assert len(first.password) >= 16
    assert first.password not in repr(first)
    await sign_in(db, await load_signer(db), username="admin", password=first.password)
    assert await ensure_first_user(db, password=None) is None


async def test_another_password_at_a_later_start_changes_nothing(db: Database) -> None:
    await ensure_first_user(db, password="correct horse")
    assert await ensure_first_user(db, password="another horse") is None
    with pytest.raises(WrongPasswordError):
        await sign_in(db, await load_signer(db), username="admin", password="another horse")


async def test_an_installation_with_users_gets_no_other(db: Database) -> None:
    await create_user(db, SYSTEM, username="mia", password="correct horse")
    assert await ensure_first_user(db, password=None) is None
    assert [user.username for user in await list_users(db, SYSTEM)] == ["mia"]


async def test_an_experiment_that_is_there_already_is_taken_as_it_is(db: Database) -> None:
    await create_experiment(db, SYSTEM, name="local", full_name="Ours")
    assert await ensure_first_user(db, password="correct horse") is not None
    (local,) = await list_experiments(db, SYSTEM)
    assert local.full_name == "Ours"
    assert [member.role for member in await list_members(db, SYSTEM, experiment="local")] == [Role.SUPERUSER]


async def test_a_password_that_is_too_short_makes_no_user(db: Database) -> None:
    with pytest.raises(WeakPasswordError):
        await ensure_first_user(db, password="short")
    assert await list_users(db, SYSTEM) == []


async def test_servers_that_start_together_make_one_administrator(
    db: Database, migrated: ServerUnderTest, clock: MovableClock
) -> None:
    other = await Database.open(migrated.connect, size=4, clock=clock)
    try:
        made = await asyncio.gather(*(ensure_first_user(pool, password=None) for pool in (db, other) * 3))
    finally:
        await other.close()
    (first,) = [user for user in made if user is not None]
    assert [user.username for user in await list_users(db, SYSTEM)] == ["admin"]
    assert [experiment.name for experiment in await list_experiments(db, SYSTEM)] == ["local"]
    assert [member.username for member in await list_members(db, SYSTEM, experiment="local")] == ["admin"]
    await sign_in(db, await load_signer(db), username="admin", password=first.password)
