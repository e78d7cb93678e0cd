"""A real PostgreSQL with the tables that queries are about, and one small catalogue in them."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg
import pytest
from tests.property.mql.cases import EXAMPLE
from tests.property.mql.catalogue import CATALOGUE, Catalogue
from tests.server import ServerUnderTest

from sutler.database import Database
from sutler.database.migrate import upgrade

OWNERS = """
insert into auth.experiments (id, name, created_at) overriding system value values (1, 'one', now()), (2, 'two', now());
insert into catalog.namespaces (name, experiment_id, owner_role, created_at, created_by)
values ('t', 1, 'production', now(), 'ann'), ('u', 1, 'production', now(), 'ann');
alter table catalog.files alter created_by drop not null;
alter table catalog.datasets alter description drop not null;
"""
"""The last two: what the language says about unknown attributes must hold, whatever the tables allow today."""


async def fill(connection: asyncpg.Connection, catalogue: Catalogue) -> None:
    """Put a catalogue into the tables."""
    for table, rows in catalogue.tables().items():
        for row in rows:
            columns = ", ".join(row)
            places = ", ".join(f"${number}" for number in range(1, len(row) + 1))
            statement = f"insert into catalog.{table} ({columns}) overriding system value values ({places})"
            await connection.execute(statement, *row.values())


@asynccontextmanager
async def opened(server: ServerUnderTest, catalogue: Catalogue) -> AsyncIterator[asyncpg.Connection]:
    """A connection to a database of its own with a catalogue in it."""
    async with server.new_database(f"mql_{secrets.token_hex(4)}") as fresh:
        db = await Database.open(fresh.connect, size=1)
        await upgrade(db)
        await db.close()
        connection = await asyncpg.connect(**fresh.connect)
        try:
            await connection.execute(OWNERS)
            await fill(connection, catalogue)
            await connection.execute("analyze")
            yield connection
        finally:
            await connection.close()


@pytest.fixture(scope="session")
async def connection(postgres: ServerUnderTest) -> AsyncIterator[asyncpg.Connection]:
    """A connection to the catalogue that generated queries are about."""
    async with opened(postgres, CATALOGUE) as connection:
        yield connection


@pytest.fixture(scope="session")
async def worked_example(postgres: ServerUnderTest) -> AsyncIterator[asyncpg.Connection]:
    """A connection to the catalogue that the written-out cases are about."""
    async with opened(postgres, EXAMPLE) as connection:
        yield connection
