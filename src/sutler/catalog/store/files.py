"""Files and their relatives."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sutler.base.did import Did
from sutler.catalog.model import File, FileReference, KnownFile
from sutler.database import Row, Tx, into, into_list, into_optional, load_statements

_SQL = load_statements("sutler.catalog.store", "files.sql")


async def list_files_named(tx: Tx, *, dids: Sequence[Did]) -> list[KnownFile]:
    """Return those of the files that exist, in no order."""
    namespaces = [did.namespace for did in dids]
    rows = await tx.rows(_SQL.list_files_named, namespaces=namespaces, names=[did.name for did in dids])
    return [_known_file(row) for row in rows]


async def insert_provenance(tx: Tx, *, parent_ids: Sequence[int], child_ids: Sequence[int]) -> list[int]:
    """Link children with parents, pair by pair. Returns the child of each link that was not there."""
    rows = await tx.rows(_SQL.insert_provenance, parent_ids=list(parent_ids), child_ids=list(child_ids))
    return [row["child_id"] for row in rows]


async def list_own_ancestors(tx: Tx, *, file_ids: Sequence[int]) -> list[int]:
    """Return those of the files that are their own ancestors."""
    return [row["start_id"] for row in await tx.rows(_SQL.list_own_ancestors, file_ids=list(file_ids))]


async def find_file_named(tx: Tx, *, did: Did) -> File | None:
    """Return a file by its name if it exists."""
    return into_optional(File, await tx.row(_SQL.find_file_named, namespace=did.namespace, name=did.name))


async def find_file(tx: Tx, *, fid: str) -> File | None:
    """Return a file by its fid if it exists."""
    return into_optional(File, await tx.row(_SQL.find_file, fid=fid))


async def list_parents(tx: Tx, *, file_id: int, count: int) -> list[FileReference]:
    """Return the first parents of a file."""
    return into_list(FileReference, await tx.rows(_SQL.list_parents, file_id=file_id, count=count))


async def list_children(tx: Tx, *, file_id: int, count: int) -> list[FileReference]:
    """Return the first children of a file."""
    return into_list(FileReference, await tx.rows(_SQL.list_children, file_id=file_id, count=count))


async def list_datasets_of(tx: Tx, *, file_id: int, count: int) -> list[Did]:
    """Return the names of the first datasets that a file is in."""
    return into_list(Did, await tx.rows(_SQL.list_datasets_of, file_id=file_id, count=count))


async def count_relatives(tx: Tx, *, file_id: int) -> Mapping[str, int]:
    """Return `parent_count`, `child_count` and `dataset_count` of a file."""
    row = await tx.row(_SQL.count_relatives, file_id=file_id)
    return dict(row or {})


async def change_metadata(
    tx: Tx, *, file_id: int, metadata: Mapping[str, object], replaces: bool, username: str
) -> File:
    """Change the metadata of a file and return it as it is then."""
    row = await tx.row(
        _SQL.change_metadata,
        file_id=file_id,
        metadata=dict(metadata),
        replaces=replaces,
        now=tx.now,
        username=username,
    )
    assert row is not None
    return into(File, row)


async def list_files_numbered(tx: Tx, *, file_ids: Sequence[int]) -> list[File]:
    """Return files in the order of their numbers."""
    return into_list(File, await tx.rows(_SQL.list_files_numbered, file_ids=file_ids))


def _known_file(row: Row) -> KnownFile:
    return KnownFile(**row)
