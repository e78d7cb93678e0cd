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

SCHEMA = """
create schema catalog;
create table catalog.files (
    id bigint primary key, fid text not null unique, namespace text not null, name text not null,
    experiment_id bigint not null, size_bytes bigint, checksums jsonb not null, metadata jsonb not null,
    created_at timestamptz not null, created_by text, updated_at timestamptz, updated_by text,
    retired_at timestamptz, retired_by text, unique (namespace, name)
);
create index on catalog.files using gin (metadata jsonb_path_ops);
create index on catalog.files (created_at, fid);
create table catalog.datasets (
    id bigint primary key, namespace text not null, name text not null, experiment_id bigint not null,
    frozen boolean not null, monotonic boolean not null, metadata jsonb not null, description text,
    created_at timestamptz not null, created_by text, updated_at timestamptz, updated_by text,
    file_count bigint not null, unique (namespace, name)
);
create table catalog.dataset_files (dataset_id bigint, file_id bigint, primary key (dataset_id, file_id));
create index on catalog.dataset_files (file_id);
create table catalog.dataset_children (parent_id bigint, child_id bigint, primary key (parent_id, child_id));
create table catalog.provenance (parent_id bigint, child_id bigint, primary key (parent_id, child_id));
create index on catalog.provenance (child_id);
"""


async def fill(connection: asyncpg.Connection, catalogue: Catalogue) -> None:
    """Put a catalogue into the tables."""
    for table, rows in catalogue.tables().items():
        columns = ", ".join(rows[0])
        places = ", ".join(f"${number}" for number in range(1, len(rows[0]) + 1))
        statement = f"insert into catalog.{table} ({columns}) values ({places})"
        await connection.executemany(statement, [tuple(row.values()) for row in rows])


@asynccontextmanager
async def opened(server: ServerUnderTest, catalogue: Catalogue) -> AsyncIterator[asyncpg.Connection]:
    """A connection to a database of its own with a catalogue in it."""
    async with server.new_database(f"mql_{secrets.token_hex(4)}") as fresh:
        connection = await asyncpg.connect(**fresh.connect)
        try:
            await connection.execute(SCHEMA)
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
