from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator

import pytest
from tests.server import ServerUnderTest

from sutler.database import Database
from sutler.database.errors import MigrationChangedError, SchemaOutdatedError, SchemaTooNewError
from sutler.database.migrate import check_is_current, get_status, list_migrations, upgrade


@pytest.fixture
async def empty(postgres: ServerUnderTest) -> AsyncIterator[Database]:
    async with postgres.new_database(f"sutler_migrate_{secrets.token_hex(4)}") as fresh:
        db = await Database.open(fresh.connect, size=3)
        yield db
        await db.close()


async def test_an_empty_database_gets_everything_once(empty: Database) -> None:
    with pytest.raises(SchemaOutdatedError):
        await check_is_current(empty)
    assert len(await upgrade(empty)) == len(list_migrations())
    assert await upgrade(empty) == []
    await check_is_current(empty)
    assert (await get_status(empty)).pending == ()


async def test_two_servers_that_upgrade_at_once_do_not_collide(empty: Database) -> None:
    first, second = await asyncio.gather(upgrade(empty), upgrade(empty))
    assert sorted([len(first), len(second)]) == [0, len(list_migrations())]


async def test_a_database_of_a_newer_version_is_refused(empty: Database) -> None:
    await upgrade(empty)
    async with empty.connection() as connection:
        await connection.execute("INSERT INTO database.migrations (number, name, checksum) VALUES (9999, 'x', 'y')")
    with pytest.raises(SchemaTooNewError, match="newer version"):
        await upgrade(empty)


async def test_a_changed_migration_is_noticed(empty: Database) -> None:
    await upgrade(empty)
    async with empty.connection() as connection:
        await connection.execute("UPDATE database.migrations SET checksum = 'other' WHERE number = 1")
    with pytest.raises(MigrationChangedError, match="0001_database"):
        await get_status(empty)


async def test_months_of_events_are_made_ahead(empty: Database) -> None:
    await upgrade(empty)
    async with empty.connection() as connection:
        count = await connection.fetchval(
            "SELECT count(*) FROM pg_inherits WHERE inhparent = 'database.events'::regclass"
        )
    assert count == 4
