"""The files of datasets."""

from __future__ import annotations

from collections.abc import Sequence

from sutler.catalog.model import File
from sutler.database import Tx, into_list, load_statements

_SQL = load_statements("sutler.catalog.store", "members.sql")


async def lock_files(tx: Tx, *, file_ids: Sequence[int]) -> set[int]:
    """Keep others from retiring and deleting files until the transaction ends; return those that are not retired."""
    rows = await tx.rows(_SQL.lock_files, file_ids=list(file_ids))
    return {row["id"] for row in rows if row["is_live"]}


async def list_present(tx: Tx, *, dataset_id: int, file_ids: Sequence[int]) -> set[int]:
    """Return those of the files that are in a dataset."""
    rows = await tx.rows(_SQL.list_present, dataset_id=dataset_id, file_ids=list(file_ids))
    return {row["file_id"] for row in rows}


async def insert_members(tx: Tx, *, dataset_id: int, file_ids: Sequence[int]) -> int:
    """Put files into a dataset and return how many were not in it. Its count grows by as many."""
    return await tx.value(_SQL.insert_members, dataset_id=dataset_id, file_ids=list(file_ids)) or 0


async def delete_members(tx: Tx, *, dataset_id: int, file_ids: Sequence[int]) -> int:
    """Take files out of a dataset and return how many were in it. Its count goes down by those not retired."""
    return int(await tx.value(_SQL.delete_members, dataset_id=dataset_id, file_ids=list(file_ids)))


async def delete_next_members(tx: Tx, *, dataset_id: int, after: int, count: int) -> tuple[int, int | None]:
    """Take the next files out of a dataset. Returns how many there were and the number of the last, None without any.

    The count of the dataset stays as it is.
    """
    row = await tx.row(_SQL.delete_next_members, dataset_id=dataset_id, after=after, count=count)
    assert row is not None
    return row["removed"], row["last"]


async def list_members(tx: Tx, *, dataset_id: int, after: int, count: int, with_metadata: bool) -> list[File]:
    """Return the next files of a dataset, retired ones too, in the order of their numbers.

    Metadata are empty unless asked for.
    """
    rows = await tx.rows(
        _SQL.list_members, dataset_id=dataset_id, after=after, count=count, with_metadata=with_metadata
    )
    return into_list(File, rows)
