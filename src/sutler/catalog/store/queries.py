"""Running queries that were composed."""

from __future__ import annotations

import asyncpg

from sutler.catalog.errors import UnreadableQueryError
from sutler.database import Row, Tx, load_statements
from sutler.database.sql import Fragment

_SQL = load_statements("sutler.catalog.store", "queries.sql")


async def plan_by_values(tx: Tx) -> None:
    """Have what follows planned for its values, until the transaction ends. Not for those that enter many rows."""
    await tx.run(_SQL.plan_by_values)


async def forget_plans(tx: Tx) -> None:
    """Have what follows planned for the tables as they are now. Kept plans of a small table read all of a large one."""
    await tx.run(_SQL.forget_plans)


async def run_selection(tx: Tx, *, statement: Fragment) -> list[Row]:
    """Run what a query was composed into. Raises UnreadableQueryError when the server cannot use a part of it."""
    try:
        return await tx.composed(statement)
    except asyncpg.exceptions.DataError as error:
        raise UnreadableQueryError(str(error)) from error
