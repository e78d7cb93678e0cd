"""Applies numbered SQL files: forward only, each in its own transaction, one process at a time."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from importlib import resources
from typing import Any

from sutler.database.errors import MigrationChangedError, SchemaOutdatedError, SchemaTooNewError
from sutler.database.pool import Database

_FILE = re.compile(r"(?P<number>\d{4})_(?P<name>[a-z0-9_]+)\.sql")
_LOCK = 0x5574_6C65_7201  # any number will do, as long as every version uses the same


@dataclass(frozen=True)
class Migration:
    """One step of the schema."""

    number: int
    name: str
    text: str

    @property
    def checksum(self) -> str:
        """SHA-256 of the text, to notice a file that was changed after it was applied."""
        return hashlib.sha256(self.text.encode()).hexdigest()


@dataclass(frozen=True)
class SchemaStatus:
    """How far a database is: what was applied and what this version would apply."""

    applied: tuple[str, ...]
    pending: tuple[str, ...]


def list_migrations() -> list[Migration]:
    """Return this version's migrations in order."""
    found = []
    for file in resources.files("sutler.database").joinpath("migrations").iterdir():
        match = _FILE.fullmatch(file.name)
        if match:
            found.append(Migration(int(match["number"]), match["name"], file.read_text(encoding="utf-8")))
    return sorted(found, key=lambda migration: migration.number)


async def get_status(db: Database) -> SchemaStatus:
    """Compare the database with this version. Raises SchemaTooNewError, MigrationChangedError."""
    async with db.connection() as connection:
        applied = await _read_applied(connection)
    migrations = list_migrations()
    _check(applied, migrations)
    return SchemaStatus(
        applied=tuple(_label(m) for m in migrations if m.number in applied),
        pending=tuple(_label(m) for m in migrations if m.number not in applied),
    )


async def upgrade(db: Database) -> list[str]:
    """Apply what is missing and return its names; the list is empty when there was nothing to do.

    Raises SchemaTooNewError, MigrationChangedError.
    """
    done = []
    async with db.connection() as connection:
        await connection.execute("SET statement_timeout = 0; SET lock_timeout = '60s'")
        await connection.execute("SELECT pg_advisory_lock($1)", _LOCK)
        try:
            await _create_table(connection)
            applied = await _read_applied(connection)
            migrations = list_migrations()
            _check(applied, migrations)
            for migration in migrations:
                if migration.number not in applied:
                    await _apply(connection, migration)
                    done.append(_label(migration))
            await connection.execute("SELECT database.create_event_partitions($1)", db.clock.now())
        finally:
            await connection.execute("SELECT pg_advisory_unlock($1)", _LOCK)
            await connection.execute("RESET statement_timeout; RESET lock_timeout")
    return done


async def check_is_current(db: Database) -> None:
    """Raise SchemaOutdatedError unless every migration of this version is applied."""
    status = await get_status(db)
    if status.pending:
        raise SchemaOutdatedError(pending=list(status.pending))


async def _create_table(connection: Any) -> None:  # noqa: ANN401 - untyped driver
    await connection.execute(
        """
        CREATE SCHEMA IF NOT EXISTS database;
        CREATE TABLE IF NOT EXISTS database.migrations (
            number integer PRIMARY KEY,
            name text NOT NULL,
            checksum text NOT NULL,
            applied_at timestamptz NOT NULL DEFAULT now()
        )
        """
    )


async def _read_applied(connection: Any) -> dict[int, str]:  # noqa: ANN401 - untyped driver
    if await connection.fetchval("SELECT to_regclass('database.migrations')") is None:
        return {}
    rows = await connection.fetch("SELECT number, checksum FROM database.migrations ORDER BY number")
    return {row["number"]: row["checksum"] for row in rows}


async def _apply(connection: Any, migration: Migration) -> None:  # noqa: ANN401 - untyped driver
    async with connection.transaction():
        await connection.execute(migration.text)
        await connection.execute(
            "INSERT INTO database.migrations (number, name, checksum) VALUES ($1, $2, $3)",
            migration.number,
            migration.name,
            migration.checksum,
        )


def _check(applied: dict[int, str], migrations: list[Migration]) -> None:
    known = {migration.number: migration for migration in migrations}
    newer = sorted(applied.keys() - known.keys())
    if newer:
        raise SchemaTooNewError(
            f"The database has migration {newer[-1]:04d}, which this version does not know: it belongs to a newer "
            "version of Sutler. Install that version, or point this one at another database.",
            unknown=newer,
        )
    for number, checksum in applied.items():
        if known[number].checksum != checksum:
            raise MigrationChangedError(
                f"Migration {_label(known[number])} was applied with another text than this version has.",
                migration=_label(known[number]),
            )


def _label(migration: Migration) -> str:
    return f"{migration.number:04d}_{migration.name}"
