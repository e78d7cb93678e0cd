"""The few fixtures everybody uses: a real PostgreSQL, a clean database per test, a clock that moves, people."""

from __future__ import annotations

import os
import secrets
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import asyncpg
import pytest
from argon2 import PasswordHasher
from tests.server import ServerUnderTest, start_server

from sutler.base.clock import MovableClock
from sutler.database import Database
from sutler.database.migrate import upgrade
from sutler.database.session import HOT_SETTINGS

NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)

_DELETE_EVERYTHING = """
SELECT 'SET LOCAL session_replication_role = replica; '
    || string_agg(format('DELETE FROM %I.%I', schemaname, tablename), '; ')
FROM pg_tables
WHERE schemaname NOT IN ('pg_catalog', 'information_schema') AND (schemaname, tablename) <> ('database', 'migrations')
"""


@pytest.fixture(scope="session")
async def postgres() -> AsyncIterator[ServerUnderTest]:
    """One PostgreSQL server for the run: SUTLER_DATABASE_URL if given, else the embedded one without durability."""
    async with start_server() as server:
        yield server


@pytest.fixture(scope="session")
async def migrated(postgres: ServerUnderTest) -> AsyncIterator[ServerUnderTest]:
    """A database with the schema of this version, made once."""
    async with postgres.new_database(f"sutler_test_{secrets.token_hex(4)}") as fresh:
        db = await Database.open(fresh.connect, size=1)
        await upgrade(db)
        await db.close()
        yield fresh


@pytest.fixture(scope="session")
async def delete_everything(migrated: ServerUnderTest) -> str:
    """One statement text that empties all tables in a round trip."""
    connection = await asyncpg.connect(**migrated.connect)
    text = await connection.fetchval(_DELETE_EVERYTHING)
    await connection.close()
    return str(text)


@pytest.fixture
def clock() -> MovableClock:
    """A clock that stands still at noon until the test moves it."""
    return MovableClock(NOON)


@pytest.fixture(scope="session")
async def session_db(migrated: ServerUnderTest) -> AsyncIterator[Database]:
    """The pool that all tests share."""
    db = await Database.open(migrated.connect, size=12)
    yield db
    await db.close()


@pytest.fixture(scope="session")
async def migrated_database(migrated: ServerUnderTest) -> AsyncIterator[Database]:
    """A second pool on the same database, as another server process would have."""
    db = await Database.open(migrated.connect, size=2)
    yield db
    await db.close()


@pytest.fixture
async def db(session_db: Database, delete_everything: str, clock: MovableClock) -> Database:
    """An empty database on the movable clock."""
    async with session_db.connection() as connection, connection.transaction():
        await connection.execute(delete_everything)
    session_db.clock = clock
    return session_db


def is_ci() -> bool:
    """Whether a part that could not be installed is a failure rather than a skip."""
    return os.environ.get("CI", "").lower() == "true"


@pytest.fixture(autouse=True)
def quick_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Real hashes, but cheap ones: here it matters what is compared, not what it costs to guess."""
    monkeypatch.setattr("sutler.auth.passwords._HASHER", PasswordHasher(time_cost=1, memory_cost=64, parallelism=1))


@pytest.fixture(autouse=True)
def patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let lanes wait for rows as long as a busy machine takes: as shipped they soon say that the database is busy."""
    monkeypatch.setitem(HOT_SETTINGS, "lock_timeout", "30s")
