"""Migrations: numbered without gaps, each with its reason, and `schema.sql` shows what they make."""

from __future__ import annotations

import asyncio

import pytest
from scripts.write_schema import SCHEMA_FILE, dump_schema
from tests.architecture.rooms import SOURCE, street
from tests.server import ServerUnderTest

from sutler.database.migrate import Migration, list_migrations


def test_migrations_are_numbered_without_gaps() -> None:
    assert [migration.number for migration in list_migrations()] == list(range(1, len(list_migrations()) + 1))


def test_every_file_among_the_migrations_is_one() -> None:
    files = sorted(path.name for path in (SOURCE / "database" / "migrations").iterdir() if path.suffix == ".sql")
    assert files == [f"{migration.number:04d}_{migration.name}.sql" for migration in list_migrations()]


@pytest.mark.parametrize("migration", list_migrations(), ids=lambda migration: migration.name)
def test_a_migration_begins_with_its_reason_and_is_named_for_its_room(migration: Migration) -> None:
    assert migration.text.startswith("-- ")
    assert migration.name.partition("_")[0] in {room for layer in street() for room in layer}


async def test_the_schema_file_shows_what_the_migrations_make(migrated: ServerUnderTest) -> None:
    if migrated.url is not None:
        pytest.skip("written down as the embedded server's version prints it")
    made = await asyncio.to_thread(dump_schema, migrated.connect)
    assert SCHEMA_FILE.read_text(encoding="utf-8") == made, "run scripts/write_schema.py"
