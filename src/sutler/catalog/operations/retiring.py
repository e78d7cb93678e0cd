"""Retiring files, taking that back, and deleting them. The counts of their datasets stay exact.

The file is locked first, then its datasets in the order of their numbers. Whoever puts files into a dataset does the
same, so neither waits for the other in a circle, and a file that waits to be retired is in all its datasets by then.
"""

from __future__ import annotations

from sutler.auth import Principal
from sutler.base.events import Event
from sutler.catalog import store
from sutler.catalog.model import CatalogEvent, File, FileKey, KnownFile
from sutler.catalog.operations.finding import seize_file_in
from sutler.catalog.operations.namespaces import get_namespace_in, permit_changing
from sutler.database import Database, Tx, replayable


@replayable
async def retire_file(db: Database, who: Principal, *, key: FileKey, retire: bool = True) -> File:
    """Retire a file, or take that back, and return it. A file that is so already is returned as it is.

    It keeps its name, fid, relatives and datasets, but queries pass it over and datasets do not count it. Raises
    UnknownFileError, NotPermittedError, InvalidInputError.
    """
    async with db.write() as tx:
        file = await _seize_own(tx, who, key)
        if file.is_retired is retire:
            return (await store.list_files_numbered(tx, file_ids=[file.id]))[0]
        await store.lock_datasets_of(tx, file_id=file.id)
        if retire:
            changed = await store.retire_file(tx, file_id=file.id, username=who.username)
            await _record(tx, CatalogEvent.FILE_RETIRED, file, who)
        else:
            changed = await store.restore_file(tx, file_id=file.id, username=who.username)
            await _record(tx, CatalogEvent.FILE_RESTORED, file, who)
        await store.recount_datasets_of(tx, file_id=file.id, change=-1 if retire else 1)
        return changed


@replayable
async def delete_file(db: Database, who: Principal, *, key: FileKey) -> str:
    """Delete a file, also from its datasets and its relatives, and return its fid. Name and fid are free then.

    Raises UnknownFileError, NotPermittedError, InvalidInputError, and StillInUseError for a file that a job made, as
    long as its project is kept: retire such a file.
    """
    async with db.write() as tx:
        file = await _seize_own(tx, who, key)
        await store.lock_datasets_of(tx, file_id=file.id)
        if not file.is_retired:
            await store.recount_datasets_of(tx, file_id=file.id, change=-1)
        await store.delete_memberships(tx, file_id=file.id)
        await store.delete_links(tx, file_id=file.id)
        await store.delete_file(tx, file_id=file.id)
        await _record(tx, CatalogEvent.FILE_DELETED, file, who)
        return file.fid


async def _seize_own(tx: Tx, who: Principal, key: FileKey) -> KnownFile:
    file = await seize_file_in(tx, key)
    permit_changing(who, await get_namespace_in(tx, name=file.namespace))
    return file


async def _record(tx: Tx, kind: CatalogEvent, file: KnownFile, who: Principal) -> None:
    await tx.record(Event(kind, "file", file.fid, file.experiment_id, {"did": str(file.did)}), who)
