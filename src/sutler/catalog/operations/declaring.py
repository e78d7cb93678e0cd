"""Declaring files: many at once, whole or not at all, and again without harm."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from sutler.auth import Action, Principal, Thing, permit
from sutler.base.did import Did
from sutler.catalog import rules, store
from sutler.catalog.model import DeclaredCounts, FileReference, NewFile
from sutler.catalog.operations.entering import (
    Entered,
    Ground,
    enter_files_in,
    find_ground_in,
    link_parents_in,
    record_declared_in,
    refuse_if,
)
from sutler.catalog.operations.members import MANY_ROWS, add_members_in
from sutler.catalog.operations.namespaces import permit_declaring
from sutler.database import Database, Tx, replayable


class _CheckedOnlyError(Exception):
    """Undoes a call that was only to be tried out; holds what it would have returned."""

    def __init__(self, declared: list[FileReference]) -> None:
        self.declared = declared
        super().__init__()


async def declare_files(
    db: Database, who: Principal, *, files: Sequence[NewFile], dataset: Did | None = None, check_only: bool = False
) -> list[FileReference]:
    """Declare files and put them into a dataset; return them in the order given. The whole call or nothing.

    A file that is known with the same size and checksums is accepted as it is, and gains the dataset and parents. With
    `check_only` nothing is changed: what would be returned is, with names and fids that the next call makes anew.
    Raises InvalidFilesError listing what is wrong with which file, FileDeclaredOtherwiseError naming files that are
    known with other contents, DatasetNotFoundError, DatasetFrozenError, NotPermittedError, also for files with a
    creator or an instant of creation when the caller is no administrator.
    """
    named = rules.name_files(files, now=db.clock.now())
    # Many files are checked in a thread, so that others are served meanwhile.
    many = len(named) >= MANY_ROWS
    problems = await asyncio.to_thread(rules.check_files, named) if many else rules.check_files(named)
    refuse_if(problems, named)
    permit_origin(who, named)
    try:
        return await _declare_checked(db, who, files=named, dataset=dataset, check_only=check_only)
    except _CheckedOnlyError as checked:
        return checked.declared


def permit_origin(who: Principal, files: Sequence[NewFile]) -> None:
    """Go on if somebody may say who declared files and when. Raises NotPermittedError."""
    if any(file.created_at is not None or file.created_by is not None for file in files):
        permit(who, Action.ADMINISTER, Thing("installation", None))


@replayable
async def _declare_checked(
    db: Database, who: Principal, *, files: Sequence[NewFile], dataset: Did | None, check_only: bool
) -> list[FileReference]:
    async with db.write() as tx:
        ground = await find_ground_in(tx, files, dataset)
        for namespace in ground.namespaces:
            permit_declaring(who, namespace)
        declared = await _declare(tx, files, dataset, ground, who.username)
        if check_only:
            raise _CheckedOnlyError(declared)
        return declared


async def declare_files_in(
    tx: Tx, *, files: Sequence[NewFile], dataset: Did | None, username: str
) -> list[FileReference]:
    """Do what `declare_files` does, in the transaction of a caller who asked for permission."""
    named = rules.name_files(files, now=tx.now)
    refuse_if(rules.check_files(named), named)
    return await _declare(tx, named, dataset, await find_ground_in(tx, named, dataset), username)


async def _declare(
    tx: Tx, files: Sequence[NewFile], dataset: Did | None, ground: Ground, username: str
) -> list[FileReference]:
    if not files:
        return []
    # Everybody enters files, links and members in the order of their keys and locks the dataset last: no deadlocks.
    entered = await enter_files_in(tx, files, ground, username=username)
    await link_parents_in(tx, files, entered, experiment_id=ground.experiment_id)
    added = 0 if dataset is None else await _add_members(tx, dataset, files, entered)
    if entered.new or added:
        counts = DeclaredCounts(count=len(entered.new), known=len(files) - len(entered.new), added=added)
        await record_declared_in(
            tx,
            counts,
            namespace=min(file.namespace for file in files),
            dataset=dataset,
            ground=ground,
            username=username,
        )
    return [entered.known[file.did].reference for file in files]


async def _add_members(tx: Tx, dataset: Did, files: Sequence[NewFile], entered: Entered) -> int:
    if len(entered.new) == len(files):
        # They stand in the order in which they were entered.
        ids = [file.id for file in entered.new.values()]
        instants = {file.did: file.created_at for file in files if file.created_at is not None}
        created_at = [instants.get(did) for did in entered.new] if instants else [None] * len(ids)
        if await store.enter_members(tx, dataset=dataset, file_ids=ids, created_at=created_at):
            return len(ids)
    file_ids = [entered.known[file.did].id for file in files]
    return await add_members_in(tx, did=dataset, file_ids=file_ids, new_ids=[file.id for file in entered.new.values()])
