"""Files of a dataset in pages, and what the metadata of the first of them hold."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

import asyncpg

from sutler.catalog.errors import QueryTooSlowError
from sutler.catalog.model import File
from sutler.catalog.pictures import Distribution, ValueCount
from sutler.database import Row, Tx, into_list, load_statements

_SQL = load_statements("sutler.catalog.store", "samples.sql")


async def list_live_members(tx: Tx, *, dataset_id: int, after: int, count: int) -> list[File]:
    """Return the next files of a dataset that are not retired, in the order of their numbers."""
    return into_list(File, await tx.rows(_SQL.list_live_members, dataset_id=dataset_id, after=after, count=count))


async def list_sample_keys(tx: Tx, *, dataset_id: int, count: int, most: int) -> list[str]:
    """Return the keys of the first files of a dataset, the most frequent first. Raises QueryTooSlowError."""
    try:
        rows = await tx.rows(_SQL.list_sample_keys, dataset_id=dataset_id, count=count, most=most)
    except asyncpg.exceptions.QueryCanceledError as error:
        raise QueryTooSlowError from error
    return [row["key"] for row in rows]


async def list_value_counts(
    tx: Tx, *, dataset_id: int, keys: Sequence[str], count: int, most_values: int, bin_count: int
) -> dict[str, Distribution]:
    """Return what the values of keys are among the first files of a dataset. Raises QueryTooSlowError."""
    try:
        rows = await tx.rows(
            _SQL.list_value_counts,
            dataset_id=dataset_id,
            keys=list(keys),
            count=count,
            most_values=most_values,
            bin_count=bin_count,
        )
    except asyncpg.exceptions.QueryCanceledError as error:
        raise QueryTooSlowError from error
    return {key: _gather(key, list(part), bin_count) for key, part in groupby(rows, lambda row: str(row["key"]))}


def _gather(key: str, rows: Sequence[Row], bin_count: int) -> Distribution:
    first = rows[0]
    counts = tuple(ValueCount("null" if r["text"] is None else r["text"], r["bin_size"], r["bin"]) for r in rows)
    if not first["is_spread"]:
        return Distribution(key, first["count"], first["distinct_count"], counts)
    return Distribution(key, first["count"], first["distinct_count"], counts, first["low"], first["high"], bin_count)
