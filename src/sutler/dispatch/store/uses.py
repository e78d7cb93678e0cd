"""The part that one file plays in projects."""

from __future__ import annotations

from collections.abc import Sequence

from sutler.base.did import Did
from sutler.database import Tx, into_list, load_statements
from sutler.dispatch.model import FileUse

_SQL = load_statements("sutler.dispatch.store", "uses.sql")


async def list_handles_of_file(tx: Tx, *, did: Did, experiment_ids: Sequence[int] | None, count: int) -> list[FileUse]:
    """Return the newest handles of a file in projects of these experiments."""
    rows = await tx.rows(
        _SQL.list_handles_of_file,
        namespace=did.namespace,
        name=did.name,
        experiment_ids=None if experiment_ids is None else list(experiment_ids),
        count=count,
    )
    return into_list(FileUse, rows)


async def list_makers_of_file(
    tx: Tx, *, file_id: int, experiment_ids: Sequence[int] | None, count: int
) -> list[FileUse]:
    """Return the handles of the newest attempts that put a file out, in projects of these experiments."""
    rows = await tx.rows(
        _SQL.list_makers_of_file,
        file_id=file_id,
        experiment_ids=None if experiment_ids is None else list(experiment_ids),
        count=count,
    )
    return into_list(FileUse, rows)
