"""Running queries that were composed, and reading what they are asked to tell beside the files."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

import asyncpg

from sutler.base.did import Did
from sutler.catalog.errors import QueryTooSlowError, UnreadableQueryError
from sutler.catalog.model import File, KeyKind
from sutler.database import Row, Tx, into_list, load_statements
from sutler.database.sql import Fragment

_SQL = load_statements("sutler.catalog.store", "queries.sql")


async def begin_query(tx: Tx) -> frozenset[tuple[str, KeyKind]]:
    """Have what follows planned for its values, and no statement run longer than the installation allows a query.

    Until the transaction ends. Not for those that enter many rows. Returns the metadata keys that have an index.
    """
    row = await tx.row(_SQL.begin_query)
    keys = row["indexed_keys"] if row else None
    return frozenset((key, KeyKind(kind)) for key, kind in keys or ())


async def end_query(tx: Tx) -> None:
    """Undo `begin_query`, for a transaction that goes on to enter many rows."""
    await tx.row(_SQL.end_query)


async def begin_walk(tx: Tx) -> None:
    """Have what follows read files one after the other, in order. Only for statements that say where to stop.

    What the planner thinks of a condition on metadata is a guess. Where many files fulfil it, it may gather and sort
    all of them for the first few.
    """
    await tx.rows(_SQL.begin_walk)


async def end_walk(tx: Tx) -> None:
    """Undo `begin_walk`."""
    await tx.rows(_SQL.end_walk)


async def forget_plans(tx: Tx) -> None:
    """Have what follows planned for the tables as they are now. Kept plans of a small table read all of a large one."""
    await tx.run(_SQL.forget_plans)


async def run_selection(tx: Tx, *, statement: Fragment) -> list[Row]:
    """Run what a query was composed into.

    Raises UnreadableQueryError when the server cannot use a part of it, QueryTooSlowError when it takes too long.
    """
    try:
        return await tx.composed(statement)
    except asyncpg.exceptions.DataError as error:
        raise UnreadableQueryError(str(error)) from error
    except asyncpg.exceptions.QueryCanceledError as error:
        raise QueryTooSlowError from error


async def read_files_numbered(tx: Tx, *, file_ids: Sequence[int], with_metadata: bool) -> list[File]:
    """Return files in the order of their numbers; metadata are empty unless asked for."""
    return into_list(File, await tx.rows(_SQL.read_files_numbered, file_ids=file_ids, with_metadata=with_metadata))


async def list_parent_fids(tx: Tx, *, file_ids: Sequence[int]) -> Mapping[int, tuple[str, ...]]:
    """Return the fids of the parents of files, in order; files without parents are left out."""
    rows = await tx.rows(_SQL.list_parent_fids, file_ids=list(file_ids))
    return {row["file_id"]: tuple(row["fids"]) for row in rows}


async def list_child_fids(tx: Tx, *, file_ids: Sequence[int]) -> Mapping[int, tuple[str, ...]]:
    """Return the fids of the children of files, in order; files without children are left out."""
    rows = await tx.rows(_SQL.list_child_fids, file_ids=list(file_ids))
    return {row["file_id"]: tuple(row["fids"]) for row in rows}


async def list_names_above(tx: Tx, *, dataset_ids: Sequence[int]) -> Mapping[int, tuple[Did, ...]]:
    """Return the names of the datasets directly above others, by name; those below none are left out."""
    return _gather_names(await tx.rows(_SQL.list_names_above, dataset_ids=list(dataset_ids)))


async def list_names_below(tx: Tx, *, dataset_ids: Sequence[int]) -> Mapping[int, tuple[Did, ...]]:
    """Return the names of the datasets directly below others, by name; those above none are left out."""
    return _gather_names(await tx.rows(_SQL.list_names_below, dataset_ids=list(dataset_ids)))


def _gather_names(rows: Sequence[Row]) -> Mapping[int, tuple[Did, ...]]:
    names: defaultdict[int, list[Did]] = defaultdict(list)
    for row in rows:
        names[row["dataset_id"]].append(Did(row["namespace"], row["name"]))
    return {number: tuple(listed) for number, listed in names.items()}
