"""Filling an empty catalogue with a million files in a minute: `COPY`, and the indexes made afterwards."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import chain
from typing import Any

from benchmarks.catalog.generator import DATASETS, FIRST_INSTANT, MadeFile, Profile, make_file

NAMESPACE = "bench"
FILES_AT_ONCE = 20_000
TABLES = ("files", "dataset_files", "provenance")
FILE_COLUMNS = (
    "id",
    "fid",
    "namespace",
    "name",
    "experiment_id",
    "size_bytes",
    "checksums",
    "metadata",
    "created_at",
    "created_by",
)
_LIST_INDEXES = """
SELECT format('%I.%I', schemaname, indexname) AS name, indexdef
FROM pg_indexes
WHERE schemaname = 'catalog' AND tablename = ANY($1)
    AND indexname NOT IN (SELECT conname FROM pg_constraint WHERE connamespace = 'catalog'::regnamespace)
"""
_INSERT_NAMESPACE = """
INSERT INTO catalog.namespaces (name, experiment_id, owner_role, created_at, created_by)
VALUES ($1, $2, 'production', $3, 'bench')
"""
_INSERT_DATASET = """
INSERT INTO catalog.datasets (id, namespace, name, experiment_id, file_count, created_at, created_by)
OVERRIDING SYSTEM VALUE VALUES ($1, $2, $3, $4, $5, $6, 'bench')
"""


async def load(connection: Any, *, experiment_id: int, files: int, profile: Profile) -> None:  # noqa: ANN401
    """Fill the tables of an empty catalogue, with datasets `bench:d0` to `d9` below `bench:parent`.

    The connection has no codec for jsonb of its own. Statistics are fresh afterwards, and all rows are known to be
    visible.
    """
    await connection.execute("SET statement_timeout = 0; SET maintenance_work_mem = '512MB'")
    await connection.execute("SET session_replication_role = replica")
    indexes = await connection.fetch(_LIST_INDEXES, list(TABLES))
    for index in indexes:
        await connection.execute(f"DROP INDEX {index['name']}")
    await _insert_sets(connection, experiment_id, files)
    for first in range(0, files, FILES_AT_ONCE):
        made = [make_file(number, profile) for number in range(first, min(first + FILES_AT_ONCE, files))]
        await _copy(connection, made, experiment_id)
    for index in indexes:
        await connection.execute(index["indexdef"])
    await connection.execute("SET session_replication_role = origin")
    for table in ("files", "datasets"):
        await connection.execute(
            f"SELECT setval(pg_get_serial_sequence('catalog.{table}', 'id'), max(id)) FROM catalog.{table}"
        )
    await connection.execute("VACUUM (ANALYZE)")
    await connection.execute("CHECKPOINT")


async def _insert_sets(connection: Any, experiment_id: int, files: int) -> None:  # noqa: ANN401
    await connection.execute(_INSERT_NAMESPACE, NAMESPACE, experiment_id, FIRST_INSTANT)
    for number in range(DATASETS):
        count = len(range(number, files, DATASETS))
        name = f"d{number}"
        await connection.execute(_INSERT_DATASET, number + 1, NAMESPACE, name, experiment_id, count, FIRST_INSTANT)
    await connection.execute(_INSERT_DATASET, DATASETS + 1, NAMESPACE, "parent", experiment_id, 0, FIRST_INSTANT)
    children = [(DATASETS + 1, number + 1) for number in range(DATASETS)]
    await connection.copy_records_to_table("dataset_children", schema_name="catalog", records=children)


async def _copy(connection: Any, made: list[MadeFile], experiment_id: int) -> None:  # noqa: ANN401
    await connection.copy_records_to_table(
        "files", schema_name="catalog", columns=FILE_COLUMNS, records=_file_rows(made, experiment_id)
    )
    members = [(file.dataset + 1, file.number + 1, file.created_at) for file in made]
    await connection.copy_records_to_table(
        "dataset_files", schema_name="catalog", columns=("dataset_id", "file_id", "created_at"), records=members
    )
    links = chain.from_iterable(((parent + 1, file.number + 1) for parent in file.parents) for file in made)
    await connection.copy_records_to_table("provenance", schema_name="catalog", records=list(links))


def _file_rows(made: list[MadeFile], experiment_id: int) -> Iterator[tuple[object, ...]]:
    for file in made:
        yield (
            file.number + 1,
            file.fid,
            NAMESPACE,
            file.name,
            experiment_id,
            file.size_bytes,
            "{}",
            json.dumps(file.metadata),
            file.created_at,
            "bench",
        )
