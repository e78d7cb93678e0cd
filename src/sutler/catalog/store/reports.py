"""What the metadata of all files hold."""

from __future__ import annotations

from collections.abc import Sequence

import asyncpg

from sutler.catalog.errors import QueryTooSlowError
from sutler.catalog.model import KeyRange
from sutler.database import Tx, into_list, load_statements

_SQL = load_statements("sutler.catalog.store", "reports.sql")


async def list_used_keys(tx: Tx, *, experiment_ids: Sequence[int] | None) -> list[str]:
    """Return the keys of the metadata of all files, in order. Raises QueryTooSlowError."""
    try:
        rows = await tx.rows(_SQL.list_used_keys, experiment_ids=_list(experiment_ids))
    except asyncpg.exceptions.QueryCanceledError as error:
        raise QueryTooSlowError from error
    return [row["key"] for row in rows]


async def list_key_ranges(tx: Tx, *, experiment_ids: Sequence[int] | None, keys: Sequence[str]) -> list[KeyRange]:
    """Return the number of values of each key with the first and the last as texts. Raises QueryTooSlowError."""
    try:
        rows = await tx.rows(_SQL.list_key_ranges, experiment_ids=_list(experiment_ids), keys=list(keys))
    except asyncpg.exceptions.QueryCanceledError as error:
        raise QueryTooSlowError from error
    return into_list(KeyRange, rows)


async def list_key_values(tx: Tx, *, experiment_ids: Sequence[int] | None, key: str, most: int) -> list[str]:
    """Return the first of the different values of a key as texts, in order. Raises QueryTooSlowError."""
    try:
        rows = await tx.rows(_SQL.list_key_values, experiment_ids=_list(experiment_ids), key=key, most=most)
    except asyncpg.exceptions.QueryCanceledError as error:
        raise QueryTooSlowError from error
    return [row["value"] for row in rows]


def _list(experiment_ids: Sequence[int] | None) -> list[int] | None:
    return None if experiment_ids is None else list(experiment_ids)
