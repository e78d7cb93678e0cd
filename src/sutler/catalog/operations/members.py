"""Which files a dataset holds: the steps that several operations share.

Files are locked before the dataset, both in the order of their numbers: whoever retires a file locks it first too. So
the count of a dataset stays exact whatever happens at once.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TypeVar

from sutler.base.did import Did
from sutler.catalog import store
from sutler.catalog.errors import DatasetFrozenError, DatasetMonotonicError, DatasetNotFoundError
from sutler.catalog.model import Dataset
from sutler.catalog.operations.validation import check_members_in
from sutler.database import Tx

Item = TypeVar("Item")

ROWS_AT_ONCE = 10_000
"""How many rows one statement enters: few statements for many files, each well below the limit of time for one."""
MANY_ROWS = 500
"""So many rows may be too many for the plans that a session keeps."""


async def add_members_in(tx: Tx, *, did: Did, file_ids: Sequence[int], new_ids: Iterable[int] = ()) -> int:
    """Put files that are not retired into a dataset and return how many were not in it.

    `new_ids` are those of the files that this transaction has declared: nobody else can see them yet. Files that were
    retired meanwhile are left out. The dataset stays locked until the transaction ends. Raises DatasetNotFoundError,
    DatasetFrozenError, and InvalidFilesError for files whose metadata are not what the dataset requires.
    """
    wanted, new = set(file_ids), set(new_ids)
    live = await lock_live_files_in(tx, wanted - new)
    dataset = await lock_for_adding_in(tx, did)
    members = (wanted & new) | live
    if dataset.requirements:
        entering = members - await list_present_in(tx, dataset, members)
        await check_members_in(tx, dataset, file_ids=entering, order=file_ids)
    return await insert_members_in(tx, dataset, members)


async def lock_live_files_in(tx: Tx, file_ids: Iterable[int]) -> set[int]:
    """Keep others from retiring files until the transaction ends, and return those that are not retired."""
    live: set[int] = set()
    for chunk in cut(sorted(set(file_ids))):
        live |= await store.lock_files(tx, file_ids=chunk)
    return live


async def lock_for_adding_in(tx: Tx, did: Did) -> Dataset:
    """Return a dataset that takes files, locked. Raises DatasetNotFoundError, DatasetFrozenError."""
    dataset = await store.lock_dataset(tx, did=did)
    if dataset is None:
        raise DatasetNotFoundError(did)
    if dataset.frozen:
        raise DatasetFrozenError(did)
    return dataset


async def lock_for_removing_in(tx: Tx, did: Did) -> Dataset:
    """Return a dataset that lets files go, locked. Raises also DatasetMonotonicError."""
    dataset = await lock_for_adding_in(tx, did)
    if dataset.monotonic:
        raise DatasetMonotonicError(did)
    return dataset


async def insert_members_in(tx: Tx, dataset: Dataset, file_ids: Iterable[int]) -> int:
    """Put files into a dataset that is locked and return how many were not in it."""
    chunks = cut(sorted(file_ids))
    return sum([await store.insert_members(tx, dataset_id=dataset.id, file_ids=chunk) for chunk in chunks])


async def delete_members_in(tx: Tx, dataset: Dataset, file_ids: Iterable[int]) -> int:
    """Take files out of a dataset that is locked and return how many were in it."""
    chunks = cut(sorted(file_ids))
    return sum([await store.delete_members(tx, dataset_id=dataset.id, file_ids=chunk) for chunk in chunks])


async def delete_all_members_in(tx: Tx, dataset: Dataset) -> int:
    """Take all files out of a dataset that is about to go and return how many were in it."""
    total, after = 0, 0
    while True:
        count, last = await store.delete_next_members(tx, dataset_id=dataset.id, after=after, count=ROWS_AT_ONCE)
        if last is None:
            return total
        total, after = total + count, last


async def list_present_in(tx: Tx, dataset: Dataset, file_ids: Iterable[int]) -> set[int]:
    """Return those of the files that are in a dataset."""
    present: set[int] = set()
    for chunk in cut(sorted(file_ids)):
        present |= await store.list_present(tx, dataset_id=dataset.id, file_ids=chunk)
    return present


def cut(items: Sequence[Item], size: int = ROWS_AT_ONCE) -> list[Sequence[Item]]:
    """Return the items in parts that one statement may take."""
    return [items[start : start + size] for start in range(0, len(items), size)]
