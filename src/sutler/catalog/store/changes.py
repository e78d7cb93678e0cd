"""Changing files that are there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sutler.catalog.model import File, KnownFile
from sutler.catalog.store.declaring import write_json
from sutler.database import Row, Tx, into, into_list, load_statements

_SQL = load_statements("sutler.catalog.store", "changes.sql")


async def lock_files_for_change(tx: Tx, *, file_ids: Sequence[int]) -> list[File]:
    """Return those of the files that exist, by number, locked against other changes."""
    return into_list(File, await tx.rows(_SQL.lock_files_for_change, file_ids=list(file_ids)))


async def seize_files(tx: Tx, *, file_ids: Sequence[int]) -> list[KnownFile]:
    """Return those of the files that exist, by number, locked so that they can be renamed, retired or deleted."""
    return into_list(KnownFile, await tx.rows(_SQL.seize_files, file_ids=list(file_ids)))


async def change_file(
    tx: Tx,
    *,
    file_id: int,
    size_bytes: int | None,
    checksums: Mapping[str, str] | None,
    metadata: Mapping[str, object] | None,
    replaces: bool,
    username: str,
) -> File:
    """Change what is not None of a file and return it as it is then."""
    row = await tx.row(
        _SQL.change_file,
        file_id=file_id,
        size_bytes=size_bytes,
        checksums=None if checksums is None else dict(checksums),
        metadata=None if metadata is None else dict(metadata),
        replaces=replaces,
        now=tx.now,
        username=username,
    )
    return _changed(row)


async def change_metadata_of_files(
    tx: Tx, *, file_ids: Sequence[int], metadata: Mapping[str, object], replaces: bool, username: str
) -> list[File]:
    """Change the metadata of many files alike and return them as they are then, in no order."""
    rows = await tx.rows(
        _SQL.change_metadata_of_files,
        file_ids=list(file_ids),
        metadata=dict(metadata),
        replaces=replaces,
        now=tx.now,
        username=username,
    )
    return into_list(File, rows)


async def change_metadata_each(
    tx: Tx,
    *,
    file_ids: Sequence[int],
    metadata: Sequence[Mapping[str, object]],
    replaces: Sequence[bool],
    username: str,
) -> int:
    """Change the metadata of each of many files and return how many. `metadata` and `replaces` go with the files."""
    return await tx.run(
        _SQL.change_metadata_each,
        file_ids=list(file_ids),
        metadata=[write_json(one) for one in metadata],
        replaces=list(replaces),
        now=tx.now,
        username=username,
    )


async def list_changed_here(tx: Tx, *, file_ids: Sequence[int]) -> set[int]:
    """Return those of the files that this transaction has changed."""
    return {row["id"] for row in await tx.rows(_SQL.list_changed_here, file_ids=list(file_ids))}


async def retire_file(tx: Tx, *, file_id: int, username: str) -> File:
    """Mark a file as retired and return it."""
    return _changed(await tx.row(_SQL.retire_file, file_id=file_id, now=tx.now, username=username))


async def restore_file(tx: Tx, *, file_id: int, username: str) -> File:
    """Mark a file as not retired and return it."""
    return _changed(await tx.row(_SQL.restore_file, file_id=file_id, now=tx.now, username=username))


async def lock_datasets_of(tx: Tx, *, file_id: int) -> None:
    """Lock the datasets that a file is in, in the order of their numbers, against changes of flags and counts."""
    await tx.run(_SQL.lock_datasets_of, file_id=file_id)


async def recount_datasets_of(tx: Tx, *, file_id: int, change: int) -> None:
    """Change the counts of the datasets that a file is in by so much."""
    await tx.run(_SQL.recount_datasets_of, file_id=file_id, change=change)


async def delete_memberships(tx: Tx, *, file_id: int) -> None:
    """Take a file out of every dataset, whose counts stay as they are."""
    await tx.run(_SQL.delete_memberships, file_id=file_id)


async def delete_file(tx: Tx, *, file_id: int) -> None:
    """Delete a file that nothing refers to. Raises what the database says when something does."""
    await tx.run(_SQL.delete_file, file_id=file_id)


async def move_files(tx: Tx, *, file_ids: Sequence[int], namespace: str, username: str) -> int:
    """Put files into another namespace and return how many."""
    return await tx.run(_SQL.move_files, file_ids=list(file_ids), namespace=namespace, now=tx.now, username=username)


async def rename_file(tx: Tx, *, file_id: int, name: str, username: str) -> File:
    """Give a file another name and return it."""
    return _changed(await tx.row(_SQL.rename_file, file_id=file_id, name=name, now=tx.now, username=username))


def _changed(row: Row | None) -> File:
    assert row is not None
    return into(File, row)
